//! SHA-1 digests and the forms in which the service tells them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::open_enum;

/// A SHA-1 digest, written as 40 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha1Digest([u8; 20]);

/// Text that is not 40 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-1 digest of 40 hexadecimal digits")]
#[non_exhaustive]
pub struct InvalidSha1;

impl Sha1Digest {
    /// The digits that a digest is written with.
    pub const HEX_LEN: usize = 40;

    /// The digest of these bytes.
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The 40 digits in ASCII, as they follow a body that ends in its digest.
    pub fn to_hex(self) -> [u8; Self::HEX_LEN] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; Self::HEX_LEN];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0x0f)];
        }
        hex
    }
}

impl From<[u8; 20]> for Sha1Digest {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Sha1Digest {
    type Err = InvalidSha1;

    fn from_str(text: &str) -> Result<Self, InvalidSha1> {
        if text.len() != Self::HEX_LEN {
            return Err(InvalidSha1);
        }
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, InvalidSha1> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(InvalidSha1),
    }
}

impl fmt::Display for Sha1Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_hex()
            .iter()
            .try_for_each(|digit| f.write_str(char::from(*digit).encode_utf8(&mut [0; 4])))
    }
}

impl fmt::Debug for Sha1Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha1Digest({self})")
    }
}

/// The `contentSha1` of a file or part, and the `X-Bz-Content-Sha1` of a download.
///
/// A null becomes `None` of the surrounding `Option`; text in no known form is kept, so that one
/// odd row never fails a listing.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ContentSha1 {
    /// The service compared the content with this digest.
    Verified(Sha1Digest),
    /// The service computed this digest, but had none to compare it with.
    Unverified(Sha1Digest),
    /// `none`: a large file, whose content has no digest of its own.
    None,
    /// Text in no known form.
    Other(Box<str>),
}

impl ContentSha1 {
    const UNVERIFIED: &'static str = "unverified:";
    const NONE: &'static str = "none";

    /// The digest of the content, whoever vouches for it.
    pub fn digest(&self) -> Option<Sha1Digest> {
        match self {
            Self::Verified(digest) | Self::Unverified(digest) => Some(*digest),
            Self::None | Self::Other(_) => None,
        }
    }

    /// The digest, if the service compared the content with it.
    pub fn verified(&self) -> Option<Sha1Digest> {
        match self {
            Self::Verified(digest) => Some(*digest),
            Self::Unverified(_) | Self::None | Self::Other(_) => None,
        }
    }
}

impl From<Sha1Digest> for ContentSha1 {
    fn from(digest: Sha1Digest) -> Self {
        Self::Verified(digest)
    }
}

impl From<&str> for ContentSha1 {
    fn from(text: &str) -> Self {
        if text == Self::NONE {
            return Self::None;
        }
        let (make, digits): (fn(Sha1Digest) -> Self, _) = match text.strip_prefix(Self::UNVERIFIED)
        {
            Some(digits) => (Self::Unverified, digits),
            None => (Self::Verified, text),
        };
        digits.parse().map_or_else(|_| Self::Other(text.into()), make)
    }
}

impl fmt::Display for ContentSha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(digest) => digest.fmt(f),
            Self::Unverified(digest) => write!(f, "{}{digest}", Self::UNVERIFIED),
            Self::None => f.write_str(Self::NONE),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl Serialize for Sha1Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha1Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for ContentSha1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentSha1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        open_enum::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";

    #[test]
    fn digests_are_lower_case_digits() {
        let digest: Sha1Digest = ABC.parse().unwrap();
        assert_eq!(digest.as_bytes()[..3], [0xa9, 0x99, 0x3e]);
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(ABC.to_ascii_uppercase().parse(), Ok(digest));
        for bad in ["", "a9", &ABC[1..], &format!("{}g", &ABC[1..]), &"é".repeat(20)] {
            assert_eq!(bad.parse::<Sha1Digest>(), Err(InvalidSha1), "{bad}");
        }
    }

    #[test]
    fn every_form_reads_and_writes() {
        let digest: Sha1Digest = ABC.parse().unwrap();
        let unverified = format!("unverified:{ABC}");
        for (text, form) in [
            (ABC, ContentSha1::Verified(digest)),
            (unverified.as_str(), ContentSha1::Unverified(digest)),
            ("none", ContentSha1::None),
            ("sha1?", ContentSha1::Other("sha1?".into())),
            ("unverified:", ContentSha1::Other("unverified:".into())),
        ] {
            assert_eq!(ContentSha1::from(text), form);
            assert_eq!(form.to_string(), text);
        }
    }

    #[test]
    fn an_unverified_digest_is_not_reported_as_verified() {
        let form = ContentSha1::from(format!("unverified:{ABC}").as_str());
        assert_eq!(form.verified(), None);
        assert_eq!(form.digest().map(|digest| digest.to_string()).as_deref(), Some(ABC));
    }
}
