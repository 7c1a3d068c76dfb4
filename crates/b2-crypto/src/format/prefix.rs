//! The first 84 bytes of a file, which never change.

use super::schedule::Schedule;
use crate::error::OpenError;

/// Not text, and damaged visibly by transfers that take it for text.
pub(crate) const MAGIC: [u8; 8] = *b"\x89B2E\r\n\x1a\n";
pub(crate) const VERSION: u8 = 1;
pub(crate) const PREFIX_LEN: usize = 84;
/// What comes before the tag.
const TAGGED: usize = 52;
/// What enters the derivation of frame keys besides labels.
pub(crate) const KIND_LEN: usize = 12;
/// A power of two: 1 KiB.
pub(crate) const LEAST_FRAME_LOG2: u8 = 10;
/// A power of two: 16 MiB.
pub(crate) const MOST_FRAME_LOG2: u8 = 24;
/// The masked length of content whose length was not known.
pub(crate) const UNKNOWN_LENGTH: u64 = u64::MAX;
const PADDED: u8 = 1;

/// What seals the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Aead {
    /// AES-256-GCM (NIST SP 800-38D). The fastest where the processor has AES instructions.
    #[default]
    Aes256Gcm = 1,
    /// XChaCha20-Poly1305. The fastest where it has none, and free of table look-ups.
    XChaCha20Poly1305 = 2,
}

/// The parsed prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) aead: Aead,
    pub(crate) frame_log2: u8,
    pub(crate) padded: bool,
    pub(crate) salt: [u8; 32],
    pub(crate) masked_len: [u8; 8],
    pub(crate) tag: [u8; 32],
}

impl Prefix {
    /// A prefix whose length and tag are still missing.
    pub(crate) fn new(aead: Aead, frame_log2: u8, padded: bool, salt: [u8; 32]) -> Self {
        Self { aead, frame_log2, padded, salt, masked_len: [0; 8], tag: [0; 32] }
    }

    /// Puts the length in and signs everything.
    pub(crate) fn complete(&mut self, schedule: &Schedule, content_len: Option<u64>) {
        let len = content_len.unwrap_or(UNKNOWN_LENGTH);
        self.masked_len = (len ^ schedule.length_mask()).to_be_bytes();
        self.tag = schedule.header_tag(&self.to_bytes()[..TAGGED]);
    }

    /// Whether the prefix is as it was made, and by this key: the key commitment.
    pub(crate) fn is_by(&self, schedule: &Schedule) -> bool {
        schedule.is_header_tag(&self.to_bytes()[..TAGGED], &self.tag)
    }

    /// The length of the content; `None` if it was not known. To be asked after [`is_by`].
    ///
    /// [`is_by`]: Self::is_by
    pub(crate) fn content_len(&self, schedule: &Schedule) -> Option<u64> {
        let len = u64::from_be_bytes(self.masked_len) ^ schedule.length_mask();
        (len != UNKNOWN_LENGTH).then_some(len)
    }

    /// Everything that says how the frames are made.
    pub(crate) fn kind(&self) -> [u8; KIND_LEN] {
        let [a, b, c, d, e, f, g, h] = MAGIC;
        let flags = if self.padded { PADDED } else { 0 };
        [a, b, c, d, e, f, g, h, VERSION, self.aead as u8, self.frame_log2, flags]
    }

    pub(crate) fn to_bytes(&self) -> [u8; PREFIX_LEN] {
        let mut bytes = [0; PREFIX_LEN];
        bytes[..12].copy_from_slice(&self.kind());
        bytes[12..44].copy_from_slice(&self.salt);
        bytes[44..52].copy_from_slice(&self.masked_len);
        bytes[52..].copy_from_slice(&self.tag);
        bytes
    }

    /// Reads the beginning of a file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, OpenError> {
        let seen = bytes.len().min(MAGIC.len());
        if bytes[..seen] != MAGIC[..seen] {
            return Err(OpenError::NotEncrypted);
        }
        if let Some(version) = bytes.get(8).filter(|version| **version != VERSION) {
            return Err(OpenError::Version(*version));
        }
        let Some((bytes, _)) = bytes.split_first_chunk::<PREFIX_LEN>() else {
            return Err(OpenError::Incomplete { needed: PREFIX_LEN });
        };
        let aead = match bytes[9] {
            1 => Aead::Aes256Gcm,
            2 => Aead::XChaCha20Poly1305,
            _ => return Err(OpenError::Unknown("its algorithm")),
        };
        let frame_log2 = bytes[10];
        if !(LEAST_FRAME_LOG2..=MOST_FRAME_LOG2).contains(&frame_log2) {
            return Err(OpenError::Malformed("the size of its frames is out of range"));
        }
        if bytes[11] & !PADDED != 0 {
            return Err(OpenError::Unknown("its flags"));
        }
        let padded = bytes[11] == PADDED;
        let mut prefix = Self::new(aead, frame_log2, padded, part(bytes, 12));
        prefix.masked_len = part(bytes, 44);
        prefix.tag = part(bytes, 52);
        Ok(prefix)
    }
}

/// `N` bytes from `at` on, which the caller knows to be there.
pub(crate) fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    core::array::from_fn(|index| bytes[at + index])
}
