//! Heads of the records that pass below TLS.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::event::{TlsEvent, TlsObserver};

/// What is in a record, as far as its head says: all but the first of a
/// handshake of TLS 1.3 say that they are data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordKind {
    /// 20.
    ChangeCipherSpec,
    /// 21.
    Alert,
    /// 22.
    Handshake,
    /// 23.
    ApplicationData,
    /// Anything else, which is not TLS.
    Other(u8),
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::ChangeCipherSpec => "change cipher spec",
            Self::Alert => "alert",
            Self::Handshake => "handshake",
            Self::ApplicationData => "application data",
            Self::Other(number) => return write!(f, "unknown kind {number}"),
        };
        f.write_str(text)
    }
}

impl From<u8> for RecordKind {
    fn from(number: u8) -> Self {
        match number {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::ApplicationData,
            other => Self::Other(other),
        }
    }
}

/// Finds the heads in one direction of a stream of records. It keeps five
/// bytes at the most, and never what is in a record.
#[derive(Debug, Default)]
struct Heads {
    head: [u8; 5],
    have: usize,
    skip: usize,
}

impl Heads {
    fn follow(&mut self, mut bytes: &[u8], mut found: impl FnMut(RecordKind, u16, u16)) {
        while !bytes.is_empty() {
            let inside = self.skip.min(bytes.len());
            self.skip -= inside;
            bytes = &bytes[inside..];
            let missing = (self.head.len() - self.have).min(bytes.len());
            self.head[self.have..self.have + missing].copy_from_slice(&bytes[..missing]);
            self.have += missing;
            bytes = &bytes[missing..];
            if self.have == self.head.len() {
                let [kind, major, minor, high, low] = self.head;
                let length = u16::from_be_bytes([high, low]);
                found(kind.into(), u16::from_be_bytes([major, minor]), length);
                (self.have, self.skip) = (0, usize::from(length));
            }
        }
    }
}

/// A stream below TLS whose records are told to an observer: direction, kind,
/// version and length, and nothing of what is in them.
///
/// The transport puts it there if
/// [`with_packet_log`](super::TlsSettings::with_packet_log) says so; whoever
/// calls [`Tls::connect`](super::Tls::connect) can do the same.
///
/// ```no_run
/// use b2_hyper::tls::{RecordLog, TlsEvent, TlsSettings};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let tcp = tokio::net::TcpStream::connect("api.backblazeb2.com:443").await?;
/// let logged = RecordLog::new(tcp, |event: &TlsEvent| println!("{event}"));
/// let session = TlsSettings::new().build()?.connect("api.backblazeb2.com", logged).await?;
/// # Ok(()) }
/// ```
pub struct RecordLog<S> {
    stream: S,
    observer: Arc<dyn TlsObserver>,
    sent: Heads,
    received: Heads,
}

impl<S> RecordLog<S> {
    /// Tells the records of `stream` to `observer`.
    pub fn new(stream: S, observer: impl TlsObserver) -> Self {
        Self::shared(stream, Arc::new(observer))
    }

    pub(crate) fn shared(stream: S, observer: Arc<dyn TlsObserver>) -> Self {
        Self { stream, observer, sent: Heads::default(), received: Heads::default() }
    }

    fn tell(&mut self, sent: bool, bytes: &[u8]) {
        let heads = if sent { &mut self.sent } else { &mut self.received };
        heads.follow(bytes, |kind, version, length| {
            self.observer.observe(&TlsEvent::Record { sent, kind, version, length });
        });
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RecordLog<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.tell(false, &buf.filled()[before..]);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RecordLog<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(went)) = outcome {
            self.tell(true, &buf[..went]);
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S> fmt::Debug for RecordLog<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordLog").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_found_wherever_the_bytes_are_cut() {
        let mut stream = vec![22, 3, 1, 0, 3, 1, 2, 3, 20, 3, 3, 0, 0];
        stream.extend([23, 3, 3, 1, 0]);
        stream.extend([22; 256]);
        stream.extend([99, 0, 0, 0, 1, 7, 21, 3]);
        let expected = [
            (RecordKind::Handshake, 0x0301, 3),
            (RecordKind::ChangeCipherSpec, 0x0303, 0),
            (RecordKind::ApplicationData, 0x0303, 256),
            (RecordKind::Other(99), 0, 1),
        ];
        for step in [1, 2, 3, 5, 7, 64, stream.len()] {
            let (mut heads, mut found) = (Heads::default(), Vec::new());
            for piece in stream.chunks(step) {
                heads.follow(piece, |kind, version, length| found.push((kind, version, length)));
            }
            assert_eq!(found, expected, "{step}");
        }
    }
}
