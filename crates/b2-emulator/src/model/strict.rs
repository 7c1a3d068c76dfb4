//! What strict mode refuses: requests that the documentation does not allow,
//! though the service may let them pass.

use http::header::USER_AGENT;

use super::head::Head;
use super::operation::Operation;
use super::params::Params;
use super::refusal::{Outcome, bad_request};

/// The integration checklist bounds it; the length is not documented.
const LONGEST_AGENT: usize = 128;

/// Refuses a request without a proper `User-Agent`.
pub(super) fn check_agent(head: &Head) -> Outcome<()> {
    match head.headers.get(USER_AGENT).map(http::HeaderValue::len) {
        Some(1..=LONGEST_AGENT) => Ok(()),
        Some(len) => Err(bad_request(format!("strict: User-Agent has {len} characters"))),
        None => Err(bad_request("strict: User-Agent is missing")),
    }
}

/// Refuses fields that the operation does not have. In a query it may also
/// have the names that a download link carries.
pub(super) fn check_fields(operation: Operation, params: &Params) -> Outcome<()> {
    let known = fields(operation);
    let in_links = ["Authorization"];
    let unknown = params
        .names()
        .find(|name| !(known.contains(name) || params.is_query() && in_links.contains(name)));
    unknown.map_or(Ok(()), |name| {
        Err(bad_request(format!("strict: {} has no field {name}", operation.name())))
    })
}

const DOWNLOAD: &[&str] = &[
    "fileId",
    "b2ContentDisposition",
    "b2ContentLanguage",
    "b2Expires",
    "b2CacheControl",
    "b2ContentEncoding",
    "b2ContentType",
    "serverSideEncryption",
];

const BUCKET: &[&str] = &[
    "accountId",
    "bucketId",
    "bucketName",
    "bucketType",
    "bucketInfo",
    "corsRules",
    "defaultRetention",
    "defaultServerSideEncryption",
    "fileLockEnabled",
    "ifRevisionIs",
    "lifecycleRules",
    "replicationConfiguration",
];

const fn fields(operation: Operation) -> &'static [&'static str] {
    use Operation as Op;
    match operation {
        // The body may hold anything; it is not looked at.
        Op::AuthorizeAccount | Op::UploadFile | Op::UploadPart => &[],
        Op::CancelLargeFile | Op::GetFileInfo | Op::GetUploadPartUrl => &["fileId"],
        Op::CopyFile => &[
            "sourceFileId",
            "destinationBucketId",
            "fileName",
            "range",
            "metadataDirective",
            "contentType",
            "fileInfo",
            "fileRetention",
            "legalHold",
            "sourceServerSideEncryption",
            "destinationServerSideEncryption",
        ],
        Op::CopyPart => &[
            "sourceFileId",
            "largeFileId",
            "partNumber",
            "range",
            "sourceServerSideEncryption",
            "destinationServerSideEncryption",
        ],
        Op::CreateBucket | Op::UpdateBucket => BUCKET,
        Op::CreateKey => &[
            "accountId",
            "capabilities",
            "keyName",
            "validDurationInSeconds",
            "bucketId",
            "bucketIds",
            "namePrefix",
        ],
        Op::DeleteBucket => &["accountId", "bucketId"],
        Op::DeleteFileVersion => &["fileName", "fileId", "bypassGovernance"],
        Op::DeleteKey => &["applicationKeyId"],
        Op::DownloadFileById | Op::DownloadFileByName => DOWNLOAD,
        Op::FinishLargeFile => &["fileId", "partSha1Array"],
        Op::GetBucketNotificationRules | Op::GetUploadUrl => &["bucketId"],
        Op::GetDownloadAuthorization => &[
            "bucketId",
            "fileNamePrefix",
            "validDurationInSeconds",
            "b2ContentDisposition",
            "b2ContentLanguage",
            "b2Expires",
            "b2CacheControl",
            "b2ContentEncoding",
            "b2ContentType",
        ],
        Op::HideFile => &["bucketId", "fileName"],
        Op::ListBuckets => &["accountId", "bucketId", "bucketName", "bucketTypes"],
        Op::ListFileNames => &["bucketId", "startFileName", "maxFileCount", "prefix", "delimiter"],
        Op::ListFileVersions => {
            &["bucketId", "startFileName", "startFileId", "maxFileCount", "prefix", "delimiter"]
        }
        Op::ListKeys => &["accountId", "maxKeyCount", "startApplicationKeyId"],
        Op::ListParts => &["fileId", "startPartNumber", "maxPartCount"],
        Op::ListUnfinishedLargeFiles => &["bucketId", "namePrefix", "startFileId", "maxFileCount"],
        Op::SetBucketNotificationRules => &["bucketId", "eventNotificationRules"],
        Op::StartLargeFile => &[
            "bucketId",
            "fileName",
            "contentType",
            "fileInfo",
            "fileRetention",
            "legalHold",
            "serverSideEncryption",
            "customUploadTimestamp",
            "custom_upload_timestamp",
        ],
        Op::UpdateFileLegalHold => &["fileName", "fileId", "legalHold"],
        Op::UpdateFileRetention => &["fileName", "fileId", "fileRetention", "bypassGovernance"],
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every field of every sample request is one that strict mode knows.
    #[test]
    fn no_sample_request_is_refused() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/v4");
        let mut seen = 0;
        for entry in std::fs::read_dir(fixtures).unwrap() {
            let folder = entry.unwrap().path();
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            let Some(operation) = Operation::parse(&name) else { continue };
            for file in std::fs::read_dir(&folder).unwrap() {
                let path = file.unwrap().path();
                let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
                if !stem.starts_with("request") || path.extension().is_none_or(|e| e != "json") {
                    continue;
                }
                let sample: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                for field in sample.keys().filter(|field| !field.starts_with('$')) {
                    assert!(
                        operation.is_upload() || fields(operation).contains(&field.as_str()),
                        "{name}: {field}"
                    );
                    seen += 1;
                }
            }
        }
        assert!(seen > 50, "{seen} fields");
    }
}
