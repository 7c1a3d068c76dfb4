//! Application keys: `b2_create_key`, `b2_list_keys`, `b2_delete_key`.

use serde_json::{Value, json};

use super::answer::Answer;
use super::buckets;
use super::call::Call;
use super::caller::Caller;
use super::paging::page_size;
use super::record::{Account, Key};
use super::refusal::{Outcome, bad_request, refuse};
use super::secret::Secret;
use super::tables::{Table, decode};
use super::{capability, ids};

/// 1000 days.
const LONGEST_DURATION_S: i64 = 86_400_000;

pub(crate) fn create_key(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "writeKeys")?;
    caller.require_account_id(call)?;
    let name = key_name(call)?;
    let buckets = requested_buckets(call)?;
    let capabilities = requested_capabilities(call, buckets.is_some())?;
    let expires_at = expiration(call)?;
    let name_prefix = call.params.optional_text("namePrefix")?.filter(|prefix| !prefix.is_empty());
    let id = ids::next_key_id(call.tx, &caller.account)?;
    let secret = ids::new_secret(&caller.account.cluster, call.entropy);
    let key = Key {
        id,
        secret: Secret::new(secret),
        name,
        capabilities,
        needs_v4: call.version >= 4 && buckets.is_some(),
        buckets,
        name_prefix,
        expires_at,
        is_master: false,
    };
    call.tx.save(Table::Key, key.id.as_bytes(), &key)?;
    let mut body = key_json(call.version, &caller.account, &key);
    body["applicationKey"] = json!(key.secret.expose());
    Ok(Answer::json(&body))
}

pub(crate) fn list_keys(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "listKeys")?;
    caller.require_account_id(call)?;
    let limit = page_size(&call.params, "maxKeyCount", 100, 10_000)?;
    let start = call.params.optional_text("startApplicationKeyId")?.unwrap_or_default();
    let mut keys = Vec::new();
    let mut next = None;
    for row in call.tx.scan(Table::Key, start.as_bytes(), &[0xff])? {
        let key: Key = decode(&row?.1)?;
        if !is_listed(call, &key) {
            continue;
        }
        if keys.len() == limit {
            next = Some(key.id);
            break;
        }
        keys.push(key_json(call.version, &caller.account, &key));
    }
    Ok(Answer::json(&json!({"keys": keys, "nextApplicationKeyId": next})))
}

pub(crate) fn delete_key(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "deleteKeys")?;
    let id = call.params.text("applicationKeyId")?;
    let key: Option<Key> = call.tx.load(Table::Key, id.as_bytes())?;
    let key = key
        .filter(|key| !key.is_master)
        .ok_or_else(|| bad_request(format!("application key does not exist: {id}")))?;
    if key.needs_v4 && call.version < 4 {
        return Err(bad_request("a multi-bucket key can only be deleted with API version 4"));
    }
    call.tx.erase(Table::Key, id.as_bytes());
    Ok(Answer::json(&key_json(call.version, &caller.account, &key)))
}

/// The master key never shows, expired keys no longer, and old versions do
/// not see keys they could not describe.
fn is_listed(call: &Call<'_, '_>, key: &Key) -> bool {
    let is_alive = key.expires_at.is_none_or(|at| at > call.now);
    !key.is_master && is_alive && (call.version >= 4 || !key.needs_v4)
}

fn key_json(version: u8, account: &Account, key: &Key) -> Value {
    let mut body = json!({
        "accountId": account.id,
        "applicationKeyId": key.id,
        "capabilities": key.capabilities,
        "expirationTimestamp": key.expires_at,
        "keyName": key.name,
        "namePrefix": key.name_prefix,
        "options": ["s3"],
    });
    if version >= 4 {
        body["bucketIds"] = json!(key.buckets);
    } else {
        body["bucketId"] = json!(key.buckets.as_ref().and_then(|ids| ids.first()));
    }
    body
}

fn key_name(call: &Call<'_, '_>) -> Outcome<String> {
    let name = call.params.text("keyName")?;
    let is_legal = (1..=100).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_legal { Ok(name) } else { Err(bad_request(format!("invalid keyName: {name}"))) }
}

fn requested_buckets(call: &Call<'_, '_>) -> Outcome<Option<Vec<String>>> {
    let (named, other) =
        if call.version >= 4 { ("bucketIds", "bucketId") } else { ("bucketId", "bucketIds") };
    // To pass over it would make a key without its restriction.
    if call.params.value(other).is_some() {
        let message = format!("{other} is not of API version {}; use {named}", call.version);
        return Err(bad_request(message));
    }
    let buckets = if call.version >= 4 {
        call.params.optional_texts("bucketIds")?
    } else {
        call.params.optional_text("bucketId")?.map(|id| vec![id])
    };
    if buckets.as_ref().is_some_and(Vec::is_empty) {
        return Err(bad_request("bucketIds must not be empty"));
    }
    for id in buckets.iter().flatten() {
        buckets::load(call.tx, id)?;
    }
    Ok(buckets)
}

fn requested_capabilities(call: &Call<'_, '_>, is_restricted: bool) -> Outcome<Vec<String>> {
    let mut capabilities = call.params.texts("capabilities")?;
    if capabilities.is_empty() {
        return Err(bad_request("capabilities must not be empty"));
    }
    for name in &capabilities {
        if !capability::exists(name) {
            return Err(bad_request(format!("unknown capability: {name}")));
        }
        if is_restricted && !capability::fits_one_bucket(name) {
            let message = format!("capability {name} is not allowed with a bucket restriction");
            return Err(bad_request(message));
        }
    }
    capabilities.sort();
    capabilities.dedup();
    Ok(capabilities)
}

fn expiration(call: &Call<'_, '_>) -> Outcome<Option<u64>> {
    match call.params.optional_integer("validDurationInSeconds")? {
        None => Ok(None),
        Some(seconds @ 1..=LONGEST_DURATION_S) => {
            Ok(Some(call.now.saturating_add(seconds.unsigned_abs() * 1000)))
        }
        Some(seconds) => {
            let message = format!("validDurationInSeconds out of range: {seconds}");
            Err(refuse(400, "bad_request", message))
        }
    }
}
