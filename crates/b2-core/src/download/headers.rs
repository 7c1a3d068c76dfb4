//! What the headers of a download say about the file.

use b2_proto::{ContentRange, ContentSha1, FileId, FileInfo, Sha1Digest, encoding, header};
use http::response::Parts;

use crate::error::{Error, ProtocolError};
use crate::plan::text;

/// A file version as the headers of a download describe it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FileHeaders {
    /// The version's id.
    pub file_id: FileId,
    /// The file's name.
    pub file_name: String,
    /// Length of the whole file in bytes, also if only a range was asked for.
    pub content_length: u64,
    /// SHA-1 of the whole file; `None` for large files.
    pub content_sha1: Option<ContentSha1>,
    /// Content type.
    pub content_type: Option<String>,
    /// When it was uploaded, in ms since 1970 by B2's clock.
    pub upload_timestamp: Option<i64>,
    /// File information; names are in lower case.
    pub file_info: FileInfo,
}

impl FileHeaders {
    pub(crate) fn read(operation: &'static str, head: &Parts) -> Result<Self, Error> {
        let missing =
            |name| Error::Protocol { operation, source: Box::new(ProtocolError::Header { name }) };
        let file_id = text(head, header::FILE_ID).ok_or_else(|| missing(header::FILE_ID))?;
        let file_name = text(head, header::FILE_NAME)
            .and_then(|name| encoding::decode(name).ok())
            .ok_or_else(|| missing(header::FILE_NAME))?;
        Ok(Self {
            file_id: FileId::from(file_id),
            file_name,
            content_length: whole_length(head).ok_or_else(|| missing("Content-Length"))?,
            content_sha1: text(head, header::CONTENT_SHA1).map(ContentSha1::from),
            content_type: text(head, "content-type").map(str::to_owned),
            upload_timestamp: text(head, header::UPLOAD_TIMESTAMP).and_then(|ms| ms.parse().ok()),
            file_info: file_info(head),
        })
    }

    /// The digest to hold the whole content against, and where it is from.
    pub(crate) fn digest(&self) -> Option<(Sha1Digest, super::Check)> {
        use super::Check;
        match &self.content_sha1 {
            Some(ContentSha1::Verified(digest)) => Some((*digest, Check::ContentSha1)),
            Some(ContentSha1::Unverified(digest)) => Some((*digest, Check::Unverified)),
            _ => {
                let stored = self.file_info.get(FileInfo::LARGE_FILE_SHA1)?;
                Some((stored.parse().ok()?, Check::LargeFileSha1))
            }
        }
    }
}

fn whole_length(head: &Parts) -> Option<u64> {
    match text(head, "content-range") {
        Some(range) => range.parse::<ContentRange>().ok()?.total(),
        None => text(head, "content-length")?.parse().ok(),
    }
}

fn file_info(head: &Parts) -> FileInfo {
    let readable =
        head.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    FileInfo::from_headers(readable)
}
