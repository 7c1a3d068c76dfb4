//! Which object to download.

use b2_proto::{BucketName, FileId, FileName};

/// Names an object of B2.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Object {
    /// The newest version of a name.
    Name {
        /// The bucket's name.
        bucket: BucketName,
        /// The file's name.
        file: FileName,
    },
    /// One version.
    Id(FileId),
}

impl Object {
    /// B2's name of the call that downloads it.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Name { .. } => "b2_download_file_by_name",
            Self::Id(_) => "b2_download_file_by_id",
        }
    }

    /// Where it is below the base URL of downloads.
    pub(crate) fn url(&self, base: &str) -> String {
        match self {
            Self::Name { bucket, file } => format!("{base}/file/{bucket}/{}", file.encoded()),
            Self::Id(id) => {
                let id = b2_proto::encoding::encode(id.as_str());
                format!("{base}/b2api/v4/b2_download_file_by_id?fileId={id}")
            }
        }
    }
}
