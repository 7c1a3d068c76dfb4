//! The body of a request on its way to the connection.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use b2_core::port::RequestBody;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use crate::capture::Recorder;
use crate::http::tap::Tap;
use crate::observe::Witness;

/// How far one request has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    handed: AtomicBool,
    /// Bytes that were handed to the connection and not taken from there.
    waiting: AtomicUsize,
    answered: AtomicBool,
    failure: Mutex<Option<io::Error>>,
}

impl Progress {
    /// Whether the connection has written the whole body, or is about to:
    /// HTTP/2 keeps what the server makes no room for.
    pub(crate) fn complete(&self) -> bool {
        self.handed() && self.waiting.load(Ordering::Acquire) == 0
    }

    /// Whether the connection has the whole body.
    fn handed(&self) -> bool {
        self.handed.load(Ordering::Acquire)
    }

    /// Notes that the head of the answer is here.
    pub(crate) fn set_answered(&self) {
        self.answered.store(true, Ordering::Release);
    }

    /// Why the body could not be read, if that is what went wrong.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set_handed(&self) {
        self.handed.store(true, Ordering::Release);
    }

    fn set_failure(&self, error: io::Error) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

/// A [`RequestBody`] that keeps books.
pub(crate) struct SentBody {
    inner: Option<RequestBody>,
    progress: Arc<Progress>,
    tap: Tap,
}

impl SentBody {
    /// Wraps a body with at least one byte.
    pub(crate) fn new(
        body: RequestBody,
        progress: Arc<Progress>,
        witness: Option<Witness>,
    ) -> Self {
        Self { inner: Some(body), progress, tap: Tap { witness, ..Tap::default() } }
    }

    /// No body at all.
    pub(crate) fn empty(progress: Arc<Progress>) -> Self {
        progress.set_handed();
        Self { inner: None, progress, tap: Tap::default() }
    }

    /// Who writes it down, if the connection cannot.
    pub(crate) fn set_recorder(&mut self, recorder: Option<Arc<Recorder>>) {
        self.tap.recorder = recorder;
    }

    fn failed(&mut self, error: io::Error) -> Poll<Option<Result<Frame<Piece>, SourceFailed>>> {
        self.inner = None;
        // Once there is an answer it counts, and not what became of the rest
        // of the request: the body falls silent and the connection is closed
        // after the answer.
        if self.progress.answered.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.progress.set_failure(error);
        Poll::Ready(Some(Err(SourceFailed)))
    }
}

impl Body for SentBody {
    type Data = Piece;
    type Error = SourceFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, SourceFailed>>> {
        loop {
            let Some(inner) = &mut self.inner else {
                return if self.progress.handed() { Poll::Ready(None) } else { Poll::Pending };
            };
            match ready!(Pin::new(&mut *inner).poll_frame(cx)) {
                Some(Ok(frame)) if frame.is_data() => {
                    let last = inner.is_end_stream();
                    if let Some(bytes) = frame.data_ref() {
                        self.tap.sent(bytes);
                    }
                    let frame = frame.map_data(|bytes| Piece::new(bytes, &self.progress));
                    if last {
                        self.progress.set_handed();
                    }
                    return Poll::Ready(Some(Ok(frame)));
                }
                // HTTP/1.1 has no place for trailers after an exact length.
                Some(Ok(_trailers)) => {}
                Some(Err(error)) => return self.failed(error),
                None => {
                    self.inner = None;
                    self.progress.set_handed();
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.progress.handed()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.inner.as_ref().map_or(0, RequestBody::remaining))
    }
}

/// A piece of a body, which notes what the connection takes of it.
pub(crate) struct Piece {
    bytes: Bytes,
    progress: Arc<Progress>,
}

impl Piece {
    fn new(bytes: Bytes, progress: &Arc<Progress>) -> Self {
        progress.waiting.fetch_add(bytes.len(), Ordering::AcqRel);
        Self { bytes, progress: Arc::clone(progress) }
    }

    fn taken(&self, bytes: usize) {
        self.progress.waiting.fetch_sub(bytes, Ordering::AcqRel);
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, bytes: usize) {
        self.bytes.advance(bytes);
        self.taken(bytes);
    }

    // Not a copy, as the provided one would be.
    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        let bytes = self.bytes.copy_to_bytes(len);
        self.taken(len);
        bytes
    }
}

/// Stands for the error that [`Progress::take_failure`] has.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request could not be read")]
pub(crate) struct SourceFailed;
