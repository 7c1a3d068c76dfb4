//! What HTTP is spoken over: a socket, or TLS on a socket, or on a session.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::socket::{Socket, Traffic};
use crate::capture::Recorder;
use crate::tls::{RecordLog, TlsObserver, TlsSession};

/// The layers of a connection, the uppermost outside: a socket, or sessions
/// with proxies and with the server on it.
pub(crate) enum Wire {
    Tcp(Socket),
    Tls(Box<TlsSession<Carrier>>),
    /// The records of the next session are told to somebody.
    Logged(Box<RecordLog<Self>>),
}

/// What carries a session: twice what it was, because hyper-rustls keeps it as
/// hyper wants to see it.
pub(crate) type Carrier = TokioIo<TokioIo<Wire>>;

impl Wire {
    pub(crate) fn tls(session: TlsSession<Carrier>) -> Self {
        Self::Tls(Box::new(session))
    }

    /// To begin a session on it.
    pub(crate) fn carrier(self) -> Carrier {
        TokioIo::new(TokioIo::new(self))
    }

    /// Tells the records of the next session to `observer`, if there is one.
    pub(crate) fn logged(self, observer: Option<Arc<dyn TlsObserver>>) -> Self {
        match observer {
            Some(observer) => Self::Logged(Box::new(RecordLog::shared(self, observer))),
            None => self,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(session) => Pin::new(&mut **session).poll_read(cx, buf),
            Self::Logged(log) => Pin::new(&mut **log).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(session) => Pin::new(&mut **session).poll_write(cx, buf),
            Self::Logged(log) => Pin::new(&mut **log).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
            Self::Tls(session) => Pin::new(&mut **session).poll_write_vectored(cx, bufs),
            Self::Logged(log) => Pin::new(&mut **log).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(socket) => socket.is_write_vectored(),
            Self::Tls(session) => session.is_write_vectored(),
            Self::Logged(log) => log.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(session) => Pin::new(&mut **session).poll_flush(cx),
            Self::Logged(log) => Pin::new(&mut **log).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(session) => Pin::new(&mut **session).poll_shutdown(cx),
            Self::Logged(log) => Pin::new(&mut **log).poll_shutdown(cx),
        }
    }
}

/// Bytes that are read at a time while they are written down.
const RECORDED: usize = 16 * 1024;

/// A byte stream to a server, as hyper wants to see it.
pub(crate) struct Stream {
    wire: MaybeHttpsStream<TokioIo<Wire>>,
    traffic: Arc<Traffic>,
    recorder: Option<Arc<Recorder>>,
}

impl Stream {
    pub(crate) fn plain(wire: Wire, traffic: Arc<Traffic>) -> Self {
        let wire = MaybeHttpsStream::Http(TokioIo::new(wire));
        Self { wire, traffic, recorder: None }
    }

    /// In a session with the server.
    pub(crate) fn encrypted(session: TlsSession<Carrier>, traffic: Arc<Traffic>) -> Self {
        match session.into_rustls() {
            Ok(session) => {
                let wire = MaybeHttpsStream::Https(TokioIo::new(session));
                Self { wire, traffic, recorder: None }
            }
            Err(other) => Self::plain(Wire::tls(other), traffic),
        }
    }

    /// Has everything written down.
    pub(crate) fn with_recorder(mut self, recorder: Option<Arc<Recorder>>) -> Self {
        self.recorder = recorder;
        self
    }

    pub(crate) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(recorder) = &this.recorder else {
            return Pin::new(&mut this.wire).poll_read(cx, buf);
        };
        // hyper's buffer cannot be looked into.
        let mut bytes = [0; RECORDED];
        let most = buf.remaining().min(RECORDED);
        let mut own = hyper::rt::ReadBuf::new(&mut bytes[..most]);
        let outcome = Pin::new(&mut this.wire).poll_read(cx, own.unfilled());
        recorder.received(own.filled());
        buf.put_slice(own.filled());
        outcome
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.traffic.set_unflushed(true);
        let outcome = Pin::new(&mut self.wire).poll_write(cx, buf);
        if let (Some(recorder), Poll::Ready(Ok(len))) = (&self.recorder, &outcome) {
            recorder.sent(&buf[..*len]);
        }
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.traffic.set_unflushed(true);
        let outcome = Pin::new(&mut self.wire).poll_write_vectored(cx, bufs);
        if let (Some(recorder), Poll::Ready(Ok(len))) = (&self.recorder, &outcome) {
            recorder.sent_vectored(bufs, *len);
        }
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.wire).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.traffic.set_unflushed(false);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
