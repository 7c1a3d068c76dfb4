//! What uploads and copies give.

use b2_proto::FileVersion;

/// A file that was uploaded or copied.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StoredFile {
    /// The version that was made.
    pub file: FileVersion,
    /// The answer to an attempt was lost, and no version of it was found, or
    /// the application key may not list files to find out: it may have made,
    /// or still make, another version of the same bytes.
    pub possible_duplicate: bool,
    /// The answer that would have begun a large file was lost and the file was
    /// not found: one without parts may be left unfinished.
    pub possible_orphan: bool,
}

impl StoredFile {
    pub(crate) fn new(file: FileVersion, possible_duplicate: bool) -> Self {
        Self { file, possible_duplicate, possible_orphan: false }
    }
}
