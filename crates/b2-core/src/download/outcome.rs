//! What a download gives.

use crate::download::headers::FileHeaders;

/// What a download gives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Downloaded {
    /// The version that was downloaded.
    pub headers: FileHeaders,
    /// Bytes written to the sink.
    pub bytes: u64,
    /// How they were checked.
    pub check: Check,
}

/// How the content of a download was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Check {
    /// Against the SHA-1 that B2 verified when the file was uploaded.
    ContentSha1,
    /// Against the SHA-1 that B2 computed itself: the uploader gave none.
    Unverified,
    /// Against the SHA-1 that the uploader of a large file left in
    /// `large_file_sha1`.
    LargeFileSha1,
    /// Frame by frame, by the authentication of what was encrypted on the side
    /// of the client.
    Authenticated,
    /// Not at all: there is no digest, or only a range was fetched.
    None,
}
