//! Hashing of bytes as they pass by, for drivers.
//!
//! A driver reads a chunk, shows it to the [`BodyEncoder`] and sends it; or it
//! receives a chunk, shows it to the [`BodyVerifier`] and writes it. Each byte
//! is touched once.

use crate::plan::{BodyPlan, DigestMode};
use b2_proto::Sha1Digest;
use sha1::{Digest as _, Sha1};

/// Hashes the body of one upload request while it is sent.
///
/// ```
/// use b2_core::body::BodyEncoder;
/// use b2_core::plan::DigestMode;
///
/// let mut encoder = BodyEncoder::new(5, DigestMode::HexAtEnd);
/// encoder.update(b"hello");
/// assert_eq!(encoder.remaining(), 0);
/// let trailer = encoder.finish().expect("all five bytes were seen");
/// assert_eq!(trailer.as_bytes(), b"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
/// ```
#[derive(Clone)]
pub struct BodyEncoder {
    hash: Sha1,
    remaining: u64,
    mode: DigestMode,
}

impl std::fmt::Debug for BodyEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyEncoder").field("remaining", &self.remaining).finish_non_exhaustive()
    }
}

/// What follows the last byte of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    digest: Sha1Digest,
    hex: [u8; 40],
    len: usize,
}

impl Trailer {
    /// The bytes to send: 40 hexadecimal digits, or none.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.hex[..self.len]
    }

    /// The digest of the body, to be reported in the reply.
    #[must_use]
    pub fn digest(&self) -> Sha1Digest {
        self.digest
    }
}

impl BodyEncoder {
    /// An encoder for `len` bytes of source.
    #[must_use]
    pub fn new(len: u64, mode: DigestMode) -> Self {
        Self { hash: Sha1::new(), remaining: len, mode }
    }

    /// The encoder that a plan asks for; `None` if it names no source.
    #[must_use]
    pub fn for_plan(plan: &BodyPlan) -> Option<Self> {
        match plan {
            BodyPlan::Source { len, digest, .. } => Some(Self::new(*len, *digest)),
            _ => None,
        }
    }

    /// Bytes of the source still to be shown.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Takes the next bytes of the source. Bytes past the announced length
    /// are not the caller's to send: at most [`remaining`](Self::remaining)
    /// may be shown.
    pub fn update(&mut self, chunk: &[u8]) {
        debug_assert!(chunk.len() as u64 <= self.remaining, "more bytes than announced");
        self.hash.update(chunk);
        self.remaining = self.remaining.saturating_sub(chunk.len() as u64);
    }

    /// The end of the body; `None` while bytes are still missing.
    #[must_use]
    pub fn finish(self) -> Option<Trailer> {
        if self.remaining > 0 {
            return None;
        }
        let digest = Sha1Digest::new(self.hash.finalize().into());
        let hex = digest.to_hex();
        let len = match self.mode {
            DigestMode::Ahead => 0,
            DigestMode::HexAtEnd => hex.len(),
        };
        Some(Trailer { digest, hex, len })
    }
}

/// Hashes what reaches a sink, across the requests of one download.
///
/// It knows the digest of everything from offset 0 only as long as the bytes
/// come in order; a gap makes it forget.
#[derive(Clone, Default)]
pub struct BodyVerifier {
    hash: Sha1,
    position: u64,
    lost: bool,
}

impl std::fmt::Debug for BodyVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyVerifier")
            .field("position", &self.position)
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}

impl BodyVerifier {
    /// Starts at `sink_offset`: 0 begins anew, the present position goes on,
    /// anything else leaves a gap.
    pub fn begin(&mut self, sink_offset: u64) {
        if sink_offset == 0 {
            *self = Self::default();
        } else if sink_offset != self.position {
            self.lost = true;
            self.position = sink_offset;
        }
    }

    /// Takes the next bytes of the answer.
    pub fn update(&mut self, chunk: &[u8]) {
        if !self.lost {
            self.hash.update(chunk);
        }
        self.position += chunk.len() as u64;
    }

    /// Bytes in the sink so far, counted from offset 0.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Digest of all bytes from offset 0 to the present position.
    #[must_use]
    pub fn digest(&self) -> Option<Sha1Digest> {
        (!self.lost).then(|| Sha1Digest::new(self.hash.clone().finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoder_gives_no_trailer_while_bytes_are_missing() {
        let mut encoder = BodyEncoder::new(3, DigestMode::HexAtEnd);
        encoder.update(b"ab");
        assert_eq!(encoder.remaining(), 1);
        assert_eq!(encoder.finish(), None);
    }

    #[test]
    fn an_empty_body_still_has_its_digits() {
        let trailer = BodyEncoder::new(0, DigestMode::HexAtEnd).finish().unwrap();
        assert_eq!(trailer.as_bytes(), b"da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }

    #[test]
    fn a_digest_sent_ahead_adds_nothing() {
        let trailer = BodyEncoder::new(0, DigestMode::Ahead).finish().unwrap();
        assert_eq!(trailer.as_bytes(), b"");
    }

    #[test]
    fn verifier_goes_on_after_a_break_and_forgets_after_a_gap() {
        let mut verifier = BodyVerifier::default();
        verifier.begin(0);
        verifier.update(b"hel");
        verifier.begin(3);
        verifier.update(b"lo");
        let whole = verifier.digest().unwrap();
        assert_eq!(whole.to_string(), "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
        verifier.begin(9);
        assert_eq!(verifier.digest(), None);
        verifier.begin(0);
        assert!(verifier.digest().is_some());
    }
}
