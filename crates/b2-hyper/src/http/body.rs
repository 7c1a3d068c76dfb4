//! The body of a request on its way to the connection.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use b2_core::port::RequestBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::capture::Recorder;
use crate::http::tap::Tap;
use crate::observe::Witness;

/// How far one request has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    complete: AtomicBool,
    answered: AtomicBool,
    failure: Mutex<Option<io::Error>>,
}

impl Progress {
    /// Whether the whole body was handed to the connection.
    pub(crate) fn complete(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    /// Notes that the head of the answer is here.
    pub(crate) fn set_answered(&self) {
        self.answered.store(true, Ordering::Release);
    }

    /// Why the body could not be read, if that is what went wrong.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set_complete(&self) {
        self.complete.store(true, Ordering::Release);
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
        progress.set_complete();
        Self { inner: None, progress, tap: Tap::default() }
    }

    /// Who writes it down, if the connection cannot.
    pub(crate) fn set_recorder(&mut self, recorder: Option<Arc<Recorder>>) {
        self.tap.recorder = recorder;
    }

    fn failed(&mut self, error: io::Error) -> Poll<Option<Result<Frame<Bytes>, SourceFailed>>> {
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
    type Data = Bytes;
    type Error = SourceFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SourceFailed>>> {
        loop {
            let Some(inner) = &mut self.inner else {
                return if self.progress.complete() { Poll::Ready(None) } else { Poll::Pending };
            };
            match ready!(Pin::new(&mut *inner).poll_frame(cx)) {
                Some(Ok(frame)) if frame.is_data() => {
                    if inner.is_end_stream() {
                        self.progress.set_complete();
                    }
                    if let Some(bytes) = frame.data_ref() {
                        self.tap.sent(bytes);
                    }
                    return Poll::Ready(Some(Ok(frame)));
                }
                // HTTP/1.1 has no place for trailers after an exact length.
                Some(Ok(_trailers)) => {}
                Some(Err(error)) => return self.failed(error),
                None => {
                    self.inner = None;
                    self.progress.set_complete();
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.progress.complete()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.inner.as_ref().map_or(0, RequestBody::remaining))
    }
}

/// Stands for the error that [`Progress::take_failure`] has.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request could not be read")]
pub(crate) struct SourceFailed;
