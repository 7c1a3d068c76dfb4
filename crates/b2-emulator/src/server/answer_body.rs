//! The body of an answer, read from the disk as the client takes it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::blob::{BlobReader, Segment};
use crate::engine::{CHUNK, Engine};

/// Bytes in memory, or stretches of blobs of which one chunk is in memory.
pub(super) struct AnswerBody {
    source: Source,
    /// Bytes still to come.
    left: u64,
}

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
        Self { left: bytes.len() as u64, source: Source::Bytes(bytes) }
    }

    pub(super) fn stored(engine: Arc<Engine>, segments: Vec<Segment>) -> Self {
        let left = segments.iter().map(|segment| segment.len).sum();
        let stored = Stored { engine, segments: segments.into(), state: State::Idle(None) };
        Self { left, source: Source::Stored(stored) }
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
