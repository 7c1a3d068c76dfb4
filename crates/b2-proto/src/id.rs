//! Identifiers that the service hands out. They are opaque: nothing here looks inside.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as it is on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }
    };
}

id! {
    /// An account. It comes from the answer to authorization, never from the key: only a master
    /// key's id equals it.
    AccountId
}

id! {
    /// The public half of an application key.
    ApplicationKeyId
}

id! {
    /// A bucket.
    BucketId
}

id! {
    /// A version of a file, up to 200 characters.
    FileId
}

id! {
    /// A large file that is not finished yet. It keeps its id when it becomes a file.
    LargeFileId
}

/// An unfinished large file is met among files in listings.
impl From<FileId> for LargeFileId {
    fn from(id: FileId) -> Self {
        Self(id.0)
    }
}

/// A finished large file keeps its id.
impl From<LargeFileId> for FileId {
    fn from(id: LargeFileId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_strings_on_the_wire() {
        let id: BucketId = serde_json::from_str("\"3e9a71c0\"").unwrap();
        assert_eq!(id, BucketId::from("3e9a71c0"));
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"3e9a71c0\"");
        assert_eq!(id.to_string(), "3e9a71c0");
    }

    #[test]
    fn a_large_file_keeps_its_id() {
        let large = LargeFileId::from("4_z1_f2");
        let file = FileId::from(large.clone());
        assert_eq!(file.as_str(), "4_z1_f2");
        assert_eq!(LargeFileId::from(file), large);
    }
}
