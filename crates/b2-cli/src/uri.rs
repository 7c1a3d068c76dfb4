//! Addresses of buckets and files: `b2://bucket/name` and `b2id://fileId`.
//!
//! A name stands in an address as it is. Nothing is decoded, so `%`, `#`, `?`
//! and spaces need no care but the shell's quotes.

use std::fmt;
use std::str::FromStr;

use b2::FileId;

const BY_NAME: &str = "b2://";
const BY_ID: &str = "b2id://";

/// Why text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidUri {
    #[error("an address begins with b2:// (or b2id:// for a file id)")]
    Scheme,
    #[error("the address has no bucket: write b2://bucket/name")]
    NoBucket,
    #[error("the address has no file name: write b2://bucket/name")]
    NoName,
    #[error("the address has no file id: write b2id://fileId")]
    NoId,
    #[error("a folder has no id: write b2://bucket/folder")]
    NotById,
    #[error("such a file is named by its id: write b2id://fileId")]
    OnlyById,
}

/// The address of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileUri {
    /// The newest version of a name.
    Name(NameUri),
    /// One version.
    Id(FileId),
}

/// The address of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdUri {
    pub(crate) id: FileId,
}

/// A file name in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameUri {
    pub(crate) bucket: String,
    pub(crate) name: String,
}

/// The address of a bucket or of something like a folder in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FolderUri {
    pub(crate) bucket: String,
    /// Empty for the whole bucket.
    pub(crate) path: String,
}

impl FromStr for FileUri {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        match after_scheme(text, BY_ID) {
            Some("") => Err(InvalidUri::NoId),
            Some(id) => Ok(Self::Id(FileId::from(id))),
            None => text.parse().map(Self::Name),
        }
    }
}

impl FromStr for IdUri {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        match text.parse() {
            Ok(FileUri::Id(id)) => Ok(Self { id }),
            Err(InvalidUri::NoId) => Err(InvalidUri::NoId),
            Ok(FileUri::Name(_)) | Err(_) => Err(InvalidUri::OnlyById),
        }
    }
}

impl FromStr for NameUri {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        let FolderUri { bucket, path: name } = text.parse()?;
        if name.is_empty() {
            return Err(InvalidUri::NoName);
        }
        Ok(Self { bucket, name })
    }
}

impl FromStr for FolderUri {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        if after_scheme(text, BY_ID).is_some() {
            return Err(InvalidUri::NotById);
        }
        let rest = after_scheme(text, BY_NAME).ok_or(InvalidUri::Scheme)?;
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(InvalidUri::NoBucket);
        }
        Ok(Self { bucket: bucket.to_owned(), path: path.to_owned() })
    }
}

/// What follows the scheme, which may be in any letter case.
fn after_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

impl fmt::Display for FileUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Id(id) => write!(f, "{BY_ID}{id}"),
        }
    }
}

impl fmt::Display for NameUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BY_NAME}{}/{}", self.bucket, self.name)
    }
}

impl fmt::Display for FolderUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BY_NAME}{}/{}", self.bucket, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_as_it_is() {
        for name in ["a", "a b", "100%", "%41", "a#b?c=d", "/leading", "a//b", "ä/🦀", "b2://x"]
        {
            let uri: NameUri = format!("b2://bucket/{name}").parse().unwrap();
            assert_eq!((uri.bucket.as_str(), uri.name.as_str()), ("bucket", name));
            assert_eq!(uri.to_string(), format!("b2://bucket/{name}"));
        }
    }

    #[test]
    fn a_bucket_is_a_folder() {
        for text in ["b2://bucket", "b2://bucket/", "B2://bucket"] {
            let uri: FolderUri = text.parse().unwrap();
            assert_eq!((uri.bucket.as_str(), uri.path.as_str()), ("bucket", ""));
            assert_eq!(text.parse::<FileUri>(), Err(InvalidUri::NoName));
        }
    }

    #[test]
    fn a_file_has_an_id_and_a_folder_has_none() {
        assert_eq!("b2id://4_z".parse(), Ok(FileUri::Id(FileId::from("4_z"))));
        assert_eq!("b2id://".parse::<FileUri>(), Err(InvalidUri::NoId));
        assert_eq!("b2id://4_z".parse::<FolderUri>(), Err(InvalidUri::NotById));
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!("bucket/name".parse::<FileUri>(), Err(InvalidUri::Scheme));
        assert_eq!("".parse::<FileUri>(), Err(InvalidUri::Scheme));
        assert_eq!("é".parse::<FolderUri>(), Err(InvalidUri::Scheme));
        assert_eq!("b2:///name".parse::<FileUri>(), Err(InvalidUri::NoBucket));
    }
}
