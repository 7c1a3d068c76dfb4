//! An encrypted session as a byte stream, whichever library speaks TLS.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

#[cfg(feature = "openssl")]
use super::platform::NoEof;
use crate::connect::TlsFacts;

/// An encrypted session on a stream, whose handshake is over.
///
/// A stream that ends without the farewell of TLS is an
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) and no end of the data:
/// somebody on the way may have cut it.
pub struct TlsSession<S>(Library<S>);

/// Who speaks TLS. Boxed, because a connection of rustls is large.
enum Library<S> {
    Rustls(Box<TlsStream<S>>),
    #[cfg(feature = "openssl")]
    OpenSsl(tokio_openssl::SslStream<NoEof<S>>),
}

impl<S> TlsSession<S> {
    pub(super) fn rustls(stream: TlsStream<S>) -> Self {
        Self(Library::Rustls(Box::new(stream)))
    }

    #[cfg(feature = "openssl")]
    pub(super) fn openssl(stream: tokio_openssl::SslStream<NoEof<S>>) -> Self {
        Self(Library::OpenSsl(stream))
    }

    /// The session as rustls has it; otherwise it comes back.
    pub(crate) fn into_rustls(self) -> Result<TlsStream<S>, Self> {
        match self.0 {
            Library::Rustls(stream) => Ok(*stream),
            #[cfg(feature = "openssl")]
            other => Err(Self(other)),
        }
    }

    /// What was agreed on, and what the server showed.
    #[must_use]
    pub fn facts(&self) -> TlsFacts {
        match &self.0 {
            Library::Rustls(stream) => TlsFacts::of(stream.get_ref().1),
            #[cfg(feature = "openssl")]
            Library::OpenSsl(stream) => super::platform::facts(stream.ssl()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsSession<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Library::Rustls(stream) => Pin::new(&mut **stream).poll_read(cx, buf),
            #[cfg(feature = "openssl")]
            Library::OpenSsl(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsSession<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Library::Rustls(stream) => Pin::new(&mut **stream).poll_write(cx, buf),
            #[cfg(feature = "openssl")]
            Library::OpenSsl(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Library::Rustls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, bufs),
            #[cfg(feature = "openssl")]
            Library::OpenSsl(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Library::Rustls(stream) => stream.is_write_vectored(),
            #[cfg(feature = "openssl")]
            Library::OpenSsl(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Library::Rustls(stream) => Pin::new(&mut **stream).poll_flush(cx),
            #[cfg(feature = "openssl")]
            Library::OpenSsl(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Library::Rustls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
            #[cfg(feature = "openssl")]
            Library::OpenSsl(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl<S> fmt::Debug for TlsSession<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let library = match &self.0 {
            Library::Rustls(_) => "rustls",
            #[cfg(feature = "openssl")]
            Library::OpenSsl(_) => "OpenSSL",
        };
        f.debug_struct("TlsSession").field("library", &library).finish_non_exhaustive()
    }
}
