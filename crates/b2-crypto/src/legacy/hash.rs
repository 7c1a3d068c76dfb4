//! The hashes of password derivations.

use hmac::digest::{Digest, FixedOutputReset};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// A hash by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Hash {
    /// MD5, 16 bytes. Broken for signatures; in a derivation its speed is the trouble.
    Md5,
    /// SHA-1, 20 bytes. As MD5.
    #[default]
    Sha1,
    /// SHA-224, 28 bytes.
    Sha224,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

/// A digest, at the beginning of a buffer that holds the longest.
pub(super) type Buffer = Zeroizing<[u8; 64]>;

impl Hash {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512, Self::Sha384, Self::Sha224];

    /// The length of a digest in bytes.
    pub fn digest_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `parts`, one after the other, hashed again `again` times.
    pub(super) fn digest(self, parts: &[&[u8]], again: u32) -> Buffer {
        match self {
            Self::Md5 => repeated::<Md5>(parts, again),
            Self::Sha1 => repeated::<Sha1>(parts, again),
            Self::Sha224 => repeated::<Sha224>(parts, again),
            Self::Sha256 => repeated::<Sha256>(parts, again),
            Self::Sha384 => repeated::<Sha384>(parts, again),
            Self::Sha512 => repeated::<Sha512>(parts, again),
        }
    }

    /// PBKDF2 with HMAC of this hash.
    pub(super) fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32, output: &mut [u8]) {
        match self {
            Self::Md5 => pbkdf2::pbkdf2_hmac::<Md5>(password, salt, iterations, output),
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, output),
            Self::Sha224 => pbkdf2::pbkdf2_hmac::<Sha224>(password, salt, iterations, output),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, output),
            Self::Sha384 => pbkdf2::pbkdf2_hmac::<Sha384>(password, salt, iterations, output),
            Self::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, output),
        }
    }
}

fn repeated<D: Digest + FixedOutputReset>(parts: &[&[u8]], again: u32) -> Buffer {
    let mut hasher = D::new();
    parts.iter().for_each(|part| Digest::update(&mut hasher, part));
    let mut digest = Zeroizing::new(hasher.finalize_reset());
    for _ in 0..again {
        Digest::update(&mut hasher, &*digest);
        Digest::finalize_into_reset(&mut hasher, &mut digest);
    }
    let mut buffer = Buffer::new([0; 64]);
    buffer[..digest.len()].copy_from_slice(&digest);
    buffer
}
