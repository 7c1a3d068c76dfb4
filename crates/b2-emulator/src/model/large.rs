//! Large files: `b2_start_large_file`, `b2_get_upload_part_url`,
//! `b2_upload_part`, `b2_list_parts`, `b2_list_unfinished_large_files`,
//! `b2_finish_large_file`, `b2_cancel_large_file`.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::file_json::{file_json, part_json};
use super::ids::{self, FileKind, Position};
use super::lock::Locks;
use super::paging::page_size;
use super::record::{Action, Content, Encryption, File, Grant, Part};
use super::refusal::{Failure, Outcome, bad_request, refuse};
use super::tables::{Table, decode};
use super::upload_head::custom_timestamp;
use super::{
    buckets, content_type, encryption, file_info, files, name, replication, token, versions,
};
use crate::blob::{BlobId, Receipt};
use crate::store::{StoreError, Transaction};

const LARGEST_PART_NUMBER: i64 = 10_000;

/// 10 TB.
const LARGEST_FILE: u64 = 10_000_000_000_000;

pub(crate) fn start_large_file(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "writeFiles")?;
    let bucket = call.params.text("bucketId")?;
    let file_name = call.params.text("fileName")?;
    caller.require_bucket(&bucket)?;
    caller.require_name(&file_name)?;
    name::check_file_name(&file_name, call.settings.strict_names)?;
    let requested_type = call.params.text("contentType")?;
    let bucket = buckets::load(call.tx, &bucket)?;
    let requested = call.params.optional_object("serverSideEncryption")?;
    let requested = encryption::from_json(requested.as_ref())?;
    let locks = Locks::from_params(call)?;
    let is_tight = requested.is_some() || bucket.file_lock;
    let info = call.params.optional_map("fileInfo")?.unwrap_or_default();
    let info = file_info::check(info, &file_name, is_tight)?;
    let uploaded_at = requested_timestamp(call)?.unwrap_or(call.now);
    let locks = locks.settle(&caller, &bucket, uploaded_at)?;
    let default = if bucket.encrypts { Encryption::SseB2 } else { Encryption::None };
    let kind = FileKind::Large;
    let (id, position) =
        ids::next_file_id(call.tx, call.entropy, &caller.account, &bucket.id, kind, uploaded_at)?;
    let file = File {
        id,
        bucket: bucket.id,
        content_type: content_type::resolve(&requested_type, &file_name)?,
        name: file_name,
        action: Action::Start,
        len: 0,
        sha1: Some("none".to_owned()),
        md5: None,
        info,
        uploaded_at,
        encryption: requested.unwrap_or(default),
        retention: locks.retention,
        legal_hold: locks.legal_hold,
        content: Content::Nothing,
        replication: None,
    };
    versions::save(call.tx, &file, position)?;
    call.tx.save(Table::Unfinished, &unfinished_key(&file), &())?;
    Ok(Answer::json(&file_json(call.version, &caller, &file)))
}

/// Sent as a number, as a decimal string, and by one client in snake case.
fn requested_timestamp(call: &Call<'_, '_>) -> Outcome<Option<u64>> {
    let given = ["customUploadTimestamp", "custom_upload_timestamp"];
    let given = given.iter().find_map(|name| call.params.value(name));
    let text = match given {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    custom_timestamp(Some(&text), call)
}

pub(crate) fn get_upload_part_url(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let (caller, file, _) = unfinished(call)?;
    let pod = call.entropy.below(60);
    let target = format!("/b2api/v{}/b2_upload_part/{}/{pod:04}", call.version, file.id);
    let grant = Grant::UploadPart { file: file.id.clone(), target: target.clone() };
    let lifetime = call.settings.upload_token_lifetime_ms;
    let token = token::issue(call, &caller.key, grant, lifetime)?;
    Ok(Answer::json(&json!({
        "authorizationToken": token,
        "fileId": file.id,
        "uploadUrl": format!("{}{target}", call.head.base),
    })))
}

/// Judges a part by its headers; gives its number.
pub(crate) fn admit_part(call: &Call<'_, '_>, file_id: &str) -> Outcome<u32> {
    let number = call.head.header("x-bz-part-number");
    let number = number.ok_or_else(|| bad_request("X-Bz-Part-Number is missing"))?;
    let number = part_number(number.parse().unwrap_or(0))?;
    if call.head.headers.contains_key("x-bz-server-side-encryption") {
        return Err(bad_request("X-Bz-Server-Side-Encryption is not accepted on parts"));
    }
    let given = encryption::customer_key_from_headers(call.head)?;
    let (file, _) = active(call, file_id)?;
    encryption::check_access(&file.encryption, given.as_deref())?;
    Ok(number)
}

/// Stores a part; an earlier one of the same number is replaced.
pub(crate) fn store_part(
    call: &mut Call<'_, '_>,
    file_id: &str,
    number: u32,
    receipt: Receipt,
    sha1: String,
) -> Outcome<Answer> {
    let (file, _) = active(call, file_id)?;
    let key = part_key(file_id, number);
    if let Some(replaced) = call.tx.load::<Part>(Table::Part, &key)? {
        release_blob(call, replaced.blob);
    }
    let part = Part {
        number,
        len: receipt.len,
        sha1,
        md5: receipt.md5,
        uploaded_at: call.now,
        blob: receipt.blob,
    };
    call.tx.save(Table::Part, &key, &part)?;
    call.tx.save(Table::Blob, part.blob.to_string().as_bytes(), &file.id)?;
    Ok(Answer::json(&part_json(&file.id, &file.encryption, &part)))
}

pub(crate) fn list_parts(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let (_, file, _) = unfinished(call)?;
    let start = call.params.optional_integer("startPartNumber")?.unwrap_or(1);
    let start = part_number(start)?;
    let limit = page_size(&call.params, "maxPartCount", 100, 1_000)?;
    let mut parts = Vec::new();
    let mut next = None;
    for part in parts_from(call.tx, &file.id, start)? {
        let part = part?;
        if parts.len() == limit {
            next = Some(part.number);
            break;
        }
        parts.push(part_json(&file.id, &file.encryption, &part));
    }
    Ok(Answer::json(&json!({"nextPartNumber": next, "parts": parts})))
}

pub(crate) fn list_unfinished_large_files(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "listFiles")?;
    let bucket = call.params.text("bucketId")?;
    let prefix = call.params.optional_text("namePrefix")?.unwrap_or_default();
    caller.require_bucket(&bucket)?;
    caller.require_name(&prefix)?;
    let bucket = buckets::load(call.tx, &bucket)?;
    let start = call.params.optional_text("startFileId")?.unwrap_or_default();
    let limit = page_size(&call.params, "maxFileCount", 100, 100)?;
    let (from, until) =
        ([&bucket.id, start.as_str()].concat(), [bucket.id.as_bytes(), &[0xff]].concat());
    let mut rows = Vec::new();
    let mut next = None;
    for row in call.tx.scan(Table::Unfinished, from.as_bytes(), &until)? {
        let key = row?.0;
        // The key is the table's letter, the bucket id, the file id.
        let id = String::from_utf8_lossy(&key[1 + bucket.id.len()..]).into_owned();
        let Some((file, _)) = versions::find(call.tx, &id)? else {
            continue;
        };
        if !file.name.starts_with(&prefix) {
            continue;
        }
        if rows.len() == limit {
            next = Some(id);
            break;
        }
        rows.push(file_json(call.version, &caller, &file));
    }
    Ok(Answer::json(&json!({"files": rows, "nextFileId": next})))
}

pub(crate) fn finish_large_file(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let (caller, mut file, position) = unfinished(call)?;
    let digests = call.params.texts("partSha1Array")?;
    if digests.len() < 2 {
        return Err(bad_request("large files must have at least 2 parts"));
    }
    file.len = check_parts(call, &file, &digests)?;
    file.action = Action::Upload;
    file.content = Content::Parts;
    let bucket = buckets::load(call.tx, &file.bucket)?;
    replication::enqueue(call, &bucket, &mut file)?;
    versions::save(call.tx, &file, position)?;
    files::tell(call, &caller, &bucket, "b2:ObjectCreated:MultipartUpload", &file)?;
    call.tx.erase(Table::Unfinished, &unfinished_key(&file));
    Ok(Answer::json(&file_json(call.version, &caller, &file)))
}

/// Compares what was uploaded with what the client lists; gives the length.
fn check_parts(call: &Call<'_, '_>, file: &File, digests: &[String]) -> Outcome<u64> {
    let mut len: u64 = 0;
    let mut count = 0;
    for part in parts_from(call.tx, &file.id, 1)? {
        let part = part?;
        count += 1;
        if part.number as usize != count {
            return Err(missing_part(count));
        }
        let Some(digest) = digests.get(count - 1) else {
            return Err(bad_request("partSha1Array is shorter than the list of parts"));
        };
        let stored = part.sha1.strip_prefix("unverified:").unwrap_or(&part.sha1);
        let claimed = digest.strip_prefix("unverified:").unwrap_or(digest);
        if !stored.eq_ignore_ascii_case(claimed) {
            let message = format!("Sha1 of part {count} does not match");
            return Err(refuse(400, "part_sha1_mismatch", message));
        }
        if count < digests.len() && part.len < call.settings.minimum_part_size {
            let minimum = call.settings.minimum_part_size;
            let message = format!("Part number {count} is smaller than {minimum} bytes");
            return Err(bad_request(message));
        }
        len += part.len;
    }
    if count < digests.len() {
        return Err(missing_part(count + 1));
    }
    if len > LARGEST_FILE {
        return Err(bad_request("the file is larger than 10 TB"));
    }
    Ok(len)
}

fn missing_part(number: usize) -> Failure {
    refuse(400, "missing_part", format!("Part number {number} has not been uploaded"))
}

pub(crate) fn cancel_large_file(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let (caller, file, _) = unfinished(call)?;
    files::discard(call, &file)?;
    Ok(Answer::json(&json!({
        "accountId": caller.account.id,
        "bucketId": file.bucket,
        "fileId": file.id,
        "fileName": file.name,
    })))
}

/// The unfinished file named by `fileId`, for a caller who may write it.
fn unfinished(call: &Call<'_, '_>) -> Outcome<(Caller, File, Position)> {
    let caller = Caller::with(call, "writeFiles")?;
    let id = call.params.text("fileId")?;
    let (file, position) = active(call, &id)?;
    caller.require_bucket(&file.bucket)?;
    caller.require_name(&file.name)?;
    Ok((caller, file, position))
}

/// The unfinished file with this id.
pub(crate) fn active(call: &Call<'_, '_>, id: &str) -> Outcome<(File, Position)> {
    versions::find(call.tx, id)?
        .filter(|(file, _)| file.action == Action::Start)
        .ok_or_else(|| bad_request(format!("No active upload for: {id}")))
}

/// Removes every part of a large file; does nothing for others.
pub(crate) fn discard_parts(call: &mut Call<'_, '_>, file: &File) -> Outcome<()> {
    call.tx.erase(Table::Unfinished, &unfinished_key(file));
    let parts: Vec<Part> = parts_from(call.tx, &file.id, 1)?.collect::<Result<_, _>>()?;
    for part in parts {
        call.tx.erase(Table::Part, &part_key(&file.id, part.number));
        release_blob(call, part.blob);
    }
    Ok(())
}

/// Marks a blob as referred to by nothing.
pub(crate) fn release_blob(call: &mut Call<'_, '_>, blob: BlobId) {
    call.tx.erase(Table::Blob, blob.to_string().as_bytes());
    call.garbage.push(blob);
}

/// The parts of a file in order, from a number on.
pub(crate) fn parts_from<'t>(
    tx: &'t Transaction<'_>,
    file_id: &str,
    start: u32,
) -> Result<impl Iterator<Item = Result<Part, StoreError>> + use<'t>, StoreError> {
    let (from, until) = (part_key(file_id, start), part_key(file_id, u32::MAX));
    let rows = tx.scan(Table::Part, &from, &until)?;
    Ok(rows.map(|row| decode(&row?.1)))
}

/// The numbers of a file's parts, ascending.
pub(crate) fn part_numbers(tx: &Transaction<'_>, file_id: &str) -> Result<Vec<u32>, StoreError> {
    parts_from(tx, file_id, 1)?.map(|part| Ok(part?.number)).collect()
}

pub(crate) fn part_number(number: i64) -> Outcome<u32> {
    if (1..=LARGEST_PART_NUMBER).contains(&number) {
        Ok(number as u32)
    } else {
        Err(bad_request(format!("Part number must be 1 to 10000: {number}")))
    }
}

fn part_key(file_id: &str, number: u32) -> Vec<u8> {
    [file_id.as_bytes(), &number.to_be_bytes()].concat()
}

fn unfinished_key(file: &File) -> Vec<u8> {
    [file.bucket.as_bytes(), file.id.as_bytes()].concat()
}
