//! Bucket names.

use std::fmt;
use std::str::FromStr;

/// A bucket name of 6 to 63 letters, digits, `-` and `.`.
///
/// Names are unique over all accounts in any letter case. Finer rules, such as the reserved prefix
/// `b2-`, are left to the service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(Box<str>);

/// Why text is no bucket name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBucketName {
    /// Shorter than [`BucketName::MIN_LEN`] or longer than [`BucketName::MAX_LEN`].
    #[error("the bucket name has {0} characters instead of 6 to 63")]
    Length(usize),
    /// A character that is no letter, digit, `-` or `.`.
    #[error("the bucket name has the character {0:?}")]
    Character(char),
}

impl BucketName {
    /// The fewest characters, by the rule "Bucket names".
    pub const MIN_LEN: usize = 6;

    /// The most characters, by the rule "Bucket names". Older documentation says 50.
    pub const MAX_LEN: usize = 63;

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// When the length or a character is outside the rules.
    pub fn new(name: &str) -> Result<Self, InvalidBucketName> {
        let legal = |letter: &char| letter.is_ascii_alphanumeric() || "-.".contains(*letter);
        if let Some(letter) = name.chars().find(|letter| !legal(letter)) {
            return Err(InvalidBucketName::Character(letter));
        }
        if !(Self::MIN_LEN..=Self::MAX_LEN).contains(&name.len()) {
            return Err(InvalidBucketName::Length(name.len()));
        }
        Ok(Self(name.into()))
    }

    /// The name. It needs no encoding anywhere.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for BucketName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = InvalidBucketName;

    fn from_str(name: &str) -> Result<Self, InvalidBucketName> {
        Self::new(name)
    }
}

impl TryFrom<&str> for BucketName {
    type Error = InvalidBucketName;

    fn try_from(name: &str) -> Result<Self, InvalidBucketName> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        assert_eq!(BucketName::new("Team-photos.2").unwrap().as_str(), "Team-photos.2");
        assert_eq!(BucketName::new("short"), Err(InvalidBucketName::Length(5)));
        assert!(BucketName::new(&"x".repeat(63)).is_ok());
        assert_eq!(BucketName::new(&"x".repeat(64)), Err(InvalidBucketName::Length(64)));
        assert_eq!(BucketName::new("team_photos"), Err(InvalidBucketName::Character('_')));
        assert_eq!(BucketName::new("bücher"), Err(InvalidBucketName::Character('ü')));
    }
}
