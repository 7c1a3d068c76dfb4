//! `b2_download_file_by_id` and `b2_download_file_by_name`.

use std::collections::BTreeMap;

use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE};
use http::{Method, StatusCode};

use super::answer::{Answer, Payload};
use super::call::Call;
use super::caller::Caller;
use super::content::segments;
use super::record::{Action, Bucket, Encryption, File, Grant};
use super::refusal::{
    Outcome, bad_auth_token, method_not_allowed, not_found, refuse, unauthorized,
};
use super::{buckets, encryption, file_info, lock, overrides, percent, range, token, versions};

/// By what right somebody downloads.
enum Access {
    /// None; public buckets need none.
    Anonymous,
    Account(Box<Caller>),
    /// A token for the names under a prefix of one bucket.
    Shared {
        bucket: String,
        prefix: String,
        overrides: BTreeMap<String, String>,
    },
}

pub(crate) fn by_id(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let access = access(call)?;
    if matches!(access, Access::Shared { .. }) {
        return Err(bad_auth_token("A download token works by name only"));
    }
    let id = call.params.text("fileId")?;
    let found = versions::find(call.tx, &id)?.filter(|(file, _)| file.action == Action::Upload);
    let (file, _) = found.ok_or_else(|| not_found(format!("File with id {id} not found")))?;
    let bucket = buckets::load(call.tx, &file.bucket)?;
    serve(call, &access, &bucket, &file)
}

pub(crate) fn by_name(call: &mut Call<'_, '_>, bucket: &str, name: &str) -> Outcome<Answer> {
    if !matches!(call.head.method, Method::GET | Method::HEAD) {
        return Err(method_not_allowed("Only GET and HEAD are supported"));
    }
    let access = access(call)?;
    let found = buckets::find(call.tx, bucket)?;
    let found = found.ok_or_else(|| not_found(format!("Bucket does not exist: {bucket}")))?;
    // Whether a name exists is told only to those who may read it.
    check_access(&access, &found, name)?;
    let file = versions::current(call.tx, &found.id, name)?;
    let file = file.filter(|file| file.action == Action::Upload);
    let file =
        file.ok_or_else(|| not_found(format!("File with such name does not exist: {name}")))?;
    serve(call, &access, &found, &file)
}

/// The token in the header, or else in the query.
fn access(call: &Call<'_, '_>) -> Outcome<Access> {
    let header = call.head.header("authorization").map(str::to_owned);
    // Some clients paste the token into the query as it is. A plus sign then
    // arrives as a space, which no token holds.
    let query = || call.head.query("Authorization").map(|text| text.replace(' ', "+"));
    let Some(text) = header.or_else(query) else {
        return Ok(Access::Anonymous);
    };
    let (token, key) = token::look_up(call.tx, &text, call.now)?;
    match token.grant {
        Grant::Account => Ok(Access::Account(Box::new(Caller { account: call.account()?, key }))),
        Grant::Download { bucket, prefix, overrides } => {
            Ok(Access::Shared { bucket, prefix, overrides })
        }
        Grant::UploadFile { .. } | Grant::UploadPart { .. } => {
            Err(bad_auth_token("Not a token for downloads"))
        }
    }
}

fn check_access(access: &Access, bucket: &Bucket, name: &str) -> Outcome<()> {
    if bucket.is_public() {
        return Ok(());
    }
    match access {
        Access::Anonymous => Err(unauthorized()),
        Access::Account(caller) => {
            caller.require("readFiles")?;
            caller.require_bucket(&bucket.id)?;
            caller.require_name(name)
        }
        Access::Shared { bucket: shared, prefix, .. } => {
            if *shared == bucket.id && name.starts_with(prefix) {
                Ok(())
            } else {
                Err(unauthorized())
            }
        }
    }
}

fn serve(call: &Call<'_, '_>, access: &Access, bucket: &Bucket, file: &File) -> Outcome<Answer> {
    check_access(access, bucket, &file.name)?;
    let given = encryption::customer_key_from_headers(call.head)?;
    encryption::check_access(&file.encryption, given.as_deref())?;
    let requested = requested_overrides(call, access)?;
    let range = call.head.header("range");
    let range = range.map(|header| range::parse(header, file.len)).transpose()?.flatten();
    let (offset, len) = range.map_or((0, file.len), |range| (range.offset, range.len));
    if !call.head.is_head() {
        call.meter.download(len, call.now)?;
    }
    let mut answer = Answer {
        status: StatusCode::OK,
        headers: http::HeaderMap::new(),
        body: Payload::Stored(segments(call.tx, file, offset, len)?),
    };
    if let Some(range) = range {
        answer.status = StatusCode::PARTIAL_CONTENT;
        answer.set(CONTENT_RANGE, range.content_range(file.len));
    }
    answer.set(ACCEPT_RANGES, "bytes");
    describe(&mut answer, bucket, file);
    if let Some(status) = file.replication {
        answer.set_named("x-bz-replication-status", status.wire());
    }
    describe_protection(&mut answer, access, bucket, file);
    for (name, value) in requested {
        if let Some(header) = overrides::header(&name) {
            answer.set(header, value);
        }
    }
    Ok(answer)
}

/// The headers that tell about the file.
fn describe(answer: &mut Answer, bucket: &Bucket, file: &File) {
    answer.set(CONTENT_TYPE, &file.content_type);
    answer.set_named("x-bz-file-id", &file.id);
    answer.set_named("x-bz-file-name", percent::encode(&file.name));
    answer.set_named("x-bz-content-sha1", file.sha1.as_deref().unwrap_or("none"));
    answer.set_named("x-bz-upload-timestamp", file.uploaded_at.to_string());
    answer.set(CACHE_CONTROL, "max-age=0, no-cache, no-store");
    if let Some(value) =
        bucket.info.iter().find(|(name, _)| name.eq_ignore_ascii_case("cache-control"))
    {
        answer.set(CACHE_CONTROL, value.1);
    }
    for (name, value) in &file.info {
        match file_info::STANDARD.iter().find(|(known, ..)| known == name) {
            Some((.., header)) => answer.set(header.clone(), value),
            None => answer.set_named(&format!("x-bz-info-{name}"), percent::encode(value)),
        }
    }
}

/// The headers about encryption and locks, as far as they may be seen.
fn describe_protection(answer: &mut Answer, access: &Access, bucket: &Bucket, file: &File) {
    match &file.encryption {
        Encryption::None => {}
        Encryption::SseB2 => answer.set_named("x-bz-server-side-encryption", "AES256"),
        Encryption::SseC(key_md5) => {
            let prefix = "x-bz-server-side-encryption-customer";
            answer.set_named(&format!("{prefix}-algorithm"), "AES256");
            answer.set_named(&format!("{prefix}-key-md5"), key_md5);
        }
    }
    let Access::Account(caller) = access else {
        return;
    };
    let mut hidden = Vec::new();
    if !caller.may("readFileRetentions") {
        hidden.push("X-Bz-File-Retention-Mode,X-Bz-File-Retention-Retain-Until-Timestamp");
    } else if let Some(retention) = file.retention {
        answer.set_named("x-bz-file-retention-mode", lock::mode_word(retention.mode));
        let until = retention.until.to_string();
        answer.set_named("x-bz-file-retention-retain-until-timestamp", until);
    }
    if !caller.may("readFileLegalHolds") {
        hidden.push("X-Bz-File-Legal-Hold");
    } else if let Some(on) = file.legal_hold {
        answer.set_named("x-bz-file-legal-hold", lock::hold_word(on));
    }
    if bucket.file_lock && !hidden.is_empty() {
        answer.set_named("x-bz-client-unauthorized-to-read", hidden.join(","));
    }
}

/// Overrides need a token, even on a public bucket. Those fixed when a
/// download token was made must be repeated as they are.
fn requested_overrides(call: &Call<'_, '_>, access: &Access) -> Outcome<BTreeMap<String, String>> {
    let mut requested = BTreeMap::new();
    for name in overrides::NAMES {
        let in_params = call.params.optional_text(name)?;
        if let Some(value) = in_params.or_else(|| call.head.query(name)) {
            overrides::check(name, &value)?;
            requested.insert(name.to_owned(), value);
        }
    }
    match access {
        Access::Anonymous if !requested.is_empty() => Err(unauthorized()),
        Access::Shared { overrides: fixed, .. }
            if fixed.iter().any(|(name, value)| requested.get(name) != Some(value)) =>
        {
            Err(refuse(401, "unauthorized", "the overrides differ from those of the token"))
        }
        _ => Ok(requested),
    }
}
