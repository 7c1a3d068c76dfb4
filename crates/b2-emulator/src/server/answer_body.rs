//! The body of an answer, read from the disk as the client takes it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use super::request_body::damaged;
use crate::blob::{BlobReader, Segment};
use crate::engine::{CHUNK, Engine};

/// Bytes in memory, or stretches of blobs of which one chunk is in memory.
pub(super) struct AnswerBody {
    source: Source,
    /// Bytes still to come.
    left: u64,
    /// Where it is to break off, in bytes from here.
    cut: Option<u64>,
    corrupt: bool,
    /// Runs while what was sent before a cut goes out.
    draining: Option<Pin<Box<Sleep>>>,
}

/// What was sent before a cut gets this long to leave.
const DRAIN: Duration = Duration::from_millis(100);

enum Source {
    Bytes(Bytes),
    Stored(Stored),
}

struct Stored {
    engine: Arc<Engine>,
    segments: VecDeque<Segment>,
    state: State,
}

enum State {
    /// The first segment's blob, if it is open already.
    Idle(Option<BlobReader>),
    Reading(JoinHandle<io::Result<(BlobReader, Bytes)>>),
}

impl AnswerBody {
    pub(super) fn empty() -> Self {
        Self::bytes(Bytes::new())
    }

    pub(super) fn bytes(bytes: Bytes) -> Self {
        Self::new(bytes.len() as u64, Source::Bytes(bytes))
    }

    pub(super) fn stored(engine: Arc<Engine>, segments: Vec<Segment>) -> Self {
        let left = segments.iter().map(|segment| segment.len).sum();
        let stored = Stored { engine, segments: segments.into(), state: State::Idle(None) };
        Self::new(left, Source::Stored(stored))
    }

    const fn new(left: u64, source: Source) -> Self {
        Self { source, left, cut: None, corrupt: false, draining: None }
    }

    /// Breaks off after so many bytes.
    pub(super) const fn cut_after(mut self, bytes: u64) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// Changes one byte.
    pub(super) const fn corrupt(mut self) -> Self {
        self.corrupt = true;
        self
    }

    /// What a tester wants done to the next chunk.
    fn spoil(&mut self, mut chunk: Bytes) -> Bytes {
        if std::mem::take(&mut self.corrupt) {
            chunk = damaged(&chunk);
        }
        if let Some(cut) = &mut self.cut {
            chunk.truncate(usize::try_from(*cut).unwrap_or(usize::MAX));
            *cut -= chunk.len() as u64;
        }
        chunk
    }

    /// Waits for what was sent to leave, and breaks off.
    fn poll_cut(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let draining = self.draining.get_or_insert_with(|| Box::pin(tokio::time::sleep(DRAIN)));
        ready!(draining.as_mut().poll(context));
        self.left = 0;
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if self.cut == Some(0) {
            return self.poll_cut(context);
        }
        let chunk = match &mut self.source {
            Source::Bytes(bytes) => std::mem::take(bytes),
            Source::Stored(stored) => match ready!(stored.poll_chunk(context)) {
                Ok(chunk) => chunk,
                Err(error) => {
                    self.left = 0;
                    return Poll::Ready(Some(Err(error)));
                }
            },
        };
        self.left -= chunk.len() as u64;
        let chunk = self.spoil(chunk);
        if self.cut == Some(0) {
            // Something is still to come, so that the cut is met.
            self.left = self.left.max(1);
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Stored {
    /// The next chunk. Must not be called once every segment is read.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        if let State::Idle(reader) = &mut self.state {
            let Some(&segment) = self.segments.front() else {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            };
            let (engine, reader) = (Arc::clone(&self.engine), reader.take());
            self.state = State::Reading(tokio::task::spawn_blocking(move || {
                let reader = reader.map_or_else(|| engine.open_blob(&segment), Ok)?;
                let len = segment.len.min(CHUNK as u64);
                let chunk = reader.read(segment.offset, len as usize)?;
                Ok((reader, chunk))
            }));
        }
        let State::Reading(reading) = &mut self.state else {
            return Poll::Ready(Err(io::ErrorKind::Other.into()));
        };
        let read = ready!(Pin::new(reading).poll(context)).unwrap_or_else(|e| Err(e.into()));
        self.state = State::Idle(None);
        let (reader, chunk) = read?;
        self.advance(reader, chunk.len() as u64);
        Poll::Ready(Ok(chunk))
    }

    /// Moves on within the segment, or to the next one and its blob.
    fn advance(&mut self, reader: BlobReader, read: u64) {
        let Some(segment) = self.segments.front_mut() else { return };
        segment.offset += read;
        segment.len -= read;
        if segment.len == 0 {
            self.segments.pop_front();
        } else {
            self.state = State::Idle(Some(reader));
        }
    }
}
