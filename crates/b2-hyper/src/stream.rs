//! What HTTP is spoken over: a socket, or TLS on a socket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use crate::socket::{Socket, Traffic};

/// A byte stream to a server.
pub(crate) struct Stream {
    layer: Layer,
    traffic: Arc<Traffic>,
}

enum Layer {
    Plain(Socket),
    // Boxed because the state of a TLS session is about a kilobyte.
    Tls(Box<TlsStream<Socket>>),
}

impl Stream {
    pub(crate) fn plain(socket: Socket, traffic: Arc<Traffic>) -> Self {
        Self { layer: Layer::Plain(socket), traffic }
    }

    pub(crate) fn tls(session: TlsStream<Socket>, traffic: Arc<Traffic>) -> Self {
        Self { layer: Layer::Tls(Box::new(session)), traffic }
    }

    pub(crate) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Layer::Tls(session) => Pin::new(session).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.traffic.set_unflushed(true);
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Layer::Tls(session) => Pin::new(session).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.traffic.set_unflushed(true);
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
            Layer::Tls(session) => Pin::new(session).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.layer {
            Layer::Plain(socket) => socket.is_write_vectored(),
            Layer::Tls(session) => session.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Layer::Tls(session) => Pin::new(session).poll_flush(cx),
        };
        if let Poll::Ready(Ok(())) = flushed {
            self.traffic.set_unflushed(false);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Layer::Tls(session) => Pin::new(session).poll_shutdown(cx),
        }
    }
}
