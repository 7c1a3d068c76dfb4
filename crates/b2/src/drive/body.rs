//! Sending: from a plan to the bytes, hashed on their way.
//!
//! A blocking thread reads a chunk, hashes it and hands it over; it is at most
//! [`AHEAD`] chunks ahead of the transport. Nothing that was sent is kept.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Cx, Poll, ready};

use async_channel::{Receiver, Sender};
use b2_core::body::BodyEncoder;
use b2_core::error::LocalError;
use b2_core::op::WaitReason;
use b2_core::plan::BodyPlan;
use b2_core::port::{ReadAt, RequestBody};
use b2_proto::Sha1Digest;
use bytes::Bytes;
use http_body::{Body, Frame};

use crate::buffer::{BUFFER_SIZE, Buffer, BufferPool, Share};
use crate::drive::Ends;
use crate::progress::Meter;

/// Chunks that are read ahead of the transport.
const AHEAD: usize = 2;

/// What is known about a body while it is sent.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    len: u64,
    pulled: AtomicU64,
    complete: AtomicBool,
    /// What the reading side holds, if it needs memory.
    share: Option<Share>,
    /// It waits for memory.
    waiting: AtomicBool,
    /// It has waited while it held none, since somebody asked.
    starved: AtomicBool,
    outcome: Mutex<Outcome>,
}

#[derive(Debug, Default)]
struct Outcome {
    digest: Option<Sha1Digest>,
    failure: Option<LocalError>,
}

impl Sending {
    fn new(len: u64) -> Self {
        Self { len, complete: AtomicBool::new(len == 0), ..Self::default() }
    }

    /// Bytes of the body that the transport has taken.
    pub(crate) fn pulled(&self) -> u64 {
        self.pulled.load(Ordering::Relaxed)
    }

    /// Whether the transport has taken all of them.
    pub(crate) fn complete(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    /// Whether the reading side had to wait for memory that other transfers
    /// hold since this was asked last: that says nothing about the line. If it
    /// has a chunk that the line does not take, the line is what is slow.
    pub(crate) fn was_starved(&self) -> bool {
        self.starved.swap(false, Ordering::Relaxed) || self.starves()
    }

    fn starves(&self) -> bool {
        let holds = self.share.as_ref().is_none_or(Share::holds);
        self.waiting.load(Ordering::Relaxed) && !holds
    }

    fn waits_for_memory(&self, waits: bool) {
        if self.starves() {
            self.starved.store(true, Ordering::Relaxed);
        }
        self.waiting.store(waits, Ordering::Relaxed);
    }

    pub(crate) fn count(&self, bytes: usize) {
        let pulled = self.pulled.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if pulled >= self.len {
            self.complete.store(true, Ordering::Release);
        }
    }

    pub(crate) fn finished(&self, digest: Sha1Digest) {
        self.outcome().digest = Some(digest);
    }

    pub(crate) fn failed(&self, failure: LocalError) {
        self.outcome().failure = Some(failure);
    }

    /// Digest of the source's bytes, if all of them were sent.
    pub(crate) fn digest(&self) -> Option<Sha1Digest> {
        self.outcome().digest.filter(|_| self.complete())
    }

    /// Why the source could not be read, if that is what went wrong.
    pub(crate) fn failure(&self) -> Option<LocalError> {
        self.outcome().failure.clone()
    }

    fn outcome(&self) -> std::sync::MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body that a plan describes, and its books.
pub(crate) fn open(
    plan: &BodyPlan,
    ends: &Ends,
    buffers: &BufferPool,
) -> (RequestBody, Arc<Sending>) {
    let share = buffers.share();
    let sending = Sending { share: Some(share.clone()), ..Sending::new(plan.wire_len()) };
    let sending = Arc::new(sending);
    let body = match (plan, &ends.source) {
        (BodyPlan::Bytes(bytes), _) => {
            sending.count(bytes.len());
            RequestBody::from_bytes(bytes.clone())
        }
        (BodyPlan::Source { offset, len, .. }, Some(source)) => {
            let slice = Slice {
                source: Arc::clone(source),
                offset: *offset,
                len: *len,
                encoder: BodyEncoder::for_plan(plan),
                buffers: share,
                meter: Arc::clone(&ends.meter),
                sending: Arc::clone(&sending),
            };
            RequestBody::new(slice.start(ends), plan.wire_len())
        }
        _ => RequestBody::from_bytes(Bytes::new()),
    };
    (body, sending)
}

/// The reading side of a body, on its blocking thread.
struct Slice {
    source: Arc<dyn ReadAt>,
    offset: u64,
    len: u64,
    encoder: Option<BodyEncoder>,
    buffers: Share,
    meter: Arc<Meter>,
    sending: Arc<Sending>,
}

impl Slice {
    fn start(self, ends: &Ends) -> SourceBody {
        let (sender, chunks) = async_channel::bounded(AHEAD);
        let body = SourceBody {
            chunks: Box::pin(chunks),
            sending: Arc::clone(&self.sending),
            meter: Arc::clone(&ends.meter),
            left: self.len,
            sent: 0,
        };
        blocking::unblock(move || self.read_all(&sender)).detach();
        body
    }

    fn read_all(mut self, chunks: &Sender<io::Result<Bytes>>) {
        let mut position = 0;
        while position < self.len {
            let Some(chunk) = self.read_chunk(position, chunks) else {
                return;
            };
            if let Ok(bytes) = &chunk {
                position += bytes.len() as u64;
            }
            let failed = chunk.is_err();
            // A closed channel means that the request was given up.
            if chunks.send_blocking(chunk).is_err() || failed {
                return;
            }
        }
        if let Err(error) = self.source.check_unchanged() {
            self.note(&error);
            // Without its last bytes the request cannot be taken for whole.
            let _given_up = chunks.send_blocking(Err(error));
            return;
        }
        if let Some(trailer) = self.encoder.take().and_then(BodyEncoder::finish) {
            self.sending.finished(trailer.digest());
            if !trailer.as_bytes().is_empty() {
                let digits = Bytes::copy_from_slice(trailer.as_bytes());
                let _given_up = chunks.send_blocking(Ok(digits));
            }
        }
    }

    /// `None`: the request was given up.
    fn read_chunk(
        &mut self,
        position: u64,
        chunks: &Sender<io::Result<Bytes>>,
    ) -> Option<io::Result<Bytes>> {
        let want = usize::try_from(self.len - position).unwrap_or(BUFFER_SIZE).min(BUFFER_SIZE);
        let chunk = match self.source.shared(self.offset + position, want) {
            Some(bytes) if bytes.len() == want => Ok(bytes),
            _ => self.copy_chunk(position, want, self.buffer(chunks)?),
        };
        match (&chunk, &mut self.encoder) {
            (Ok(bytes), Some(encoder)) => encoder.update(bytes),
            (Ok(_), None) => {}
            (Err(error), _) => self.note(error),
        }
        Some(chunk)
    }

    fn buffer(&self, chunks: &Sender<io::Result<Bytes>>) -> Option<Buffer> {
        let told = Cell::new(None);
        let waits = |waits: bool| {
            self.sending.waits_for_memory(waits);
            told.set(waits.then(|| self.meter.waits_here(WaitReason::Memory)));
        };
        self.buffers.take(|| chunks.is_closed(), waits)
    }

    fn copy_chunk(&self, position: u64, want: usize, mut buffer: Buffer) -> io::Result<Bytes> {
        let read = fill(&*self.source, self.offset + position, &mut buffer.space()[..want])?;
        Ok(buffer.freeze(read))
    }

    fn note(&self, error: &io::Error) {
        let copy = io::Error::new(error.kind(), error.to_string());
        self.sending.failed(LocalError::source(copy));
    }
}

/// Fills all of `buffer`; an early end means that the source has shrunk.
pub(crate) fn fill(source: &dyn ReadAt, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read_at(offset + filled as u64, &mut buffer[filled..]) {
            Ok(0) => {
                let text = "the source became shorter while it was sent";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The sending side of a body.
struct SourceBody {
    chunks: Pin<Box<Receiver<io::Result<Bytes>>>>,
    sending: Arc<Sending>,
    meter: Arc<crate::progress::Meter>,
    /// File content still to come; the digits at the end are none.
    left: u64,
    sent: u64,
}

impl Drop for SourceBody {
    fn drop(&mut self) {
        self.meter.landed(self.sent);
    }
}

impl Body for SourceBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Cx<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = ready!(futures_core::Stream::poll_next(self.chunks.as_mut(), cx));
        Poll::Ready(next.map(|chunk| {
            chunk.map(|bytes| {
                self.sending.count(bytes.len());
                let content = self.left.min(bytes.len() as u64);
                self.left -= content;
                self.sent += content;
                self.meter.sent(content);
                Frame::data(bytes)
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_holds_nothing_starves() {
        let pool = BufferPool::with_budget(0);
        let share = pool.share();
        let sending = Sending { share: Some(share.clone()), ..Sending::new(1) };
        let chunk = share.take(|| false, |_| {}).unwrap();
        sending.waits_for_memory(true);
        assert!(!sending.was_starved(), "the line does not take what it has");
        drop(chunk);
        assert!(sending.was_starved());
        sending.waits_for_memory(false);
        assert!(sending.was_starved(), "it has been, since it was asked");
        assert!(!sending.was_starved());
    }
}
