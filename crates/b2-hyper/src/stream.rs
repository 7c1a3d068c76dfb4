//! What HTTP is spoken over: a socket, or TLS on a socket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio_rustls::client::TlsStream;

use crate::socket::{Socket, Traffic};

/// A socket as hyper wants to see it.
type Plain = TokioIo<Socket>;

/// A TLS session on such a socket, as tokio wants to see it.
pub(crate) type Session = TlsStream<TokioIo<Plain>>;

/// A byte stream to a server.
pub(crate) struct Stream {
    layer: MaybeHttpsStream<Plain>,
    traffic: Arc<Traffic>,
}

impl Stream {
    pub(crate) fn plain(socket: Socket, traffic: Arc<Traffic>) -> Self {
        Self { layer: MaybeHttpsStream::Http(TokioIo::new(socket)), traffic }
    }

    pub(crate) fn tls(session: Session, traffic: Arc<Traffic>) -> Self {
        Self { layer: MaybeHttpsStream::Https(TokioIo::new(session)), traffic }
    }

    pub(crate) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.layer).poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.traffic.set_unflushed(true);
        Pin::new(&mut self.layer).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.traffic.set_unflushed(true);
        Pin::new(&mut self.layer).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.layer.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.layer).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.traffic.set_unflushed(false);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.layer).poll_shutdown(cx)
    }
}
