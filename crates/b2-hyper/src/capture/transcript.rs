//! The bytes of one exchange, and what writes them down.

use std::fmt;
use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::http::{HeaderMap, Method, Request, Response, Uri};
use bytes::Bytes;

/// What was sent and received for one request. It holds credentials: `Debug`
/// shows sizes only.
pub struct Transcript {
    request: Mutex<Kept>,
    response: Mutex<Kept>,
}

/// The beginning of what went one way.
struct Kept {
    bytes: Vec<u8>,
    total: u64,
    limit: usize,
}

impl Kept {
    fn new(limit: usize) -> Mutex<Self> {
        Mutex::new(Self { bytes: Vec::new(), total: 0, limit })
    }

    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.limit - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl Transcript {
    fn new(request: usize, response: usize) -> Arc<Self> {
        Arc::new(Self { request: Kept::new(request), response: Kept::new(response) })
    }

    /// The request as far as it was sent and kept.
    #[must_use]
    pub fn request(&self) -> Bytes {
        Bytes::copy_from_slice(&lock(&self.request).bytes)
    }

    /// The answer as far as it was received and kept. It grows while its body
    /// is read.
    #[must_use]
    pub fn response(&self) -> Bytes {
        Bytes::copy_from_slice(&lock(&self.response).bytes)
    }

    /// Bytes that were sent, kept or not.
    #[must_use]
    pub fn request_len(&self) -> u64 {
        lock(&self.request).total
    }

    /// Bytes that were received, kept or not.
    #[must_use]
    pub fn response_len(&self) -> u64 {
        lock(&self.response).total
    }

    /// The first line and the headers of the request, without the empty line
    /// behind them.
    #[must_use]
    pub fn sent_headers(&self) -> String {
        head_of(&lock(&self.request).bytes)
    }

    /// The first line and the headers of the answer, without the empty line
    /// behind them.
    #[must_use]
    pub fn received_headers(&self) -> String {
        head_of(&lock(&self.response).bytes)
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn head_of(bytes: &[u8]) -> String {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript")
            .field("request_len", &self.request_len())
            .field("response_len", &self.response_len())
            .finish_non_exhaustive()
    }
}

/// Writes down what goes over one connection, one exchange after the other.
pub(crate) struct Recorder {
    limits: (usize, usize),
    now: Mutex<Arc<Transcript>>,
}

impl Recorder {
    pub(super) fn new(request: usize, response: usize) -> Self {
        Self { limits: (request, response), now: Mutex::new(Transcript::new(request, response)) }
    }

    /// Begins a new exchange.
    pub(crate) fn begin(&self) -> Arc<Transcript> {
        let transcript = Transcript::new(self.limits.0, self.limits.1);
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&transcript);
        transcript
    }

    fn now(&self) -> Arc<Transcript> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn sent(&self, bytes: &[u8]) {
        lock(&self.now().request).push(bytes);
    }

    /// The first `len` bytes of `slices` were sent.
    pub(crate) fn sent_vectored(&self, slices: &[IoSlice<'_>], len: usize) {
        let mut left = len;
        for slice in slices {
            let part = slice.len().min(left);
            self.sent(&slice[..part]);
            left -= part;
        }
    }

    pub(crate) fn received(&self, bytes: &[u8]) {
        lock(&self.now().response).push(bytes);
    }

    /// The head of a request that went in the form of HTTP/2.
    pub(crate) fn sent_head<B>(&self, request: &Request<B>) {
        let first = first_line(request.method(), request.uri());
        self.sent(&head_text(&first, request.headers()));
    }

    /// The head of an answer that came in the form of HTTP/2.
    pub(crate) fn received_head<B>(&self, response: &Response<B>) {
        self.received(&head_text(&crate::http::status_line(response), response.headers()));
    }
}

fn first_line(method: &Method, uri: &Uri) -> String {
    format!("{method} {uri} HTTP/2.0")
}

fn head_text(first: &str, headers: &HeaderMap) -> Vec<u8> {
    let mut text = format!("{first}\r\n").into_bytes();
    for (name, value) in headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_allowed_and_all_is_counted() {
        let recorder = Recorder::new(20, 3);
        let transcript = recorder.begin();
        let slices = [IoSlice::new(b"GET / "), IoSlice::new(b"HTTP/1.1\r\n\r\nrest")];
        recorder.sent_vectored(&slices, 18);
        recorder.received(b"HTTP");
        recorder.received(b"/1.1 200 OK");
        assert_eq!(transcript.sent_headers(), "GET / HTTP/1.1");
        assert_eq!((transcript.request_len(), transcript.response_len()), (18, 15));
        assert_eq!(transcript.response(), "HTT");
        assert!(recorder.begin().request().is_empty(), "each exchange begins anew");
        assert_eq!(
            format!("{transcript:?}"),
            "Transcript { request_len: 18, response_len: 15, .. }"
        );
    }
}
