//! Who may read the files of a bucket.

use b2::BucketType;
use clap::ValueEnum;

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "camelCase")]
pub(super) enum Readers {
    /// Anyone
    AllPublic,
    /// Only holders of a key or a token
    AllPrivate,
}

impl From<Readers> for BucketType {
    fn from(readers: Readers) -> Self {
        match readers {
            Readers::AllPublic => Self::AllPublic,
            Readers::AllPrivate => Self::AllPrivate,
        }
    }
}
