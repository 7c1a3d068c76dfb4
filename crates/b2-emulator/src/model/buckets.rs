//! `b2_create_bucket`, `b2_list_buckets`, `b2_update_bucket`, `b2_delete_bucket`.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::bucket_rules as rules;
use super::call::Call;
use super::caller::Caller;
use super::record::{Bucket, Encryption};
use super::refusal::{Outcome, bad_bucket_id, bad_request, refuse, unauthorized};
use super::tables::{Table, decode};
use super::{ids, lock, replication};
use crate::store::Transaction;

/// The bucket with this id, or B2's error for one that is not there.
pub(crate) fn load(tx: &Transaction<'_>, id: &str) -> Outcome<Bucket> {
    tx.load(Table::Bucket, id.as_bytes())?.ok_or_else(|| bad_bucket_id(id))
}

/// The bucket with this name, in whatever case.
pub(crate) fn find(tx: &Transaction<'_>, name: &str) -> Outcome<Option<Bucket>> {
    let key = name.to_ascii_lowercase();
    match tx.load::<String>(Table::BucketName, key.as_bytes())? {
        Some(id) => Ok(tx.load(Table::Bucket, id.as_bytes())?),
        None => Ok(None),
    }
}

pub(crate) fn create_bucket(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "writeBuckets")?;
    caller.require_account_id(call)?;
    let name = call.params.text("bucketName")?;
    rules::check_name(&name)?;
    let mut bucket = Bucket {
        id: ids::new_bucket_id(&caller.account, call.entropy),
        name,
        kind: call.params.text("bucketType")?,
        info: std::collections::BTreeMap::new(),
        cors_rules: Vec::new(),
        lifecycle_rules: Vec::new(),
        // The first revision ever seen on the wire is 2.
        revision: 2,
        encrypts: call.settings.encrypt_new_buckets,
        file_lock: false,
        default_retention: None,
        notification_rules: Vec::new(),
        replication: None,
    };
    apply(call, &caller, &mut bucket)?;
    if find(call.tx, &bucket.name)?.is_some() {
        return Err(refuse(400, "duplicate_bucket_name", "Bucket name is already in use."));
    }
    if call.tx.scan_prefix(Table::Bucket, b"")?.count() >= call.settings.bucket_limit {
        return Err(refuse(400, "too_many_buckets", "the account has too many buckets"));
    }
    call.tx.save(Table::BucketName, bucket.name.to_ascii_lowercase().as_bytes(), &bucket.id)?;
    call.tx.save(Table::Bucket, bucket.id.as_bytes(), &bucket)?;
    Ok(Answer::json(&bucket_json(&caller, &bucket)))
}

pub(crate) fn update_bucket(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "writeBuckets")?;
    caller.require_account_id(call)?;
    let id = call.params.text("bucketId")?;
    caller.require_bucket(&id)?;
    let mut bucket = load(call.tx, &id)?;
    let expected = call.params.optional_integer("ifRevisionIs")?;
    if expected.is_some_and(|expected| u64::try_from(expected) != Ok(bucket.revision)) {
        return Err(refuse(409, "conflict", "simultaneous updates to bucket"));
    }
    if let Some(kind) = call.params.optional_text("bucketType")? {
        bucket.kind = kind;
    }
    apply(call, &caller, &mut bucket)?;
    bucket.revision += 1;
    call.tx.save(Table::Bucket, bucket.id.as_bytes(), &bucket)?;
    Ok(Answer::json(&bucket_json(&caller, &bucket)))
}

pub(crate) fn delete_bucket(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "deleteBuckets")?;
    caller.require_account_id(call)?;
    let id = call.params.text("bucketId")?;
    caller.require_bucket(&id)?;
    let mut bucket = load(call.tx, &id)?;
    // Hide markers and unfinished large files are versions too.
    if call.tx.scan_prefix(Table::Version, id.as_bytes())?.next().is_some() {
        let message = format!("Cannot delete non-empty bucket: {id}");
        return Err(refuse(400, "cannot_delete_non_empty_bucket", message));
    }
    call.tx.erase(Table::Bucket, id.as_bytes());
    call.tx.erase(Table::BucketName, bucket.name.to_ascii_lowercase().as_bytes());
    bucket.revision += 1;
    Ok(Answer::json(&bucket_json(&caller, &bucket)))
}

pub(crate) fn list_buckets(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "listBuckets")?;
    caller.require_account_id(call)?;
    let id = call.params.optional_text("bucketId")?;
    let name = call.params.optional_text("bucketName")?;
    let kinds = requested_kinds(call)?;
    // Version 1 filtered by the key's restriction; later ones want it named.
    if call.version > 1 && caller.key.buckets.is_some() {
        let named = match (&id, &name) {
            (Some(id), _) => Some(id.clone()),
            (None, Some(name)) => find(call.tx, name)?.map(|bucket| bucket.id),
            (None, None) => None,
        };
        caller.require_bucket(&named.ok_or_else(unauthorized)?)?;
    }
    let mut buckets = Vec::new();
    // Ordered by name; an account has few buckets.
    for row in call.tx.scan_prefix(Table::BucketName, b"")? {
        let bucket = load(call.tx, &decode::<String>(&row?.1)?)?;
        let is_wanted = id.as_ref().is_none_or(|id| *id == bucket.id)
            && name.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&bucket.name))
            && kinds.as_ref().is_none_or(|kinds| kinds.contains(&bucket.kind))
            && !caller.is_barred_from(&bucket.id);
        if is_wanted {
            buckets.push(bucket_json(&caller, &bucket));
        }
    }
    Ok(Answer::json(&json!({"buckets": buckets})))
}

/// `None` for every kind.
fn requested_kinds(call: &Call<'_, '_>) -> Outcome<Option<Vec<String>>> {
    let Some(kinds) = call.params.optional_texts("bucketTypes")? else {
        return Ok(None);
    };
    let is_known = |kind: &String| {
        ["allPublic", "allPrivate", "snapshot", "restricted", "shared"].contains(&kind.as_str())
    };
    if kinds == ["all"] {
        Ok(None)
    } else if !kinds.is_empty() && kinds.iter().all(is_known) {
        Ok(Some(kinds))
    } else {
        Err(bad_request(format!("invalid bucketTypes: {}", kinds.join(","))))
    }
}

/// Takes over every optional field of the request. What is given replaces
/// what was there entirely.
fn apply(call: &Call<'_, '_>, caller: &Caller, bucket: &mut Bucket) -> Outcome<()> {
    rules::check_kind(&bucket.kind)?;
    if let Some(info) = call.params.optional_map("bucketInfo")? {
        rules::check_info(&info)?;
        bucket.info = info;
    }
    if let Some(list) = call.params.optional_array("corsRules")? {
        bucket.cors_rules = rules::cors_rules(list)?;
    }
    if let Some(list) = call.params.optional_array("lifecycleRules")? {
        bucket.lifecycle_rules = rules::lifecycle_rules(list)?;
    }
    if let Some(encryption) = call.params.optional_object("defaultServerSideEncryption")? {
        apply_encryption(call, caller, &encryption, bucket)?;
    }
    apply_lock(call, caller, bucket)?;
    apply_replication(call, caller, bucket)
}

fn apply_encryption(
    call: &Call<'_, '_>,
    caller: &Caller,
    encryption: &Map<String, Value>,
    bucket: &mut Bucket,
) -> Outcome<()> {
    match super::encryption::from_json(Some(encryption))? {
        // Naming no mode does not switch encryption off: it resets the
        // default, which is SSE-B2, or was nothing in earlier years.
        None => bucket.encrypts = call.settings.encrypt_new_buckets,
        Some(Encryption::SseC(_)) => {
            return Err(bad_request("SSE-C cannot be a bucket default"));
        }
        Some(_) => {
            caller.require("writeBucketEncryption")?;
            bucket.encrypts = true;
        }
    }
    Ok(())
}

fn apply_lock(call: &Call<'_, '_>, caller: &Caller, bucket: &mut Bucket) -> Outcome<()> {
    match call.params.flag("fileLockEnabled")? {
        Some(true) => {
            caller.require("writeBucketRetentions")?;
            // Both at once, when the bucket is made, is fine.
            if !bucket.file_lock && replication::is_source(bucket) {
                let message = "a source of replication cannot be given file lock";
                return Err(refuse(400, "source_replication_conflict", message));
            }
            bucket.file_lock = true;
        }
        Some(false) if bucket.file_lock => {
            return Err(refuse(400, "file_lock_conflict", "file lock cannot be disabled"));
        }
        _ => {}
    }
    if let Some(default) = lock::default_retention(call)? {
        caller.require("writeBucketRetentions")?;
        if !bucket.file_lock {
            return Err(lock::bucket_missing_file_lock());
        }
        bucket.default_retention = default;
    }
    Ok(())
}

fn apply_replication(call: &Call<'_, '_>, caller: &Caller, bucket: &mut Bucket) -> Outcome<()> {
    if let Some(object) = call.params.optional_object("replicationConfiguration")? {
        let configuration = replication::configuration(&object)?;
        // Saying nothing to a bucket that has nothing needs no right.
        if configuration != bucket.replication {
            caller.require("writeBucketReplications")?;
        }
        bucket.replication = configuration;
    }
    Ok(())
}

/// The bucket as this caller may see it.
pub(crate) fn bucket_json(caller: &Caller, bucket: &Bucket) -> Value {
    let encryption = if bucket.encrypts { Encryption::SseB2 } else { Encryption::None };
    let retention = match &bucket.default_retention {
        None => json!({"mode": null, "period": null}),
        Some(period) => json!({
            "mode": period.mode,
            "period": {"duration": period.duration, "unit": period.unit},
        }),
    };
    let file_lock = json!({
        "defaultRetention": retention,
        "isFileLockEnabled": bucket.file_lock,
    });
    json!({
        "accountId": caller.account.id,
        "bucketId": bucket.id,
        "bucketInfo": bucket.info,
        "bucketName": bucket.name,
        "bucketType": bucket.kind,
        "corsRules": bucket.cors_rules,
        "defaultServerSideEncryption":
            wrapped(caller.may("readBucketEncryption"), encryption.to_json()),
        "fileLockConfiguration": wrapped(caller.may("readBucketRetentions"), file_lock),
        "lifecycleRules": bucket.lifecycle_rules,
        "options": ["s3"],
        "replicationConfiguration":
            wrapped(caller.may("readBucketReplications"), json!(bucket.replication)),
        "revision": bucket.revision,
    })
}

fn wrapped(is_readable: bool, value: Value) -> Value {
    let value = if is_readable { value } else { Value::Null };
    json!({"isClientAuthorizedToRead": is_readable, "value": value})
}
