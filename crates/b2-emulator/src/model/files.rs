//! `b2_get_file_info`, `b2_hide_file`, `b2_delete_file_version`.

use std::collections::BTreeMap;

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::event::{self, Scene};
use super::file_json::file_json;
use super::ids::{self, FileKind};
use super::record::{Action, Bucket, Content, Encryption, File};
use super::refusal::{Failure, Outcome, not_found, refuse};
use super::{buckets, large, lock, name, versions};

pub(crate) fn get_file_info(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "readFiles")?;
    let id = call.params.text("fileId")?;
    let found = versions::find(call.tx, &id)?;
    let (file, _) = found.ok_or_else(|| not_found(format!("File with id {id} not found")))?;
    caller.require_bucket(&file.bucket)?;
    caller.require_name(&file.name)?;
    Ok(Answer::json(&file_json(call.version, &caller, &file)))
}

/// Checksums of nothing: the service shows them on hide markers although its
/// documentation says null.
const EMPTY_SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

pub(crate) fn hide_file(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "writeFiles")?;
    let bucket = call.params.text("bucketId")?;
    let name = call.params.text("fileName")?;
    caller.require_bucket(&bucket)?;
    caller.require_name(&name)?;
    name::check_file_name(&name, call.settings.strict_names)?;
    let bucket = buckets::load(call.tx, &bucket)?;
    match versions::current(call.tx, &bucket.id, &name)?.map(|file| file.action) {
        Some(Action::Upload) => {}
        Some(_) => {
            return Err(refuse(400, "already_hidden", format!("File already hidden: {name}")));
        }
        None => {
            return Err(refuse(400, "no_such_file", format!("File not present: {name}")));
        }
    }
    let marker = store_marker(call, &bucket.id, &name)?;
    tell(call, &caller, &bucket, "b2:HideMarkerCreated:Hide", &marker)?;
    Ok(Answer::json(&file_json(call.version, &caller, &marker)))
}

/// Makes a hide marker the newest version of a name.
pub(crate) fn store_marker(call: &mut Call<'_, '_>, bucket: &str, name: &str) -> Outcome<File> {
    let account = call.account()?;
    let (id, position) =
        ids::next_file_id(call.tx, call.entropy, &account, bucket, FileKind::Small, call.now)?;
    let marker = File {
        id,
        bucket: bucket.to_owned(),
        name: name.to_owned(),
        action: Action::Hide,
        len: 0,
        sha1: Some(EMPTY_SHA1.to_owned()),
        md5: Some(EMPTY_MD5.to_owned()),
        content_type: "application/x-bz-hide-marker".to_owned(),
        info: BTreeMap::new(),
        uploaded_at: call.now,
        encryption: Encryption::None,
        retention: None,
        legal_hold: None,
        content: Content::Nothing,
        replication: None,
    };
    versions::save(call.tx, &marker, position)?;
    Ok(marker)
}

/// Writes down what happened for those who asked to be told.
pub(crate) fn tell(
    call: &mut Call<'_, '_>,
    caller: &Caller,
    bucket: &Bucket,
    event_type: &str,
    file: &File,
) -> Outcome<()> {
    let scene = Scene { account: &caller.account.id, bucket, now: call.now };
    Ok(event::record(call.tx, call.entropy, &scene, event_type, file)?)
}

pub(crate) fn delete_file_version(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "deleteFiles")?;
    let name = call.params.text("fileName")?;
    let id = call.params.text("fileId")?;
    let bypass = call.params.flag("bypassGovernance")?.unwrap_or(false);
    caller.require_name(&name)?;
    let found = versions::find(call.tx, &id)?.filter(|(file, _)| file.name == name);
    let (file, _) = found.ok_or_else(|| file_not_present(&name, &id))?;
    caller.require_bucket(&file.bucket)?;
    lock::check_deletion(&file, &caller, bypass, call.now)?;
    discard(call, &file)?;
    if file.action != Action::Start {
        let bucket = buckets::load(call.tx, &file.bucket)?;
        tell(call, &caller, &bucket, "b2:ObjectDeleted:Delete", &file)?;
    }
    Ok(Answer::json(&json!({"fileId": id, "fileName": name})))
}

/// Removes a version and marks its bytes as garbage.
pub(crate) fn discard(call: &mut Call<'_, '_>, file: &File) -> Outcome<()> {
    versions::erase(call.tx, file);
    if let Content::Whole(blob) = file.content {
        large::release_blob(call, blob);
    }
    // Both unfinished and finished large files have their bytes in parts.
    large::discard_parts(call, file)
}

pub(crate) fn file_not_present(name: &str, id: &str) -> Failure {
    refuse(400, "file_not_present", format!("File not present: {name} {id}"))
}
