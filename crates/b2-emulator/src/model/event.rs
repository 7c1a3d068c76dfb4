//! Events: what happened to a file, on its way to whoever asked for it.
//!
//! An event is a row written with the change it tells about, so neither is
//! there without the other. Each rule has a queue of its own, so that a dead
//! receiver keeps nobody else waiting. Whoever owns sockets takes the rows that
//! are due and says how the delivery went.

use std::collections::HashSet;

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

/// How many rows of a queue are looked at for one round of deliveries.
const ROUND: usize = 100;

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
    /// Where it was queued; one round of a queue is under way at a time.
    pub(crate) queue: Vec<u8>,
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
        let queue = [bucket.as_bytes(), rule.as_bytes(), &[0]].concat();
        let pending = Pending { bucket, rule, event, attempts: 0, next_at: scene.now };
        let count = ids::next_count(tx, b"events")?;
        let key = [&queue, format!("{count:016x}").as_bytes()].concat();
        tx.save(Table::Event, &key, &pending)?;
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

/// What is to be delivered now, but for queues that are busy; rows nobody wants
/// any more go.
pub(crate) fn due(
    tx: &mut Transaction<'_>,
    now: u64,
    busy: &HashSet<Vec<u8>>,
) -> Result<Vec<Delivery>, StoreError> {
    let mut due = Vec::new();
    for queue in queues(tx)? {
        if !busy.contains(&queue) {
            due.extend(due_in(tx, &queue, now)?);
        }
    }
    // In the order that things happened.
    due.sort_by_cached_key(|delivery| {
        delivery.keys.first().map(|key| key[delivery.queue.len()..].to_vec())
    });
    Ok(due)
}

/// When the next delivery is due.
#[cfg(feature = "server")]
pub(crate) fn next_due(
    tx: &Transaction<'_>,
    busy: &HashSet<Vec<u8>>,
) -> Result<Option<u64>, StoreError> {
    let mut first = None;
    for queue in queues(tx)?.into_iter().filter(|queue| !busy.contains(queue)) {
        for row in tx.scan_prefix(Table::Event, &queue)?.take(ROUND) {
            let at = decode::<Pending>(&row?.1)?.next_at;
            first = Some(first.map_or(at, |first: u64| first.min(at)));
        }
    }
    Ok(first)
}

/// The queues that hold something.
fn queues(tx: &Transaction<'_>) -> Result<Vec<Vec<u8>>, StoreError> {
    let (mut queues, mut from) = (Vec::new(), Vec::new());
    while let Some((key, _)) = tx.scan(Table::Event, &from, &[0xff])?.next().transpose()? {
        let end = key.iter().position(|byte| *byte == 0).map_or(key.len(), |at| at + 1);
        let queue = key[1..end].to_vec();
        from = [&queue[..], &[0xff]].concat();
        queues.push(queue);
    }
    Ok(queues)
}

fn due_in(tx: &mut Transaction<'_>, queue: &[u8], now: u64) -> Result<Vec<Delivery>, StoreError> {
    let rows: Vec<_> =
        tx.scan_prefix(Table::Event, queue)?.take(ROUND).collect::<Result<_, _>>()?;
    let Some((_, first)) = rows.first() else { return Ok(Vec::new()) };
    let first: Pending = decode(first)?;
    let bucket: Option<Bucket> = tx.load(Table::Bucket, first.bucket.as_bytes())?;
    let Some(rule) = bucket.as_ref().and_then(|bucket| rule(bucket, &first.rule)) else {
        rows.iter().for_each(|(key, _)| tx.erase(Table::Event, &key[1..]));
        return Ok(Vec::new());
    };
    let mut due = Vec::new();
    for (key, value) in rows {
        let pending: Pending = decode(&value)?;
        if pending.next_at <= now {
            due.push((key[1..].to_vec(), pending.event));
        }
    }
    let most = rule["maxEventsPerBatch"].as_u64().unwrap_or(1).max(1) as usize;
    Ok(due.chunks(most).map(|batch| delivery(rule, queue, batch)).collect())
}

fn rule<'b>(bucket: &'b Bucket, name: &str) -> Option<&'b Value> {
    let mut rules = bucket.notification_rules.iter();
    rules.find(|rule| rule["name"] == name && rule["isSuspended"] != true)
}

fn delivery(rule: &Value, queue: &[u8], batch: &[(Vec<u8>, Value)]) -> Delivery {
    let target = &rule["targetConfiguration"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = target["customHeaders"].as_array().into_iter().flatten();
    let events: Vec<&Value> = batch.iter().map(|(_, event)| event).collect();
    Delivery {
        url: text(&target["url"]),
        secret: target["hmacSha256SigningSecret"].as_str().map(str::to_owned),
        headers: headers.map(|header| (text(&header["name"]), text(&header["value"]))).collect(),
        body: json!({ "events": events }).to_string(),
        queue: queue.to_vec(),
        keys: batch.iter().map(|(key, _)| key.clone()).collect(),
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
