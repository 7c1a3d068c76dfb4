//! `b2_get_upload_url` and `b2_upload_file`.
//!
//! An upload has two halves. The first sees only the headers: it refuses at
//! once or hands out a [`UploadTicket`]. The second sees what arrived.

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::caller::{Caller, authorization};
use super::file_json::file_json;
use super::flights::Lease;
use super::ids::{self, FileKind};
use super::large;
use super::operation::Operation;
use super::record::{Action, Bucket, Content, Encryption, File, Grant, Token};
use super::refusal::{Failure, Outcome, bad_auth_token, bad_request, method_not_allowed, refuse};
use super::tables::Table;
use super::token;
use super::upload_head::{BodyHead, Checksum, FileHead};
use super::{buckets, files, replication, versions};
use crate::blob::Receipt;

/// An upload that may send its body.
#[derive(Debug)]
pub(crate) struct UploadTicket {
    pub(crate) lease: Lease,
    pub(crate) body: BodyHead,
    caller: Caller,
    what: Upload,
}

#[derive(Debug)]
enum Upload {
    File { bucket: String, head: Box<FileHead> },
    Part { file: String, number: u32 },
}

/// An upload refused by its headers. The URL dies with any refusal except the
/// one that says another upload is using it.
#[derive(Debug)]
pub(crate) struct UploadRefused {
    pub(crate) failure: Failure,
    pub(crate) dead_token: Option<String>,
}

impl From<Failure> for UploadRefused {
    fn from(failure: Failure) -> Self {
        Self { failure, dead_token: None }
    }
}

pub(crate) fn get_upload_url(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "writeFiles")?;
    let bucket = call.params.text("bucketId")?;
    caller.require_bucket(&bucket)?;
    let bucket = buckets::load(call.tx, &bucket)?;
    let pod = ids::pod_name(&caller.account, call.entropy);
    let target = format!(
        "/b2api/v{}/b2_upload_file?cvt=c{}_v{pod}_t{:04}&bucket={}",
        call.version,
        caller.account.cluster,
        call.entropy.below(60),
        bucket.id
    );
    let grant = Grant::UploadFile { bucket: bucket.id.clone(), target: target.clone() };
    let lifetime = call.settings.upload_token_lifetime_ms;
    let token = token::issue(call, &caller.key, grant, lifetime)?;
    Ok(Answer::json(&json!({
        "authorizationToken": token,
        "bucketId": bucket.id,
        "uploadUrl": format!("{}{target}", call.head.base),
    })))
}

/// Judges an upload by its headers.
pub(crate) fn admit(
    call: &Call<'_, '_>,
    operation: Operation,
) -> Result<UploadTicket, UploadRefused> {
    if call.head.method != http::Method::POST {
        return Err(method_not_allowed("Only POST is supported").into());
    }
    let text = authorization(call)?;
    let (token, key) = token::look_up(call.tx, text, call.now)?;
    if !is_bound_here(&token, operation, call.head.target()) {
        return Err(bad_auth_token("The token does not belong to this upload URL").into());
    }
    let lease = call.flights.board(text).ok_or_else(|| {
        let message = format!("more than one upload using auth token {text}");
        refuse(400, "auth_token_limit", message)
    })?;
    let caller = Caller { account: call.account()?, key };
    inspect(call, token.grant, &caller)
        .map(|(body, what)| UploadTicket { lease, body, caller, what })
        .map_err(|failure| UploadRefused { failure, dead_token: Some(text.to_owned()) })
}

/// An upload token works at the one URL it was given out with.
fn is_bound_here(token: &Token, operation: Operation, here: &str) -> bool {
    match &token.grant {
        Grant::UploadFile { target, .. } => operation == Operation::UploadFile && target == here,
        Grant::UploadPart { target, .. } => operation == Operation::UploadPart && target == here,
        Grant::Account | Grant::Download { .. } => false,
    }
}

fn inspect(call: &Call<'_, '_>, grant: Grant, caller: &Caller) -> Outcome<(BodyHead, Upload)> {
    let body = BodyHead::read(call)?;
    call.meter.check_storage(body.len)?;
    match grant {
        Grant::UploadFile { bucket, .. } => {
            let stored: Option<Bucket> = call.tx.load(Table::Bucket, bucket.as_bytes())?;
            let has_lock = stored.is_some_and(|bucket| bucket.file_lock);
            let head = Box::new(FileHead::read(call, has_lock)?);
            caller.require_name(&head.name)?;
            Ok((body, Upload::File { bucket, head }))
        }
        Grant::UploadPart { file, .. } => {
            let number = large::admit_part(call, &file)?;
            Ok((body, Upload::Part { file, number }))
        }
        Grant::Account | Grant::Download { .. } => Err(bad_auth_token("Not an upload token")),
    }
}

/// Stores what arrived.
pub(crate) fn conclude(
    call: &mut Call<'_, '_>,
    ticket: &UploadTicket,
    receipt: Receipt,
) -> Outcome<Answer> {
    if call.has_test_mode("fail_some_uploads") && call.flights.test_upload_fails() {
        return Err(refuse(503, "service_unavailable", "artificial failure: no tomes available"));
    }
    let sha1 = verify(&ticket.body.checksum, &receipt)?;
    match &ticket.what {
        Upload::File { bucket, head } => {
            store_file(call, &ticket.caller, bucket, head, receipt, sha1)
        }
        Upload::Part { file, number } => large::store_part(call, file, *number, receipt, sha1),
    }
}

/// The checksum to store, once it is known to be right.
fn verify(checksum: &Checksum, receipt: &Receipt) -> Outcome<String> {
    let claimed = match checksum {
        Checksum::Unverified => return Ok(format!("unverified:{}", receipt.sha1)),
        Checksum::Given(digits) => digits.as_bytes(),
        Checksum::AtEnd => &receipt.trailer,
    };
    if claimed.eq_ignore_ascii_case(receipt.sha1.as_bytes()) {
        Ok(receipt.sha1.clone())
    } else {
        Err(bad_request("Sha1 did not match data received"))
    }
}

fn store_file(
    call: &mut Call<'_, '_>,
    caller: &Caller,
    bucket: &str,
    head: &FileHead,
    receipt: Receipt,
    sha1: String,
) -> Outcome<Answer> {
    let bucket = buckets::load(call.tx, bucket)?;
    let uploaded_at = head.uploaded_at.unwrap_or(call.now);
    let locks = head.locks.settle(caller, &bucket, uploaded_at)?;
    let default = if bucket.encrypts { Encryption::SseB2 } else { Encryption::None };
    let (id, position) = ids::next_file_id(
        call.tx,
        call.entropy,
        &caller.account,
        &bucket.id,
        FileKind::Small,
        uploaded_at,
    )?;
    call.tx.save(Table::Blob, receipt.blob.to_string().as_bytes(), &id)?;
    let mut file = File {
        id,
        bucket: bucket.id.clone(),
        name: head.name.clone(),
        action: Action::Upload,
        len: receipt.len,
        sha1: Some(sha1),
        md5: receipt.md5,
        content_type: head.content_type.clone(),
        info: head.info.clone(),
        uploaded_at,
        encryption: head.encryption.clone().unwrap_or(default),
        retention: locks.retention,
        legal_hold: locks.legal_hold,
        content: Content::Whole(receipt.blob),
        replication: None,
    };
    replication::enqueue(call, &bucket, &mut file)?;
    versions::save(call.tx, &file, position)?;
    files::tell(call, caller, &bucket, "b2:ObjectCreated:Upload", &file)?;
    Ok(Answer::json(&file_json(call.version, caller, &file)))
}
