//! Requests and answers as they are on the wire.
//!
//! A [`Capture`] is a switch: while it is on, the extensions of each answer
//! have an `Arc<Transcript>` with the bytes of the request and of the answer,
//! credentials included. It is for looking into a problem, not for logs, for
//! which there is [`observe`](crate::observe).
//!
//! Over HTTP/1 these are the bytes above TLS, chunks and all. HTTP/2 has no
//! heads of its own; they are written as HTTP/1 would write them.
//!
//! ```no_run
//! use std::sync::Arc;
//! use b2_core::port::ResponseBody;
//! use b2_hyper::HyperTransport;
//! use b2_hyper::capture::{Capture, Transcript};
//!
//! # fn example(answer: http::Response<ResponseBody>) -> Result<(), b2_hyper::BuildError> {
//! let capture = Capture::new().with_response_limit(4096);
//! let transport = HyperTransport::builder().with_capture(capture.clone()).build()?;
//! // After a request:
//! if let Some(transcript) = answer.extensions().get::<Arc<Transcript>>() {
//!     println!("{}", transcript.sent_headers());
//!     println!("{}", transcript.received_headers());
//! }
//! // Whichever request was answered last:
//! println!("{:?}", capture.last().map(|transcript| transcript.response().len()));
//! # Ok(()) }
//! ```

mod transcript;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use transcript::Recorder;
pub use transcript::Transcript;

/// What is kept of each direction unless told, in bytes.
const USUAL: usize = 1024 * 1024;

/// A switch for capturing, with what it may cost: at the most both limits for
/// each request under way, and for the last answer. Clones share the last.
#[derive(Clone)]
#[must_use]
pub struct Capture {
    request: usize,
    response: usize,
    last: Arc<Mutex<Option<Arc<Transcript>>>>,
    take: Option<Arc<dyn Fn(Arc<Transcript>) + Send + Sync>>,
}

impl Default for Capture {
    fn default() -> Self {
        Self::new()
    }
}

impl Capture {
    /// Keeps 1 MiB of each request and of each answer.
    pub fn new() -> Self {
        Self { request: USUAL, response: USUAL, last: Arc::default(), take: None }
    }

    /// How many bytes of a request are kept, its head included.
    pub fn with_request_limit(mut self, bytes: usize) -> Self {
        self.request = bytes;
        self
    }

    /// How many bytes of an answer are kept, its head included.
    pub fn with_response_limit(mut self, bytes: usize) -> Self {
        self.response = bytes;
        self
    }

    /// Who gets each exchange when the head of its answer is there, in the task
    /// of the request: return quickly. It grows while the body is read.
    pub fn with_transcripts(
        mut self,
        take: impl Fn(Arc<Transcript>) + Send + Sync + 'static,
    ) -> Self {
        self.take = Some(Arc::new(take));
        self
    }

    /// The exchange whose answer began last, whoever asked for it.
    #[must_use]
    pub fn last(&self) -> Option<Arc<Transcript>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn recorder(&self) -> Arc<Recorder> {
        Arc::new(Recorder::new(self.request, self.response))
    }

    pub(crate) fn set_last(&self, transcript: &Arc<Transcript>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(transcript));
        if let Some(take) = &self.take {
            take(Arc::clone(transcript));
        }
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("request", &self.request)
            .field("response", &self.response)
            .finish_non_exhaustive()
    }
}
