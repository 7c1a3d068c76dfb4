//! File names.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::FileNameLint;
use crate::encoding::{self, InvalidEncoding};

/// A file name that the service can store, together with its percent-encoded form.
///
/// Names are case-sensitive, never normalised, and ordered by the bytes of their UTF-8. Rules that
/// the service may or may not enforce today are in [`lint`](Self::lint).
///
/// ```
/// use b2_proto::FileName;
///
/// # fn main() -> Result<(), b2_proto::InvalidFileName> {
/// let name = FileName::new("notes/hello there+.txt")?;
/// assert_eq!(name.encoded(), "notes/hello%20there%2B.txt");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FileName {
    plain: Box<str>,
    /// None when encoding changes nothing.
    encoded: Option<Box<str>>,
}

/// Why text is no file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFileName {
    /// The name is empty.
    #[error("the file name is empty")]
    Empty,
    /// The name has more than [`FileName::MAX_BYTES`] bytes in UTF-8.
    #[error("the file name has {0} bytes, more than 1024")]
    TooLong(usize),
    /// A control character: below 32, or 127.
    #[error("the file name has the control character {code} at byte {offset}")]
    ControlCharacter {
        /// The character's code.
        code: u8,
        /// Its position in bytes from the start.
        offset: usize,
    },
    /// The percent-encoded form cannot be decoded.
    #[error("the file name is badly encoded")]
    Encoding(#[source] InvalidEncoding),
}

impl FileName {
    /// The most bytes a name may have in UTF-8, by the rule "File names".
    pub const MAX_BYTES: usize = 1024;

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// When the name is empty, longer than [`MAX_BYTES`](Self::MAX_BYTES) or has a control
    /// character.
    pub fn new(plain: &str) -> Result<Self, InvalidFileName> {
        if plain.is_empty() {
            return Err(InvalidFileName::Empty);
        }
        if plain.len() > Self::MAX_BYTES {
            return Err(InvalidFileName::TooLong(plain.len()));
        }
        let control = plain.bytes().enumerate().find(|(_, byte)| byte.is_ascii_control());
        if let Some((offset, code)) = control {
            return Err(InvalidFileName::ControlCharacter { code, offset });
        }
        let encoded = match encoding::encode(plain) {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(encoded) => Some(encoded.into()),
        };
        Ok(Self { plain: plain.into(), encoded })
    }

    /// Decodes and checks the form that headers and paths carry.
    ///
    /// # Errors
    ///
    /// When the text cannot be decoded, or decodes to something that is no name.
    pub fn decode(encoded: &str) -> Result<Self, InvalidFileName> {
        let plain = encoding::decode(encoded).map_err(InvalidFileName::Encoding)?;
        Self::new(&plain)
    }

    /// The name as people and JSON write it.
    pub fn as_str(&self) -> &str {
        &self.plain
    }

    /// The name as headers and paths carry it.
    pub fn encoded(&self) -> &str {
        self.encoded.as_deref().unwrap_or(&self.plain)
    }

    /// What the service, or another client, might dislike about this valid name.
    pub fn lint(&self) -> Vec<FileNameLint> {
        FileNameLint::all(&self.plain)
    }
}

impl PartialEq for FileName {
    fn eq(&self, other: &Self) -> bool {
        self.plain == other.plain
    }
}

impl Eq for FileName {}

impl PartialOrd for FileName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the bytes of the names, as the service lists them.
impl Ord for FileName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.plain.as_bytes().cmp(other.plain.as_bytes())
    }
}

impl Hash for FileName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.plain.hash(state);
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileName").field(&self.plain).finish()
    }
}

impl AsRef<str> for FileName {
    fn as_ref(&self) -> &str {
        &self.plain
    }
}

impl FromStr for FileName {
    type Err = InvalidFileName;

    fn from_str(plain: &str) -> Result<Self, InvalidFileName> {
        Self::new(plain)
    }
}

impl TryFrom<&str> for FileName {
    type Error = InvalidFileName;

    fn try_from(plain: &str) -> Result<Self, InvalidFileName> {
        Self::new(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_in_bytes() {
        assert_eq!(FileName::new(""), Err(InvalidFileName::Empty));
        assert!(FileName::new(&"é".repeat(512)).is_ok());
        assert_eq!(FileName::new(&"é".repeat(513)), Err(InvalidFileName::TooLong(1026)));
    }

    #[test]
    fn control_characters_are_refused() {
        for code in (0..32).chain([127]) {
            let name = format!("ab{}", char::from(code));
            let expected = InvalidFileName::ControlCharacter { code, offset: 2 };
            assert_eq!(FileName::new(&name), Err(expected));
        }
        assert!(FileName::new("a b\\c//d").is_ok());
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        let name = FileName::new("自由/a+b c").unwrap();
        assert_eq!(name.encoded(), "%E8%87%AA%E7%94%B1/a%2Bb%20c");
        assert_eq!(FileName::decode(name.encoded()), Ok(name.clone()));
        assert_eq!(FileName::decode("a+b").unwrap().as_str(), "a b");
        assert!(matches!(FileName::decode("%4"), Err(InvalidFileName::Encoding(_))));
        assert_eq!(FileName::new("plain.txt").unwrap().encoded(), "plain.txt");
    }

    #[test]
    fn names_are_ordered_by_bytes() {
        // In UTF-16 the second would come first.
        let below = FileName::new("\u{ff5e}").unwrap();
        let above = FileName::new("\u{10000}").unwrap();
        assert!(below < above);
    }
}
