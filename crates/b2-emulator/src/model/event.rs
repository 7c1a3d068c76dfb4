//! Events: what happened to a file, on its way to whoever asked for it.
//!
//! An event is a row written with the change it tells about, so neither is
//! there without the other. Whoever owns sockets takes the rows that are due
//! and says how the delivery went.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entropy::Entropy;
use super::ids;
use super::notification::category;
use super::record::{Bucket, File};
use super::tables::{Table, decode};
use crate::store::{StoreError, Transaction};

/// How often a delivery is tried before its rule is suspended.
const MOST_ATTEMPTS: u32 = 5;

/// How many rows are looked at for one round of deliveries.
const ROUND: usize = 500;

/// An event somebody is still to be told of.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pending {
    bucket: String,
    rule: String,
    event: Value,
    attempts: u32,
    next_at: u64,
}

/// One request to a webhook.
#[derive(Clone)]
#[cfg_attr(not(feature = "server"), expect(dead_code, reason = "only sockets sign and send"))]
pub(crate) struct Delivery {
    pub(crate) url: String,
    pub(crate) secret: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The rows it delivers.
    keys: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret and the headers stay out of it.
        f.debug_struct("Delivery").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Where and when something happened.
pub(crate) struct Scene<'s> {
    pub(crate) account: &'s str,
    pub(crate) bucket: &'s Bucket,
    pub(crate) now: u64,
}

/// Writes down an event for every rule of the bucket that asks for it.
pub(crate) fn record(
    tx: &mut Transaction<'_>,
    entropy: &mut Entropy,
    scene: &Scene<'_>,
    event_type: &str,
    file: &File,
) -> Result<(), StoreError> {
    for rule in scene.bucket.notification_rules.iter().filter(|rule| asks(rule, event_type, file)) {
        let rule = rule["name"].as_str().unwrap_or_default();
        let event = json!({
            "accountId": scene.account,
            "bucketId": scene.bucket.id,
            "bucketName": scene.bucket.name,
            "eventId": entropy.hex(32),
            "eventTimestamp": scene.now,
            "eventType": event_type,
            "eventVersion": 1,
            "matchedRuleName": rule,
            "objectName": file.name,
            "objectSize": file.len,
            "objectVersionId": file.id,
        });
        let (bucket, rule) = (scene.bucket.id.clone(), rule.to_owned());
        let pending = Pending { bucket, rule, event, attempts: 0, next_at: scene.now };
        let count = ids::next_count(tx, b"events")?;
        tx.save(Table::Event, format!("{count:016x}").as_bytes(), &pending)?;
    }
    Ok(())
}

fn asks(rule: &Value, event_type: &str, file: &File) -> bool {
    let is_on = rule["isEnabled"] == true && rule["isSuspended"] != true;
    let prefix = rule["objectNamePrefix"].as_str().unwrap_or_default();
    let every = format!("{}:*", category(event_type));
    let types = rule["eventTypes"].as_array().into_iter().flatten();
    is_on
        && file.name.starts_with(prefix)
        && types.filter_map(Value::as_str).any(|wanted| wanted == event_type || wanted == every)
}

/// What is to be delivered now; rows nobody wants any more go.
pub(crate) fn due(tx: &mut Transaction<'_>, now: u64) -> Result<Vec<Delivery>, StoreError> {
    let rows: Vec<_> = tx.scan_prefix(Table::Event, b"")?.take(ROUND).collect::<Result<_, _>>()?;
    let mut deliveries: Vec<(Pending, Delivery, usize, Vec<Value>)> = Vec::new();
    for (key, value) in rows {
        let key = key[1..].to_vec();
        let pending: Pending = decode(&value)?;
        let bucket: Option<Bucket> = tx.load(Table::Bucket, pending.bucket.as_bytes())?;
        let rule = bucket.as_ref().and_then(|bucket| rule(bucket, &pending.rule));
        let Some(rule) = rule else {
            tx.erase(Table::Event, &key);
            continue;
        };
        if pending.next_at > now {
            continue;
        }
        let with = deliveries.iter_mut().find(|(first, _, most, events)| {
            first.bucket == pending.bucket && first.rule == pending.rule && events.len() < *most
        });
        if let Some((_, delivery, _, events)) = with {
            delivery.keys.push(key);
            events.push(pending.event);
            continue;
        }
        let most = rule["maxEventsPerBatch"].as_u64().unwrap_or(1) as usize;
        let events = vec![pending.event.clone()];
        deliveries.push((pending, delivery(rule, key), most, events));
    }
    Ok(deliveries
        .into_iter()
        .map(|(_, delivery, _, events)| Delivery {
            body: json!({ "events": events }).to_string(),
            ..delivery
        })
        .collect())
}

fn rule<'b>(bucket: &'b Bucket, name: &str) -> Option<&'b Value> {
    let mut rules = bucket.notification_rules.iter();
    rules.find(|rule| rule["name"] == name && rule["isSuspended"] != true)
}

fn delivery(rule: &Value, key: Vec<u8>) -> Delivery {
    let target = &rule["targetConfiguration"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = target["customHeaders"].as_array().into_iter().flatten();
    Delivery {
        url: text(&target["url"]),
        secret: target["hmacSha256SigningSecret"].as_str().map(str::to_owned),
        headers: headers.map(|header| (text(&header["name"]), text(&header["value"]))).collect(),
        body: String::new(),
        keys: vec![key],
    }
}

/// Notes how a delivery went. A failed one is tried again after a while; when
/// that has failed often enough its rule is suspended.
pub(crate) fn settle(
    tx: &mut Transaction<'_>,
    delivery: &Delivery,
    outcome: Result<(), String>,
    now: u64,
) -> Result<(), StoreError> {
    for key in &delivery.keys {
        let Some(mut pending) = tx.load::<Pending>(Table::Event, key)? else { continue };
        let Err(reason) = &outcome else {
            tx.erase(Table::Event, key);
            continue;
        };
        pending.attempts += 1;
        if pending.attempts < MOST_ATTEMPTS {
            pending.next_at = now + 1000 * 4_u64.pow(pending.attempts - 1);
            tx.save(Table::Event, key, &pending)?;
        } else {
            tx.erase(Table::Event, key);
            suspend(tx, &pending, reason)?;
        }
    }
    Ok(())
}

fn suspend(tx: &mut Transaction<'_>, pending: &Pending, reason: &str) -> Result<(), StoreError> {
    let id = pending.bucket.as_bytes();
    let Some(mut bucket) = tx.load::<Bucket>(Table::Bucket, id)? else {
        return Ok(());
    };
    for rule in &mut bucket.notification_rules {
        if rule["name"] == pending.rule.as_str() {
            rule["isSuspended"] = json!(true);
            rule["suspensionReason"] = json!(reason);
        }
    }
    tx.save(Table::Bucket, id, &bucket)
}
