//! Content whose every byte is known.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};

/// A prime, so that a lost or doubled buffer of any usual size shows.
const PERIOD: usize = 65_521;

/// Bytes of one chunk of a body.
pub(crate) const CHUNK: u64 = PERIOD as u64;

/// Bytes of any length that repeat with a period.
#[derive(Clone)]
pub(crate) struct Pattern(Bytes);

impl Pattern {
    /// Bytes without any structure.
    pub(crate) fn noise() -> Self {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let bytes = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        });
        Self(bytes.take(PERIOD).collect())
    }

    /// The same text over and over.
    pub(crate) fn text(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// At most `longest` bytes from `offset`, at least one.
    pub(crate) fn piece(&self, offset: u64, longest: u64) -> Bytes {
        let start = self.position(offset);
        let len = usize::try_from(longest).unwrap_or(usize::MAX).min(self.0.len() - start);
        self.0.slice(start..start + len)
    }

    /// The first `len` bytes.
    pub(crate) fn prefix(&self, len: usize) -> Vec<u8> {
        self.0.iter().copied().cycle().take(len).collect()
    }

    /// Whether `bytes` are the bytes from `offset`.
    pub(crate) fn matches(&self, mut offset: u64, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let piece = self.piece(offset, bytes.len() as u64);
            let (head, tail) = bytes.split_at(piece.len());
            if head != piece {
                return false;
            }
            offset += piece.len() as u64;
            bytes = tail;
        }
        true
    }

    fn position(&self, offset: u64) -> usize {
        // The remainder is smaller than a length in memory.
        usize::try_from(offset % self.0.len() as u64).unwrap_or(0)
    }
}

/// The body of a request: what is announced and what really comes.
#[derive(Clone)]
pub(crate) struct Content {
    pattern: Pattern,
    /// The length that the request announces.
    pub(crate) announced: u64,
    /// The length after which the source ends.
    given: u64,
    /// Whether the source fails there instead of ending.
    fails: bool,
}

/// The text of the error that a failing source gives.
pub(crate) const PLANTED: &str = "planted: the source cannot be read";

impl Content {
    pub(crate) fn none() -> Self {
        Self::whole(0)
    }

    pub(crate) fn whole(len: u64) -> Self {
        Self { pattern: Pattern::noise(), announced: len, given: len, fails: false }
    }

    pub(crate) fn text(text: &'static str) -> Self {
        Self { pattern: Pattern::text(text), ..Self::whole(text.len() as u64) }
    }

    pub(crate) fn uneven(announced: u64, given: u64) -> Self {
        Self { given, ..Self::whole(announced) }
    }

    pub(crate) fn failing(announced: u64, at: u64) -> Self {
        Self { given: at, fails: true, ..Self::whole(announced) }
    }

    pub(crate) fn source(self) -> Source {
        Source { content: self, offset: 0, polls: 0 }
    }
}

/// A content being read, as a stream or as a reader.
pub(crate) struct Source {
    content: Content,
    offset: u64,
    polls: u32,
}

impl Source {
    fn next(&mut self, longest: u64) -> io::Result<Option<Bytes>> {
        let left = self.content.given - self.offset;
        if left == 0 && self.content.fails {
            return Err(io::Error::other(PLANTED));
        }
        if left == 0 {
            return Ok(None);
        }
        let piece = self.content.pattern.piece(self.offset, left.min(longest));
        self.offset += piece.len() as u64;
        Ok(Some(piece))
    }
}

impl Body for Source {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        // A source that is always ready would hide lost wake-ups.
        self.polls = self.polls.wrapping_add(1);
        if self.polls % 8 == 3 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.next(u64::MAX).map(|piece| piece.map(Frame::data)).transpose())
    }
}

impl io::Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let piece = self.next(buffer.len() as u64)?.unwrap_or_default();
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}
