//! `b2_authorize_account`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::record::{Account, Bucket, Grant, Key};
use super::refusal::{Outcome, bad_auth_token, refuse};
use super::tables::Table;
use super::token;

/// How long a token lives that test mode lets expire early.
const SHORT_LIFETIME_MS: u64 = 5_000;

pub(crate) fn authorize_account(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let account = call.account()?;
    let key = check_credentials(call, &account)?;
    if key.needs_v4 && call.version < 4 {
        let message = "This application key is only valid with API version 4 or newer";
        return Err(refuse(401, "unsupported", message));
    }
    let is_short = call.has_test_mode("expire_some_account_authorization_tokens")
        && call.flights.test_token_is_short();
    let lifetime = if is_short { SHORT_LIFETIME_MS } else { call.settings.token_lifetime_ms };
    let token = token::issue(call, &key, Grant::Account, lifetime)?;
    let mut body = match call.version {
        4 => version_4(call, &key)?,
        3 => version_3(call, &key)?,
        _ => version_1_and_2(call, &key)?,
    };
    body["accountId"] = json!(account.id);
    body["authorizationToken"] = json!(token);
    Ok(Answer::json(&body))
}

/// The key the Basic credentials belong to.
///
/// Two answers are known to be given: the documented one, which the official
/// tool expects for a wrong key, and an older one without a reason.
fn check_credentials(call: &Call<'_, '_>, account: &Account) -> Outcome<Key> {
    let (id, secret) = basic_credentials(call).ok_or_else(|| bad_auth_token(""))?;
    // The account id stands for the master key.
    let id = if id == account.id { &account.master_key_id } else { &id };
    let key: Option<Key> = call.tx.load(Table::Key, id.as_bytes())?;
    let key = key
        .filter(|key| key.expires_at.is_none_or(|at| at > call.now))
        .ok_or_else(|| bad_auth_token(""))?;
    if key.secret.expose() == secret { Ok(key) } else { Err(refuse(401, "unauthorized", "")) }
}

fn basic_credentials(call: &Call<'_, '_>) -> Option<(String, String)> {
    let (scheme, encoded) = call.head.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn version_4(call: &Call<'_, '_>, key: &Key) -> Outcome<Value> {
    let buckets = match &key.buckets {
        None => Value::Null,
        Some(ids) => ids
            .iter()
            .map(|id| Ok(json!({"id": id, "name": bucket_name(call, id)?})))
            .collect::<Outcome<_>>()?,
    };
    let mut storage = hosts_and_sizes(call);
    storage["allowed"] = json!({
        "buckets": buckets,
        "capabilities": key.capabilities,
        "namePrefix": key.name_prefix,
    });
    Ok(json!({
        "apiInfo": {"storageApi": storage},
        "applicationKeyExpirationTimestamp": key.expires_at,
    }))
}

fn version_3(call: &Call<'_, '_>, key: &Key) -> Outcome<Value> {
    let mut storage = hosts_and_sizes(call);
    storage["infoType"] = json!("storageApi");
    merge(&mut storage, flat_restrictions(call, key)?);
    Ok(json!({
        "apiInfo": {"storageApi": storage},
        "applicationKeyExpirationTimestamp": key.expires_at,
    }))
}

fn version_1_and_2(call: &Call<'_, '_>, key: &Key) -> Outcome<Value> {
    let mut body = hosts_and_sizes(call);
    if call.version == 1 {
        body["minimumPartSize"] = json!(call.settings.recommended_part_size);
    }
    body["allowed"] = flat_restrictions(call, key)?;
    Ok(body)
}

fn hosts_and_sizes(call: &Call<'_, '_>) -> Value {
    json!({
        "absoluteMinimumPartSize": call.settings.minimum_part_size,
        "apiUrl": call.head.base,
        "downloadUrl": call.head.base,
        "recommendedPartSize": call.settings.recommended_part_size,
        "s3ApiUrl": call.head.base,
    })
}

/// Restrictions to one bucket at most, as versions before 4 show them.
fn flat_restrictions(call: &Call<'_, '_>, key: &Key) -> Outcome<Value> {
    let bucket = key.buckets.as_ref().and_then(|ids| ids.first());
    let name = bucket.map(|id| bucket_name(call, id)).transpose()?.flatten();
    Ok(json!({
        "bucketId": bucket,
        "bucketName": name,
        "capabilities": key.capabilities,
        "namePrefix": key.name_prefix,
    }))
}

/// `None` once the bucket is gone.
fn bucket_name(call: &Call<'_, '_>, id: &str) -> Outcome<Option<String>> {
    let bucket: Option<Bucket> = call.tx.load(Table::Bucket, id.as_bytes())?;
    Ok(bucket.map(|bucket| bucket.name))
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
