//! `b2_get_bucket_notification_rules` and `b2_set_bucket_notification_rules`.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::record::Bucket;
use super::refusal::{Outcome, bad_request, refuse};
use super::tables::Table;
use super::{bucket_rules, buckets};

const MOST_RULES: usize = 25;
const MOST_HEADERS: usize = 10;
const MOST_HEADER_BYTES: usize = 2048;

/// Every type of event a rule may ask for.
const EVENT_TYPES: [&str; 14] = [
    "b2:HideMarkerCreated:*",
    "b2:HideMarkerCreated:Hide",
    "b2:HideMarkerCreated:LifecycleRule",
    "b2:MultipartUploadCreated:*",
    "b2:MultipartUploadCreated:LiveRead",
    "b2:ObjectCreated:*",
    "b2:ObjectCreated:Copy",
    "b2:ObjectCreated:MultipartReplica",
    "b2:ObjectCreated:MultipartUpload",
    "b2:ObjectCreated:Replica",
    "b2:ObjectCreated:Upload",
    "b2:ObjectDeleted:*",
    "b2:ObjectDeleted:Delete",
    "b2:ObjectDeleted:LifecycleRule",
];

pub(crate) fn get_bucket_notification_rules(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let bucket = bucket(call, "readBucketNotifications")?;
    Ok(answer(&bucket))
}

pub(crate) fn set_bucket_notification_rules(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let mut bucket = bucket(call, "writeBucketNotifications")?;
    let rules = call.params.optional_array("eventNotificationRules")?;
    let rules =
        rules.ok_or_else(|| bad_request("required field eventNotificationRules is missing"))?;
    bucket.notification_rules = checked(&rules)?;
    call.tx.save(Table::Bucket, bucket.id.as_bytes(), &bucket)?;
    Ok(answer(&bucket))
}

fn bucket(call: &Call<'_, '_>, capability: &str) -> Outcome<Bucket> {
    let caller = Caller::with(call, capability)?;
    let id = call.params.text("bucketId")?;
    caller.require_bucket(&id)?;
    buckets::load(call.tx, &id)
}

fn answer(bucket: &Bucket) -> Answer {
    Answer::json(&json!({
        "bucketId": bucket.id,
        "eventNotificationRules": bucket.notification_rules,
    }))
}

/// Checked rules in order of name with every documented field present.
fn checked(rules: &[Value]) -> Outcome<Vec<Value>> {
    if rules.len() > MOST_RULES {
        return Err(bad_request("too many event notification rules"));
    }
    let mut rules: Vec<Value> = rules.iter().map(rule).collect::<Outcome<_>>()?;
    rules.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    match rules.windows(2).find(|pair| pair[0]["name"] == pair[1]["name"]) {
        Some(pair) => Err(bad_request(format!("rule name is not unique: {}", pair[0]["name"]))),
        None => Ok(rules),
    }
}

fn rule(rule: &Value) -> Outcome<Value> {
    let rule = rule.as_object().ok_or_else(|| bad_request("a notification rule is an object"))?;
    let name = text(rule, "name")?;
    bucket_rules::check_name(name)
        .map_err(|_| bad_request(format!("invalid rule name: {name}")))?;
    let types = event_types(rule)?;
    let enabled = rule.get("isEnabled").and_then(Value::as_bool);
    let enabled = enabled.ok_or_else(|| bad_request("a notification rule needs isEnabled"))?;
    let target = rule.get("targetConfiguration").and_then(Value::as_object);
    let target =
        target.ok_or_else(|| bad_request("a notification rule needs targetConfiguration"))?;
    let batch =
        match given(rule, "maxEventsPerBatch").or_else(|| given(target, "maxEventsPerBatch")) {
            None => 1,
            Some(size) => size
                .as_u64()
                .filter(|size| (1..=50).contains(size))
                .ok_or_else(|| bad_request("maxEventsPerBatch must be 1 to 50"))?,
        };
    Ok(json!({
        "eventTypes": types,
        "isEnabled": enabled,
        "isSuspended": false,
        "maxEventsPerBatch": batch,
        "name": name,
        "objectNamePrefix": text(rule, "objectNamePrefix")?,
        "suspensionReason": "",
        "targetConfiguration": webhook(target)?,
    }))
}

/// All of one category, and no `*` beside its members.
fn event_types(rule: &Map<String, Value>) -> Outcome<Vec<String>> {
    let types = rule.get("eventTypes").and_then(Value::as_array);
    let types = types.ok_or_else(|| bad_request("a notification rule needs eventTypes"))?;
    let types: Option<Vec<&str>> = types.iter().map(Value::as_str).collect();
    let types = types.ok_or_else(|| bad_request("eventTypes must hold strings"))?;
    if types.is_empty() {
        return Err(refuse(400, "event_types_empty", "eventTypes is empty"));
    }
    if let Some(unknown) = types.iter().find(|name| !EVENT_TYPES.contains(name)) {
        return Err(refuse(400, "event_type_invalid", format!("invalid event type: {unknown}")));
    }
    if types.iter().map(|name| category(name)).collect::<HashSet<_>>().len() > 1 {
        let message = "all event types of a rule must be of one category";
        return Err(refuse(400, "event_type_categories", message));
    }
    let distinct = types.iter().collect::<HashSet<_>>().len();
    if distinct < types.len() || (types.len() > 1 && types.iter().any(|name| name.ends_with(":*")))
    {
        return Err(refuse(400, "event_type_overlap", "event types overlap"));
    }
    Ok(types.into_iter().map(str::to_owned).collect())
}

/// What stands before the last colon.
pub(crate) fn category(event_type: &str) -> &str {
    event_type.rsplit_once(':').map_or(event_type, |(category, _)| category)
}

fn webhook(target: &Map<String, Value>) -> Outcome<Value> {
    if text(target, "targetType")? != "webhook" {
        return Err(bad_request("targetType must be webhook"));
    }
    let url = text(target, "url")?;
    check_url(url)?;
    let secret = given(target, "hmacSha256SigningSecret");
    let is_secret =
        |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if secret.is_some_and(|secret| !secret.as_str().is_some_and(is_secret)) {
        return Err(bad_request("hmacSha256SigningSecret must be 32 letters and digits"));
    }
    Ok(json!({
        "customHeaders": custom_headers(target)?,
        "hmacSha256SigningSecret": secret,
        "targetType": "webhook",
        "url": url,
    }))
}

/// HTTPS as on the service; plain HTTP to this machine, for tests.
fn check_url(url: &str) -> Outcome<()> {
    let parsed: http::Uri =
        url.parse().map_err(|_| bad_request(format!("invalid webhook url: {url}")))?;
    let host = parsed.host().unwrap_or_default();
    match parsed.scheme_str() {
        Some("https") if !host.is_empty() => Ok(()),
        Some("http") if is_loopback(host) => Ok(()),
        _ => Err(bad_request("the webhook url must begin with https://")),
    }
}

/// Whether a host of a URL is this machine, written as such.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_address = |ip: std::net::IpAddr| ip.to_canonical().is_loopback();
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(is_address)
}

fn custom_headers(target: &Map<String, Value>) -> Outcome<Value> {
    let Some(headers) = given(target, "customHeaders") else {
        return Ok(Value::Null);
    };
    let headers =
        headers.as_array().ok_or_else(|| bad_request("customHeaders must be an array"))?;
    let (mut size, mut checked) = (0, Vec::new());
    for header in headers {
        let header =
            header.as_object().ok_or_else(|| bad_request("a custom header is an object"))?;
        let (name, value) = (text(header, "name")?, text(header, "value")?);
        let is_legal = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
            && http::HeaderValue::from_str(value).is_ok()
            && !name.to_ascii_lowercase().starts_with("x-bz-");
        if !is_legal {
            return Err(bad_request(format!("invalid custom header: {name}")));
        }
        size += name.len() + value.len();
        checked.push(json!({"name": name, "value": value}));
    }
    if checked.len() > MOST_HEADERS || size > MOST_HEADER_BYTES {
        return Err(bad_request("customHeaders are too many or too long"));
    }
    Ok(json!(checked))
}

fn text<'m>(object: &'m Map<String, Value>, name: &str) -> Outcome<&'m str> {
    let text = object.get(name).and_then(Value::as_str);
    text.ok_or_else(|| bad_request(format!("{name} must be given as a string")))
}

/// A field that is there and not null.
fn given<'m>(object: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    object.get(name).filter(|value| !value.is_null())
}
