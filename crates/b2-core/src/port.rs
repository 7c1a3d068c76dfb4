//! Traits for the outside world: sockets, timers, files.
//!
//! Drivers use them; no machine does, and nothing here is implemented in this
//! crate. Implement [`Transport`] (or [`BlockingTransport`]) to bring your own
//! HTTP stack, and run `b2_testing::conformance` against it.
//!
//! # What every transport owes
//!
//! - An answer of any status is an answer, not an error. Never retry. Unless
//!   its user asked for it, never follow a redirect, never decompress, never
//!   log a body; and what [`mark`](crate::mark) says holds even then.
//! - Send exactly the headers given, plus `Host`. The body has an exact size;
//!   `Content-Length` says it; chunked encoding is not used. A body that turns
//!   out shorter or longer fails the request before it is complete.
//! - An error that reading the body of the request raises is passed on as the
//!   source of the transport error.
//! - B2 may answer before the body is through. When writing fails, try to
//!   read the answer before reporting [`Interrupted`](TransportErrorKind::Interrupted).
//! - Give up at the deadline with [`Timeout`](TransportErrorKind::Timeout).
//! - [`Sent::Nothing`](crate::error::Sent::Nothing) is a promise: say it only
//!   if no complete request can have reached the server.
//!
//! # Who watches the pace
//!
//! A deadline may lie days ahead: that of a download leaves time for the
//! largest file there is. What ends a transfer that hangs is the rest of
//! [`Limits`].
//!
//! - A [`Transport`] knows its deadline only. The asynchronous driver has a
//!   rule for stalls of its own, whatever the transport: it counts the bytes
//!   that pass and drops the future, or the body, when too few did.
//! - A [`BlockingTransport`] cannot be interrupted, so it bounds every wait
//!   itself, by the [`Limits`] that it is given. The blocking driver counts
//!   between its reads and writes whether they bring [`Limits::floor`] bytes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::error::TransportError;
use crate::op::Limits;
use crate::time::Instant;

#[cfg(doc)]
use crate::error::TransportErrorKind;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends HTTP requests asynchronously.
///
/// # Cancel safety
///
/// The future may be dropped at any time. An HTTP/1 connection must then be
/// closed, an HTTP/2 stream reset: it may not be used again half-written.
pub trait Transport: Send + Sync + 'static {
    /// Sends `request` and returns the head of the answer with its body to be
    /// read. The deadline covers both.
    fn send(
        &self,
        request: http::Request<RequestBody>,
        deadline: Instant,
    ) -> impl Future<Output = Result<http::Response<ResponseBody>, TransportError>> + Send;
}

/// [`Transport`] behind a pointer; implemented for every transport.
pub trait DynTransport: Send + Sync + 'static {
    /// As [`Transport::send`].
    fn send_dyn(
        &self,
        request: http::Request<RequestBody>,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<http::Response<ResponseBody>, TransportError>>;
}

impl<T: Transport> DynTransport for T {
    fn send_dyn(
        &self,
        request: http::Request<RequestBody>,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<http::Response<ResponseBody>, TransportError>> {
        Box::pin(self.send(request, deadline))
    }
}

/// Sends HTTP requests on the calling thread.
pub trait BlockingTransport {
    /// Sends `request` and returns the head of the answer with its body to be
    /// read. The request's `Content-Length` header is exact.
    ///
    /// Of the limits the transport enforces these, in `send` and in the body
    /// that it returns:
    ///
    /// - No single read or write blocks longer than [`Limits::stall`], nor
    ///   does looking up a name or connecting.
    /// - The head of the answer is given up [`Limits::answer`] after the last
    ///   byte of the request.
    /// - Nothing goes on past [`Limits::deadline`].
    ///
    /// [`Limits::floor`] is the driver's: it counts what it reads from the
    /// answer and what the transport reads from the request. When the
    /// transport was too slow, the next read of the request's body fails with
    /// [`io::ErrorKind::TimedOut`]; give up then as after any error of it.
    ///
    /// # Errors
    ///
    /// As the [module documentation](self) says, with
    /// [`Timeout`](TransportErrorKind::Timeout) for each of the limits. Reading
    /// the body of the answer fails with [`io::ErrorKind::TimedOut`] then and
    /// with any other kind if the connection breaks.
    fn send(
        &self,
        request: http::Request<&mut dyn io::Read>,
        limits: &Limits,
    ) -> Result<http::Response<Box<dyn io::Read>>, TransportError>;
}

/// A clock that can also wait.
pub trait Timer: Send + Sync + 'static {
    /// The present. Never goes back.
    fn now(&self) -> Instant;
    /// Completes at `at` or soon after. Cancel safe.
    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()>;
}

/// Runs a future in the background.
pub trait Spawn: Send + Sync + 'static {
    /// Runs `task` to its end, whether or not anyone waits for it.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// Bytes that can be read at any offset, as often as needed.
///
/// A retry reads again: nothing that was sent is kept in memory.
pub trait ReadAt: Send + Sync + 'static {
    /// Length in bytes. It must not change while a transfer runs. A source
    /// that cannot tell is uploaded with
    /// [`Upload::of_stream`](crate::upload::Upload::of_stream).
    ///
    /// # Errors
    ///
    /// Whatever the underlying storage reports.
    fn len(&self) -> io::Result<u64>;

    /// Fills the beginning of `buffer` from `offset` and returns how many
    /// bytes were read; 0 only at the end.
    ///
    /// # Errors
    ///
    /// Whatever the underlying storage reports.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The same bytes without copying them, if they are in memory already.
    /// `None` asks the caller to use [`read_at`](Self::read_at).
    fn shared(&self, _offset: u64, _len: usize) -> Option<Bytes> {
        None
    }

    /// Whether the bytes are still those that were there at the beginning, as
    /// far as that can be told without reading them. Asked after each slice
    /// was read: a file that is written to meanwhile must not be stored as a
    /// mixture of old and new.
    ///
    /// # Errors
    ///
    /// If they have changed, or it cannot be found out. Never, unless
    /// implemented.
    fn check_unchanged(&self) -> io::Result<()> {
        Ok(())
    }

    /// Sees to it that the bytes from `offset` on can be read, and gives how
    /// many of `len` there are: fewer only at the end. Called for a source of
    /// [unknown length](crate::op::Prefetch), in order. Blocks until they are
    /// there.
    ///
    /// # Errors
    ///
    /// Whatever the underlying storage reports.
    fn prefetch(&self, offset: u64, len: u64) -> io::Result<u64> {
        Ok(self.len()?.saturating_sub(offset).min(len))
    }

    /// These bytes are stored and will not be read again. Does nothing unless
    /// implemented.
    fn release(&self, _offset: u64, _len: u64) {}

    /// Whether there is not a single byte.
    ///
    /// # Errors
    ///
    /// As [`len`](Self::len).
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Arc<T> {
    fn len(&self) -> io::Result<u64> {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }

    fn shared(&self, offset: u64, len: usize) -> Option<Bytes> {
        (**self).shared(offset, len)
    }

    fn check_unchanged(&self) -> io::Result<()> {
        (**self).check_unchanged()
    }

    fn prefetch(&self, offset: u64, len: u64) -> io::Result<u64> {
        (**self).prefetch(offset, len)
    }

    fn release(&self, offset: u64, len: u64) {
        (**self).release(offset, len);
    }
}

/// A place that bytes can be written to.
///
/// A download writes from 0 on, without gaps. If it has to begin again, what
/// is there already is worth nothing, and what follows may be shorter: see
/// [`truncate`](Self::truncate).
pub trait WriteAt: Send + 'static {
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// Whatever the underlying storage reports, a full disk for example.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Forgets everything written so far. Called before writing begins at 0,
    /// the first time too. Does nothing unless implemented; a place that can
    /// be rewound should implement it, or remember that only what was written
    /// since the last byte 0 counts.
    ///
    /// # Errors
    ///
    /// Whatever the underlying storage reports.
    fn truncate(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// The content is complete and checked: hands on what is still buffered.
    /// Called once at the end; if it fails, so does the download. Does nothing
    /// unless implemented.
    ///
    /// # Errors
    ///
    /// Whatever the underlying storage reports, a full disk for example.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Whether an offset may be written a second time. A pipe can not: what
    /// went out is gone.
    fn rewindable(&self) -> bool;
}

type BoxBody = Pin<Box<dyn Body<Data = Bytes, Error = io::Error> + Send>>;

/// The body of a request: a stream of chunks with an exact length.
pub struct RequestBody {
    inner: BoxBody,
    remaining: u64,
    /// The last chunk, until it is known that nothing follows it.
    last: Option<Bytes>,
}

impl RequestBody {
    /// A body of exactly `len` bytes. If `body` ends early or runs over, the
    /// request fails rather than being padded or cut: the last chunk is given
    /// only when `body` has ended after it. Trailers are left out.
    #[must_use]
    pub fn new<B>(body: B, len: u64) -> Self
    where
        B: Body<Data = Bytes, Error = io::Error> + Send + 'static,
    {
        Self { inner: Box::pin(body), remaining: len, last: None }
    }

    /// A body of bytes that are at hand.
    #[must_use]
    pub fn from_bytes(bytes: Bytes) -> Self {
        let len = bytes.len() as u64;
        Self::new(Whole(Some(bytes)), len)
    }

    /// Bytes still to come.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Accounts for a chunk; keeps it if it completes the body.
    fn take(&mut self, data: Bytes) -> Option<io::Result<Bytes>> {
        let len = data.len() as u64;
        if self.last.is_some() || len > self.remaining {
            return Some(Err(length_error("the body is longer than announced")));
        }
        if len == self.remaining {
            self.last = Some(data);
            return None;
        }
        self.remaining -= len;
        Some(Ok(data))
    }

    /// The inner body has ended.
    fn end(&mut self) -> Option<io::Result<Bytes>> {
        if let Some(last) = self.last.take() {
            self.remaining = 0;
            return Some(Ok(last));
        }
        let short = || Err(length_error("the body is shorter than announced"));
        (self.remaining > 0).then(short)
    }
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody").field("remaining", &self.remaining).finish_non_exhaustive()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            let ended = self.last.is_some() && self.inner.is_end_stream();
            let frame = match ended {
                true => None,
                false => std::task::ready!(self.inner.as_mut().poll_frame(cx)),
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) if !data.is_empty() => {
                    if let Some(outcome) = self.take(data) {
                        return std::task::Poll::Ready(Some(outcome.map(Frame::data)));
                    }
                }
                Some(Ok(_nothing)) => {}
                Some(Err(error)) => return std::task::Poll::Ready(Some(Err(error))),
                None => {
                    return std::task::Poll::Ready(self.end().map(|last| last.map(Frame::data)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

fn length_error(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

/// The body of an answer: a stream of chunks that may break.
pub struct ResponseBody {
    inner: Pin<Box<dyn Body<Data = Bytes, Error = TransportError> + Send>>,
}

impl ResponseBody {
    /// Wraps a transport's own body type.
    #[must_use]
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error = TransportError> + Send + 'static,
    {
        Self { inner: Box::pin(body) }
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    ///
    /// If the body breaks before its announced end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        loop {
            let frame = std::future::poll_fn(|cx| self.inner.as_mut().poll_frame(cx)).await?;
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) if data.is_empty() => {}
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let bytes = self.0.take().filter(|bytes| !bytes.is_empty());
        std::task::Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// One chunk per poll, and not a hint of when it ends.
    struct Chunks(Vec<&'static str>);

    impl Body for Chunks {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            let next = (!self.0.is_empty()).then(|| self.0.remove(0));
            Poll::Ready(next.map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
        }
    }

    /// What a transport sees of a body: its bytes, and whether it failed.
    fn sent(chunks: &[&'static str], len: u64) -> (String, bool) {
        let mut body = RequestBody::new(Chunks(chunks.to_vec()), len);
        let mut cx = Context::from_waker(Waker::noop());
        let mut text = String::new();
        loop {
            match Pin::new(&mut body).poll_frame(&mut cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    text.push_str(str::from_utf8(&frame.into_data().unwrap()).unwrap());
                    assert_eq!(body.remaining(), len - text.len() as u64);
                    assert_eq!(body.is_end_stream(), text.len() as u64 == len);
                }
                Poll::Ready(Some(Err(_))) => return (text, true),
                Poll::Ready(None) => return (text, false),
                Poll::Pending => panic!("the chunks are there"),
            }
        }
    }

    #[test]
    fn a_body_of_the_announced_length_is_given_whole() {
        assert_eq!(sent(&[], 0), (String::new(), false));
        assert_eq!(sent(&["abc"], 3), ("abc".into(), false));
        assert_eq!(sent(&["", "ab", "", "c", ""], 3), ("abc".into(), false));
    }

    #[test]
    fn a_body_of_another_length_is_never_given_whole() {
        assert_eq!(sent(&["abc"], 4), ("abc".into(), true));
        assert_eq!(sent(&["abc"], 2), (String::new(), true));
        assert_eq!(sent(&["ab", "c"], 2), (String::new(), true));
        assert_eq!(sent(&["a", "b", "c"], 2), ("a".into(), true));
        assert_eq!(sent(&["a"], 0), (String::new(), true));
    }

    #[test]
    fn bytes_at_hand_end_where_they_end() {
        let empty = RequestBody::from_bytes(Bytes::new());
        assert!(empty.is_end_stream() && empty.remaining() == 0);
        let three = RequestBody::from_bytes(Bytes::from_static(b"abc"));
        assert!(!three.is_end_stream() && three.remaining() == 3);
    }
}
