//! `b2_update_file_retention` and `b2_update_file_legal_hold`.

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::ids::Position;
use super::lock::{self, hold_word};
use super::record::{Action, File, LockMode, Retention};
use super::refusal::{Failure, Outcome, bad_request, method_not_allowed, refuse};
use super::{buckets, files, versions};

pub(crate) fn update_file_retention(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let (caller, mut file, position) = target(call, "writeFileRetentions")?;
    let object = call.params.optional_object("fileRetention")?;
    let object = object.ok_or_else(|| bad_request("required field fileRetention is missing"))?;
    let bypass = call.params.flag("bypassGovernance")?.unwrap_or(false);
    if bypass && !caller.may("bypassGovernance") {
        return Err(denied("bypassing governance needs its capability"));
    }
    let asked = lock::retention_from_json(&object, call.now)?;
    let held = file.retention.filter(|retention| retention.until > call.now);
    check_change(held, asked, bypass)?;
    check_bucket(call, &file)?;
    file.retention = asked;
    versions::save(call.tx, &file, position)?;
    let (mode, until) = file.retention.map(|lock| (lock.mode, lock.until)).unzip();
    Ok(Answer::json(&json!({
        "fileId": file.id,
        "fileName": file.name,
        "fileRetention": {"mode": mode, "retainUntilTimestamp": until},
    })))
}

pub(crate) fn update_file_legal_hold(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let (_, mut file, position) = target(call, "writeFileLegalHolds")?;
    let on = lock::hold(&call.params.text("legalHold")?)?;
    check_bucket(call, &file)?;
    file.legal_hold = Some(on);
    versions::save(call.tx, &file, position)?;
    Ok(Answer::json(&json!({
        "fileId": file.id,
        "fileName": file.name,
        "legalHold": hold_word(on),
    })))
}

/// The version a request names, for a caller who may lock it.
fn target(call: &Call<'_, '_>, capability: &str) -> Outcome<(Caller, File, Position)> {
    let caller = Caller::authenticate(call)?;
    if !caller.may(capability) {
        return Err(denied("the key may not change locks"));
    }
    let (name, id) = (call.params.text("fileName")?, call.params.text("fileId")?);
    caller.require_name(&name)?;
    let found = versions::find(call.tx, &id)?.filter(|(file, _)| file.name == name);
    let (file, position) = found.ok_or_else(|| files::file_not_present(&name, &id))?;
    caller.require_bucket(&file.bucket)?;
    if file.action != Action::Upload {
        return Err(method_not_allowed("only finished files can be locked"));
    }
    Ok((caller, file, position))
}

/// Asked after the right to change, as the service does.
fn check_bucket(call: &Call<'_, '_>, file: &File) -> Outcome<()> {
    let bucket = buckets::load(call.tx, &file.bucket)?;
    if bucket.file_lock { Ok(()) } else { Err(lock::bucket_missing_file_lock()) }
}

/// Compliance only grows. Governance also shrinks for those who bypass it.
fn check_change(held: Option<Retention>, asked: Option<Retention>, bypass: bool) -> Outcome<()> {
    let Some(held) = held else {
        return Ok(());
    };
    let grows = asked.is_some_and(|asked| {
        asked.until >= held.until
            && (held.mode == LockMode::Governance || asked.mode == LockMode::Compliance)
    });
    match held.mode {
        _ if grows => Ok(()),
        LockMode::Governance if bypass => Ok(()),
        _ => Err(denied("the retention of the file cannot be weakened")),
    }
}

fn denied(message: &str) -> Failure {
    refuse(403, "access_denied", message)
}
