//! Names of files, encrypted so that folders stay folders.

use alloc::string::String;
use alloc::vec::Vec;

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use zeroize::Zeroizing;

use crate::format::schedule::Expander;
use crate::secret::RawKey;

/// Encrypts the names of files, each segment between slashes for itself.
///
/// The same name under the same key is always encrypted to the same text, so that a file can be
/// found again and a folder listed by its prefix. The price: whoever sees two names sees whether
/// they, or folders at their beginning, are equal, and roughly how long they are. A segment's
/// encryption depends on the folders before it, so a name cannot be moved to another folder.
///
/// Lists are sorted by what is encrypted, which says nothing about the order of the names.
///
/// ```
/// use b2_crypto::{NameCipher, RawKey};
///
/// # fn main() -> Result<(), b2_crypto::NameError> {
/// let names = NameCipher::new(&RawKey::new([7; 32]));
/// let sealed = names.encrypt("2026/cat.jpg")?;
/// assert!(sealed.starts_with(&names.encrypt("2026/")?));
/// assert_eq!(names.decrypt(&sealed)?, "2026/cat.jpg");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct NameCipher {
    key: Zeroizing<[u8; 64]>,
}

/// Why a name cannot be encrypted or decrypted. Does not repeat the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Shorten a folder or the file's own name: at most 171 bytes of UTF-8 between slashes.
    #[error("a segment of the name is too long: encrypted it would have more than 250 bytes")]
    SegmentTooLong,
    /// Shorten the name.
    #[error("the name is too long: encrypted it would have more than 1024 bytes")]
    TooLong,
    /// The name was not encrypted with this key, or was changed or moved.
    #[error("the name was not encrypted with this key, or was changed")]
    NotOurs,
}

/// What B2 takes between two slashes, in bytes.
const MOST_SEGMENT: usize = 250;
/// What B2 takes as a whole, in bytes.
const MOST_NAME: usize = 1024;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl NameCipher {
    /// A cipher whose key is derived from this one, which may encrypt files too.
    pub fn new(key: &RawKey) -> Self {
        let expander = Expander::new(&[0; 32], key.expose());
        let mut both = Zeroizing::new([0; 64]);
        both[..32].copy_from_slice(&*expander.key(b"b2-crypto/1 names mac", &[]));
        both[32..].copy_from_slice(&*expander.key(b"b2-crypto/1 names ctr", &[]));
        Self { key: both }
    }

    /// Encrypts a name, or a prefix that ends with a slash.
    ///
    /// # Errors
    ///
    /// If what comes out would break B2's limits.
    pub fn encrypt(&self, name: &str) -> Result<String, NameError> {
        let mut sealed = String::new();
        for (folder, segment) in segments(name) {
            if !folder.is_empty() {
                sealed.push('/');
            }
            if segment.is_empty() {
                continue;
            }
            let begin = sealed.len();
            let bytes = self.siv().encrypt([folder.as_bytes()], segment.as_bytes());
            encode(&bytes.map_err(|_| NameError::TooLong)?, &mut sealed);
            if sealed.len() - begin > MOST_SEGMENT {
                return Err(NameError::SegmentTooLong);
            }
        }
        if sealed.len() > MOST_NAME { Err(NameError::TooLong) } else { Ok(sealed) }
    }

    /// Decrypts what [`encrypt`](Self::encrypt) made.
    ///
    /// # Errors
    ///
    /// [`NameError::NotOurs`] if it did not make it with this key.
    pub fn decrypt(&self, sealed: &str) -> Result<String, NameError> {
        let mut name = String::new();
        for (number, segment) in sealed.split('/').enumerate() {
            if number > 0 {
                name.push('/');
            }
            if segment.is_empty() {
                continue;
            }
            let bytes = decode(segment).ok_or(NameError::NotOurs)?;
            let opened = self.siv().decrypt([name.as_bytes()], &bytes);
            let opened = String::from_utf8(opened.map_err(|_| NameError::NotOurs)?);
            let opened = opened.map_err(|_| NameError::NotOurs)?;
            if opened.contains('/') {
                return Err(NameError::NotOurs);
            }
            name.push_str(&opened);
        }
        Ok(name)
    }

    fn siv(&self) -> Aes256Siv {
        Aes256Siv::new(&(*self.key).into())
    }
}

impl core::fmt::Debug for NameCipher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NameCipher(..)")
    }
}

/// Each segment with everything before it, the slash included.
fn segments(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let begins = core::iter::once(0).chain(name.match_indices('/').map(|(at, _)| at + 1));
    begins.map(|begin| {
        let (folder, rest) = name.split_at(begin);
        (folder, rest.split('/').next().unwrap_or_default())
    })
}

/// Base64 with the alphabet for URLs and without padding.
fn encode(bytes: &[u8], output: &mut String) {
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .enumerate()
            .fold(0_u32, |word, (place, byte)| word | u32::from(*byte) << (16 - 8 * place));
        for place in 0..=chunk.len() {
            output.push(char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]));
        }
    }
}

/// The inverse of [`encode`]; only what that makes is accepted.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for (place, letter) in chunk.iter().enumerate() {
            let value = ALPHABET.iter().position(|known| known == letter)?;
            word |= u32::try_from(value).ok()? << (18 - 6 * place);
        }
        let whole = chunk.len() * 6 / 8;
        let [_, made @ ..] = word.to_be_bytes();
        if chunk.len() == 1 || made[whole..].iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(&made[..whole]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    fn names() -> NameCipher {
        NameCipher::new(&RawKey::new([7; 32]))
    }

    proptest! {
        #[test]
        fn names_come_back(name in "[^/]{1,40}(/[^/]{1,40}){0,2}/?") {
            let sealed = names().encrypt(&name).unwrap();
            prop_assert_eq!(sealed.matches('/').count(), name.matches('/').count());
            prop_assert_eq!(names().decrypt(&sealed).unwrap(), name);
        }

        #[test]
        fn anything_else_is_refused(text in ".{1,60}") {
            prop_assume!(text.chars().any(|letter| letter != '/'));
            prop_assert_eq!(names().decrypt(&text), Err(NameError::NotOurs));
        }
    }

    #[test]
    fn segments_cannot_be_moved_or_changed() {
        let (a, b) = (names().encrypt("a/x").unwrap(), names().encrypt("b/x").unwrap());
        let (_, x) = a.split_once('/').unwrap();
        let (folder, other) = b.split_once('/').unwrap();
        assert_ne!(x, other);
        assert_eq!(names().decrypt(&format!("{folder}/{x}")), Err(NameError::NotOurs));
        for at in 0..a.len() {
            let mut changed = a.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(names().decrypt(&changed), Err(NameError::NotOurs), "{at}");
        }
    }

    /// Whoever has the key can make one, but no name of ours has it.
    #[test]
    fn a_segment_with_a_slash_is_none() {
        let sealed = names().siv().encrypt([b"".as_slice()], b"a/b").unwrap();
        let mut text = String::new();
        encode(&sealed, &mut text);
        assert_eq!(names().decrypt(&text), Err(NameError::NotOurs));
    }

    #[test]
    fn limits_are_kept() {
        let fits = "x".repeat(171);
        assert_eq!(names().encrypt(&fits).unwrap().len(), 250);
        assert_eq!(names().encrypt(&"x".repeat(172)), Err(NameError::SegmentTooLong));
        let long = [fits.as_str(); 5].join("/");
        assert_eq!(names().encrypt(&long), Err(NameError::TooLong));
    }
}
