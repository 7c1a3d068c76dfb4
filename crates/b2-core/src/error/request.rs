//! What is wrong with a request that is never made.

use crate::upload::CannotResume;

/// A request that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A URL that B2 (or the configuration) gave is not one.
    #[error("not an absolute http or https URL")]
    Url,
    /// A value cannot stand in a header.
    #[error("the value of {name} cannot stand in an HTTP header")]
    Header {
        /// Name of the header or field.
        name: Box<str>,
    },
    /// More bytes than one request may carry.
    #[error("{len} bytes are more than one upload may carry ({limit})")]
    TooLarge {
        /// Length of the source in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A number is outside the range that the rule allows.
    #[error("{name} is {value}, outside {min}..={max}")]
    OutOfRange {
        /// Name of the field.
        name: &'static str,
        /// What was given.
        value: u64,
        /// Smallest allowed value.
        min: u64,
        /// Largest allowed value.
        max: u64,
    },
    /// File information breaks one of B2's rules.
    #[error(transparent)]
    FileInfo(#[from] b2_proto::InvalidFileInfo),
    /// There is no such bucket in this account, or the application key may
    /// not see it.
    #[error("no bucket named {name}{}", restriction_note(restriction.as_deref()))]
    NoSuchBucket {
        /// The name that was asked for.
        name: Box<str>,
        /// What the application key is restricted to, if it is.
        restriction: Option<Box<str>>,
    },
    /// The application key may not write this name. It is not sent: B2
    /// refuses it in the words that mean a worn-out upload URL.
    #[error("{name:?} is not allowed: the key is restricted to {restriction}")]
    OutsideRestriction {
        /// The file name that was asked for.
        name: Box<str>,
        /// What the application key is restricted to.
        restriction: Box<str>,
    },
    /// The application key may not write to this bucket. It is not sent, so
    /// that nothing is read and hashed in vain.
    #[error("the bucket {bucket_id} is not allowed: the key is restricted to {restriction}")]
    OutsideBuckets {
        /// The bucket that was asked for.
        bucket_id: b2_proto::BucketId,
        /// What the application key is restricted to.
        restriction: Box<str>,
    },
    /// The application key lacks a capability that a part of the request
    /// needs. It is not sent: B2 refuses it in the words that mean a worn-out
    /// upload URL.
    #[error("the application key lacks the capability `{0}`")]
    Lacking(b2_proto::Capability),
    /// Two fields that do not go together, or one that another needs.
    #[error("{0}")]
    Contradiction(&'static str),
    /// B2 does not allow this file name.
    #[error(transparent)]
    FileName(#[from] b2_proto::InvalidFileName),
    /// B2 does not allow this bucket name.
    #[error(transparent)]
    BucketName(#[from] b2_proto::InvalidBucketName),
    /// A large file cannot be finished, as B2 does not have this part of it.
    #[error("part {number} is missing")]
    MissingPart {
        /// The lowest number that is missing, from 1.
        number: u32,
    },
    /// The upload cannot go on where another one stopped.
    #[error("the upload cannot be resumed")]
    CannotResume(#[from] CannotResume),
    /// A range of no byte.
    #[error("the range has no byte left")]
    EmptyRange,
    /// A range that counts from the end; B2 does not promise to know it.
    #[error("a range has to say its first byte")]
    RangeWithoutStart,
}

impl RequestError {
    pub(super) fn advice(&self) -> Option<String> {
        match self {
            Self::Lacking(capability) => {
                Some(format!("use an application key with the capability `{capability}`"))
            }
            Self::MissingPart { number } => {
                Some(format!("upload part {number}, or cancel the large file"))
            }
            Self::CannotResume(_) => Some(
                "begin anew without the journal, and cancel the unfinished large file".to_owned(),
            ),
            _ => None,
        }
    }
}

fn restriction_note(restriction: Option<&str>) -> String {
    restriction.map_or_else(String::new, |what| format!(": the key is restricted to {what}"))
}
