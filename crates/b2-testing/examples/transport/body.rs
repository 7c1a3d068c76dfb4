//! A body of one GiB that takes no memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::SIZE;

const PIECE: usize = 64 * 1024;

/// The same piece again and again.
pub(crate) struct Repeated {
    piece: Bytes,
    left: u64,
}

impl Repeated {
    pub(crate) fn new() -> Self {
        static BYTES: [u8; PIECE] = [b'x'; PIECE];
        Self { piece: Bytes::from_static(&BYTES), left: SIZE }
    }
}

impl Body for Repeated {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let len = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        self.left -= len as u64;
        Poll::Ready(Some(Ok(Frame::data(self.piece.slice(..len)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
