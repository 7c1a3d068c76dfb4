//! How a file version, a folder and a part look in JSON.

use serde_json::{Value, json};

use super::caller::Caller;
use super::lock;
use super::record::{Action, Encryption, File, Part};

/// The file object as this caller may see it.
pub(crate) fn file_json(version: u8, caller: &Caller, file: &File) -> Value {
    let mut body = json!({
        "accountId": caller.account.id,
        "action": file.action.wire(),
        "bucketId": file.bucket,
        "contentLength": file.len,
        "contentMd5": file.md5,
        "contentSha1": file.sha1,
        "contentType": file.content_type,
        "fileId": file.id,
        "fileInfo": file.info,
        "fileName": file.name,
        "uploadTimestamp": file.uploaded_at,
    });
    if file.action != Action::Hide {
        body["fileRetention"] = lock::retention_json(file, caller.may("readFileRetentions"));
        body["legalHold"] = lock::legal_hold_json(file, caller.may("readFileLegalHolds"));
        body["serverSideEncryption"] = file.encryption.to_json();
    }
    if let Some(status) = file.replication {
        body["replicationStatus"] = json!(status.wire());
    }
    add_size(version, file.len, &mut body);
    body
}

/// The row that stands for everything under a common beginning.
pub(crate) fn folder_json(version: u8, caller: &Caller, bucket: &str, name: &str) -> Value {
    let mut body = json!({
        "accountId": caller.account.id,
        "action": "folder",
        "bucketId": bucket,
        "contentLength": 0,
        "contentMd5": null,
        "contentSha1": null,
        "contentType": null,
        "fileId": null,
        "fileInfo": {},
        "fileName": name,
        "uploadTimestamp": 0,
    });
    add_size(version, 0, &mut body);
    body
}

/// The part object.
pub(crate) fn part_json(file_id: &str, encryption: &Encryption, part: &Part) -> Value {
    json!({
        "contentLength": part.len,
        "contentMd5": part.md5,
        "contentSha1": part.sha1,
        "fileId": file_id,
        "partNumber": part.number,
        "serverSideEncryption": encryption.to_json(),
        "uploadTimestamp": part.uploaded_at,
    })
}

/// Version 1 called the length so; its clients still read it.
fn add_size(version: u8, len: u64, body: &mut Value) {
    if version == 1 {
        body["size"] = json!(len);
    }
}
