//! `b2_copy_file` and `b2_copy_part`.
//!
//! A copy gets bytes of its own, so that deleting the source needs no
//! counting of references. The rules say which bytes; whoever keeps the blobs
//! writes them anew and comes back with the receipt.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::content::segments;
use super::file_json::file_json;
use super::ids::{self, FileKind};
use super::lock::Locks;
use super::operation::Operation;
use super::record::{Action, Bucket, Content, Encryption, File};
use super::refusal::{Outcome, bad_request, not_found, refuse};
use super::tables::Table;
use super::{
    buckets, content_type, encryption, file_info, files, large, name, range, replication, versions,
};
use crate::blob::{Receipt, Segment};

/// 5 GB.
const LARGEST_COPY: u64 = 5_000_000_000;

/// A copy whose bytes are to be written.
#[derive(Debug)]
pub(crate) struct CopyTicket {
    pub(crate) segments: Vec<Segment>,
    pub(crate) len: u64,
    caller: Caller,
    what: Copy,
}

#[derive(Debug)]
enum Copy {
    File(Box<File>, Locks),
    Part { file: String, number: u32 },
}

/// Checks a copy and says which bytes it takes.
pub(crate) fn plan(call: &Call<'_, '_>, operation: Operation) -> Outcome<CopyTicket> {
    let caller = Caller::with(call, "writeFiles")?;
    let id = call.params.text("sourceFileId")?;
    let found = versions::find(call.tx, &id)?.filter(|(file, _)| file.action == Action::Upload);
    let (source, _) = found.ok_or_else(|| not_found(format!("File with id {id} not found")))?;
    check_source(call, &caller, &source)?;
    let (offset, len) = match call.params.optional_text("range")? {
        None => (0, source.len),
        Some(text) => {
            let range = range::parse(&text, source.len)?;
            let range = range.ok_or_else(|| bad_request(format!("invalid range: {text}")))?;
            (range.offset, range.len)
        }
    };
    if len > LARGEST_COPY {
        return Err(refuse(400, "source_too_large", format!("Copy source too big: {len}")));
    }
    let what = if operation == Operation::CopyPart {
        plan_part(call, &caller)?
    } else {
        plan_file(call, &caller, source.clone())?
    };
    Ok(CopyTicket { segments: segments(call.tx, &source, offset, len)?, len, caller, what })
}

fn check_source(call: &Call<'_, '_>, caller: &Caller, source: &File) -> Outcome<()> {
    let bucket = buckets::load(call.tx, &source.bucket)?;
    if !bucket.is_public() {
        caller.require("readFiles")?;
        caller.require_bucket(&bucket.id)?;
        caller.require_name(&source.name)?;
    }
    let given = call.params.optional_object("sourceServerSideEncryption")?;
    encryption::check_access(&source.encryption, customer_key(given.as_ref())?.as_deref())
}

fn customer_key(object: Option<&Map<String, Value>>) -> Outcome<Option<String>> {
    match encryption::from_json(object)? {
        Some(Encryption::SseC(key_md5)) => Ok(Some(key_md5)),
        _ => Ok(None),
    }
}

fn plan_file(call: &Call<'_, '_>, caller: &Caller, source: File) -> Outcome<Copy> {
    let target_name = call.params.text("fileName")?;
    name::check_file_name(&target_name, call.settings.strict_names)?;
    let bucket = call.params.optional_text("destinationBucketId")?;
    let bucket = bucket.unwrap_or_else(|| source.bucket.clone());
    caller.require_bucket(&bucket)?;
    caller.require_name(&target_name)?;
    let bucket = buckets::load(call.tx, &bucket)?;
    let requested = call.params.optional_object("destinationServerSideEncryption")?;
    let requested = encryption::from_json(requested.as_ref())?;
    let (content_type, info) = metadata(call, &source, &target_name)?;
    let is_tight = requested.is_some() || bucket.file_lock;
    let locks = Locks::from_params(call)?.settle(caller, &bucket, call.now)?;
    let info = file_info::check(info, &target_name, is_tight)?;
    let file = File {
        bucket: bucket.id.clone(),
        name: target_name,
        content_type,
        info,
        encryption: requested.unwrap_or_else(|| default_encryption(&bucket)),
        ..source
    };
    Ok(Copy::File(Box::new(file), locks))
}

type Info = std::collections::BTreeMap<String, String>;

/// The source's type and info, or those of the request under `REPLACE`.
fn metadata(call: &Call<'_, '_>, source: &File, target: &str) -> Outcome<(String, Info)> {
    let content_type = call.params.optional_text("contentType")?;
    let info = call.params.optional_map("fileInfo")?;
    match call.params.optional_text("metadataDirective")?.as_deref() {
        None | Some("COPY") if content_type.is_some() || info.is_some() => {
            Err(bad_request("contentType and fileInfo need metadataDirective REPLACE"))
        }
        None | Some("COPY") => Ok((source.content_type.clone(), source.info.clone())),
        Some("REPLACE") => {
            let requested =
                content_type.ok_or_else(|| bad_request("REPLACE needs a contentType"))?;
            Ok((content_type::resolve(&requested, target)?, info.unwrap_or_default()))
        }
        Some(other) => Err(bad_request(format!("invalid metadataDirective: {other}"))),
    }
}

const fn default_encryption(bucket: &Bucket) -> Encryption {
    if bucket.encrypts { Encryption::SseB2 } else { Encryption::None }
}

fn plan_part(call: &Call<'_, '_>, caller: &Caller) -> Outcome<Copy> {
    let file = call.params.text("largeFileId")?;
    let number = large::part_number(call.params.integer("partNumber")?)?;
    let (large, _) = large::active(call, &file)?;
    caller.require_bucket(&large.bucket)?;
    caller.require_name(&large.name)?;
    let given = call.params.optional_object("destinationServerSideEncryption")?;
    encryption::check_access(&large.encryption, customer_key(given.as_ref())?.as_deref())?;
    Ok(Copy::Part { file, number })
}

/// Stores the copy once its bytes are written.
pub(crate) fn conclude(
    call: &mut Call<'_, '_>,
    ticket: CopyTicket,
    receipt: Receipt,
) -> Outcome<Answer> {
    let (file, locks) = match ticket.what {
        Copy::File(file, locks) => (*file, locks),
        Copy::Part { file, number } => {
            let sha1 = receipt.sha1.clone();
            return large::store_part(call, &file, number, receipt, sha1);
        }
    };
    // The bucket may have gone while the bytes were being written.
    let bucket = buckets::load(call.tx, &file.bucket)?;
    let (id, position) = ids::next_file_id(
        call.tx,
        call.entropy,
        &ticket.caller.account,
        &file.bucket,
        FileKind::Small,
        call.now,
    )?;
    call.tx.save(Table::Blob, receipt.blob.to_string().as_bytes(), &id)?;
    let mut file = File {
        id,
        len: receipt.len,
        sha1: Some(receipt.sha1),
        md5: receipt.md5,
        uploaded_at: call.now,
        retention: locks.retention,
        legal_hold: locks.legal_hold,
        content: Content::Whole(receipt.blob),
        replication: None,
        ..file
    };
    replication::enqueue(call, &bucket, &mut file)?;
    versions::save(call.tx, &file, position)?;
    files::tell(call, &ticket.caller, &bucket, "b2:ObjectCreated:Copy", &file)?;
    let mut body = file_json(call.version, &ticket.caller, &file);
    // Only here; every listing says `upload`.
    body["action"] = json!("copy");
    Ok(Answer::json(&body))
}
