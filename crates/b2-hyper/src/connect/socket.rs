//! The TCP end of a connection: counted, and patient with a broken write.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What is known of the bytes of one connection.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    read: AtomicU64,
    written: AtomicU64,
    unflushed: AtomicBool,
    doubtful: AtomicBool,
}

impl Traffic {
    /// Bytes that the network took or gave, encrypted ones if there is TLS.
    pub(crate) fn moved(&self) -> u64 {
        self.read.load(Ordering::Relaxed) + self.written()
    }

    /// Bytes that the network took.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Whether something waits to be taken by the network.
    pub(crate) fn unflushed(&self) -> bool {
        self.unflushed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_unflushed(&self, unflushed: bool) {
        self.unflushed.store(unflushed, Ordering::Relaxed);
    }

    /// While set, a read that finds nothing asks the kernel itself.
    pub(crate) fn set_doubtful(&self, doubtful: bool) {
        self.doubtful.store(doubtful, Ordering::Relaxed);
    }
}

/// A TCP stream.
///
/// A server may answer and close before it has read the whole request. The
/// next write then fails although the answer is waiting to be read. So a write
/// that finds the connection broken is not an error here: it never completes,
/// and reading, which finds either the answer or the end, decides.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    traffic: Arc<Traffic>,
    deaf: bool,
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream, traffic: Arc<Traffic>) -> Self {
        Self { tcp, traffic, deaf: false }
    }

    /// Asks the kernel whether the peer is still there. The reactor learns of
    /// a closed connection only at its next turn, too late for a request that
    /// is about to be written to it.
    fn look(&self) -> Poll<io::Result<()>> {
        let mut byte = [MaybeUninit::uninit()];
        match SockRef::from(&self.tcp).peek(&mut byte) {
            Ok(0) => Poll::Ready(Ok(())),
            Ok(_) => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.deaf {
            return Poll::Pending;
        }
        match write(Pin::new(&mut self.tcp), cx) {
            Poll::Ready(Ok(bytes)) => {
                self.traffic.written.fetch_add(bytes as u64, Ordering::Relaxed);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) if broken(&error) => {
                self.deaf = true;
                Poll::Pending
            }
            other => other,
        }
    }
}

fn broken(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.tcp).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                let bytes = buf.filled().len() - before;
                self.traffic.read.fetch_add(bytes as u64, Ordering::Relaxed);
                Poll::Ready(Ok(()))
            }
            Poll::Pending if self.traffic.doubtful.load(Ordering::Relaxed) => self.look(),
            other => other,
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |tcp, cx| tcp.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |tcp, cx| tcp.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
