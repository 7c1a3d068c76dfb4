//! Finding out whether an upload whose answer was lost took effect.

use b2_proto::{Action, BucketId, ContentSha1, FileVersion, ListFileVersionsRequest, Sha1Digest};

use crate::account::clock;
use crate::call::Call;
use crate::endpoint::ListFileVersions;
use crate::upload::headers::UploadHeaders;

/// Versions of the name to look at: the newest come first, and an upload that
/// was made a moment ago is among them unless others write the same name.
const VERSIONS: u32 = 100;

/// The version that a lost answer should have described.
#[derive(Debug)]
pub(crate) struct Sought {
    pub(crate) len: u64,
    pub(crate) digest: Sha1Digest,
    /// B2's clock when the upload was begun, in ms since 1970, as far as
    /// known.
    pub(crate) not_before_ms: Option<i64>,
}

impl Sought {
    pub(crate) fn call(bucket: &BucketId, headers: &UploadHeaders) -> Call<ListFileVersions> {
        let name = headers.file_name().to_string();
        Call::new(
            ListFileVersionsRequest::new(bucket.clone())
                .with_start_file_name(name.clone())
                .with_prefix(name)
                .with_max_file_count(VERSIONS),
        )
    }

    pub(crate) fn find(
        &self,
        headers: &UploadHeaders,
        rows: Vec<FileVersion>,
    ) -> Option<FileVersion> {
        rows.into_iter().find(|row| self.matches(headers, row))
    }

    fn matches(&self, headers: &UploadHeaders, row: &FileVersion) -> bool {
        let stored = match &row.content_sha1 {
            Some(ContentSha1::Verified(digest) | ContentSha1::Unverified(digest)) => Some(*digest),
            _ => None,
        };
        row.action == Action::Upload
            && row.file_name == headers.file_name().as_str()
            && row.content_length == self.len
            && stored == Some(self.digest)
            && row.file_info == *headers.file_info().as_map()
            && self.recent(headers, row)
    }

    /// An older version of the same bytes is not this upload.
    fn recent(&self, headers: &UploadHeaders, row: &FileVersion) -> bool {
        match (headers.custom_upload_timestamp(), self.not_before_ms) {
            (Some(custom), _) => row.upload_timestamp == custom,
            (None, begun) => clock::since(begun, row.upload_timestamp),
        }
    }
}
