//! The TCP end of a connection: counted, and patient with a broken write.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::pace::{RateLimit, Share};

/// What is known of the bytes of one connection.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    read: AtomicU64,
    written: AtomicU64,
    unflushed: AtomicBool,
    doubtful: AtomicBool,
    awaited: AtomicBool,
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

    /// While set, a write that finds the connection broken is an error: nobody
    /// reads beside it.
    pub(crate) fn set_awaited(&self, awaited: bool) {
        self.awaited.store(awaited, Ordering::Relaxed);
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
    sending: Option<Share>,
    receiving: Option<Share>,
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream, traffic: Arc<Traffic>) -> Self {
        Self { tcp, traffic, deaf: false, sending: None, receiving: None }
    }

    /// Slows it down.
    pub(crate) fn with_limits(
        mut self,
        sending: Option<&RateLimit>,
        receiving: Option<&RateLimit>,
    ) -> Self {
        self.sending = sending.cloned().map(Share::of);
        self.receiving = receiving.cloned().map(Share::of);
        self
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

    /// Writes as much of `wanted` bytes as the limit allows.
    fn write(
        &mut self,
        cx: &mut Context<'_>,
        wanted: usize,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>, usize) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.deaf {
            return Poll::Pending;
        }
        let allowed = match &mut self.sending {
            Some(share) => ready!(share.poll_take(cx, wanted)),
            None => wanted,
        };
        let outcome = write(Pin::new(&mut self.tcp), cx, allowed);
        let went = if let Poll::Ready(Ok(bytes)) = outcome { bytes } else { 0 };
        if let Some(share) = &self.sending {
            share.give_back(allowed - went.min(allowed));
        }
        match outcome {
            Poll::Ready(Ok(bytes)) => {
                self.traffic.written.fetch_add(bytes as u64, Ordering::Relaxed);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error))
                if broken(&error) && !self.traffic.awaited.load(Ordering::Relaxed) =>
            {
                self.deaf = true;
                Poll::Pending
            }
            other => other,
        }
    }

    /// As [`poll_read`](AsyncRead::poll_read), but no more than the limit
    /// allows.
    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(share) = &mut self.receiving else {
            return Pin::new(&mut self.tcp).poll_read(cx, buf);
        };
        let allowed = ready!(share.poll_take(cx, buf.remaining()));
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(allowed));
        let outcome = Pin::new(&mut self.tcp).poll_read(cx, &mut part);
        let came = part.filled().len();
        buf.advance(came);
        share.give_back(allowed - came);
        outcome
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
        match self.read(cx, buf) {
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
        self.write(cx, buf.len(), |tcp, cx, allowed| tcp.poll_write(cx, &buf[..allowed]))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = bufs.iter().map(|buf| buf.len()).sum();
        self.write(cx, wanted, |tcp, cx, allowed| {
            if allowed == wanted {
                return tcp.poll_write_vectored(cx, bufs);
            }
            // Less than all: the first piece that has something.
            let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| &buf[..]);
            tcp.poll_write(cx, &first[..allowed.min(first.len())])
        })
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    /// A socket whose peer has reset the connection.
    async fn reset() -> (Socket, Arc<Traffic>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (peer, _) = listener.accept().await.unwrap();
        SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let traffic = Arc::new(Traffic::default());
        (Socket::new(tcp, Arc::clone(&traffic)), traffic)
    }

    #[tokio::test]
    async fn a_broken_write_is_an_error_only_if_nobody_reads() {
        let (mut socket, traffic) = reset().await;
        traffic.set_awaited(true);
        socket.write_all(b"x").await.unwrap_err();
        let (mut socket, _) = reset().await;
        let polled = poll_fn(|cx| Poll::Ready(Pin::new(&mut socket).poll_write(cx, b"x"))).await;
        assert!(polled.is_pending());
    }
}
