//! The body of an answer as a byte stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use b2_core::error::TransportError;
use bytes::{Buf, Bytes};
use http_body::Body;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::http::answer::Answer;

/// Reads an answer, and remembers why it could not.
pub(super) struct Reader {
    answer: Answer,
    piece: Bytes,
    pub(super) came: u64,
    pub(super) failure: Option<TransportError>,
}

impl Reader {
    pub(super) fn new(answer: Answer) -> Self {
        Self { answer, piece: Bytes::new(), came: 0, failure: None }
    }

    /// Fetches something to read, if nothing is left; `false` at the end.
    pub(super) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.piece.is_empty() {
            match ready!(Pin::new(&mut self.answer).poll_frame(cx)) {
                None => return Poll::Ready(Ok(false)),
                Some(Ok(frame)) => {
                    self.piece = frame.into_data().unwrap_or_default();
                    self.came += self.piece.len() as u64;
                }
                Some(Err(error)) => {
                    self.failure = Some(error);
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
            }
        }
        Poll::Ready(Ok(true))
    }

    pub(super) fn first(&self) -> Option<u8> {
        self.piece.first().copied()
    }
}

impl AsyncBufRead for Reader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_more(cx))?;
        Poll::Ready(Ok(&this.piece))
    }

    fn consume(mut self: Pin<&mut Self>, bytes: usize) {
        self.piece.advance(bytes);
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_more(cx))?;
        let most = self.piece.len().min(buf.remaining());
        let part = self.piece.split_to(most);
        buf.put_slice(&part);
        Poll::Ready(Ok(()))
    }
}
