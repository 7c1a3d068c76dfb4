//! What a finished download tells, for programs and for people.

use std::collections::BTreeMap;

use b2::{Check, ContentSha1, Downloaded, FileHeaders};
use serde::Serialize;

/// A download that has ended well.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DownloadRow<'a> {
    file_id: &'a str,
    file_name: &'a str,
    /// Length of the whole file in bytes.
    content_length: u64,
    content_sha1: Option<&'a ContentSha1>,
    content_type: Option<&'a str>,
    /// In ms since 1970.
    upload_timestamp: Option<i64>,
    file_info: &'a BTreeMap<String, String>,
    /// Bytes written.
    bytes: u64,
    /// What the bytes were held against: `contentSha1`, `unverifiedSha1`
    /// (B2's own, the uploader gave none), `largeFileSha1`, `authenticated`
    /// (by the encryption on this side) or `none`.
    check: &'static str,
    /// The destination; `-` for standard output.
    path: String,
}

impl<'a> DownloadRow<'a> {
    pub(super) fn new(downloaded: &'a Downloaded, path: String) -> Self {
        let FileHeaders { file_id, file_name, content_length, content_sha1, .. } =
            &downloaded.headers;
        Self {
            file_id: file_id.as_str(),
            file_name,
            content_length: *content_length,
            content_sha1: content_sha1.as_ref(),
            content_type: downloaded.headers.content_type.as_deref(),
            upload_timestamp: downloaded.headers.upload_timestamp,
            file_info: downloaded.headers.file_info.as_map(),
            bytes: downloaded.bytes,
            check: check(downloaded.check),
            path,
        }
    }

    pub(super) fn words(&self) -> String {
        let checked = match self.check {
            "authenticated" => "decrypted and verified",
            "none" => "not checked, as B2 knows no digest of it",
            _ => "checked against its SHA-1",
        };
        format!("downloaded {} bytes to {}, {checked}", self.bytes, self.path)
    }
}

fn check(check: Check) -> &'static str {
    match check {
        Check::ContentSha1 => "contentSha1",
        Check::Unverified => "unverifiedSha1",
        Check::LargeFileSha1 => "largeFileSha1",
        Check::Authenticated => "authenticated",
        _ => "none",
    }
}
