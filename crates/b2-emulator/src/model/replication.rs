//! Replication between two buckets of the account.
//!
//! A matching upload is marked `PENDING` and queued. Whoever keeps the blobs
//! later writes its bytes anew, and the copy is stored as a `REPLICA`.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::content::stored_segments;
use super::event::{self, Scene};
use super::ids::{self, FileKind};
use super::record::{Action, Bucket, Content, Encryption, File, Key, ReplicationStatus};
use super::refusal::{Outcome, bad_request};
use super::tables::{Table, decode};
use super::versions;
use crate::blob::{Receipt, Segment};
use crate::store::{StoreError, Transaction};

/// A file that waits for its replica.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Queued {
    destination: String,
    due_at: u64,
    /// How often it was tried in vain.
    #[serde(default)]
    attempts: u32,
}

/// How long a replica that could not be made waits, in milliseconds: a second,
/// then four times as long each time, at most an hour.
const FIRST_WAIT_MS: u64 = 1000;
const LONGEST_WAIT_MS: u64 = 60 * 60 * 1000;

/// Sorts by when it is due, so that what waits keeps nobody else waiting.
fn queue_key(due_at: u64, file: &str) -> Vec<u8> {
    format!("{due_at:016x}{file}").into_bytes()
}

/// A replica whose bytes are to be written.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaTicket {
    pub(crate) segments: Vec<Segment>,
    pub(crate) len: u64,
    source: String,
    /// Its row in the queue.
    key: Vec<u8>,
}

/// The checked configuration with both keys; `None` when it says nothing.
pub(crate) fn configuration(object: &Map<String, Value>) -> Outcome<Option<Value>> {
    let part = |name: &str| object.get(name).filter(|value| !value.is_null());
    let source = part("asReplicationSource").map(source).transpose()?;
    let destination = part("asReplicationDestination").map(destination).transpose()?;
    if source.is_none() && destination.is_none() {
        return Ok(None);
    }
    Ok(Some(json!({"asReplicationDestination": destination, "asReplicationSource": source})))
}

fn source(value: &Value) -> Outcome<Value> {
    let key = value["sourceApplicationKeyId"].as_str();
    let key = key.ok_or_else(|| bad_request("asReplicationSource needs sourceApplicationKeyId"))?;
    let rules = value["replicationRules"].as_array().map_or(&[][..], Vec::as_slice);
    let rules: Vec<Value> = rules.iter().map(rule).collect::<Outcome<_>>()?;
    for field in ["replicationRuleName", "priority"] {
        let distinct: HashSet<String> = rules.iter().map(|rule| rule[field].to_string()).collect();
        if distinct.len() < rules.len() {
            return Err(bad_request(format!("{field} must be unique")));
        }
    }
    Ok(json!({"replicationRules": rules, "sourceApplicationKeyId": key}))
}

fn rule(rule: &Value) -> Outcome<Value> {
    let invalid = |name: &str| bad_request(format!("invalid replication rule: {name}"));
    let text = |name: &str| rule[name].as_str().ok_or_else(|| invalid(name));
    let flag = |name: &str| rule[name].as_bool().ok_or_else(|| invalid(name));
    let is_absent = rule["includeExistingFiles"].is_null();
    let name = text("replicationRuleName")?;
    let is_name = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !is_name {
        return Err(invalid("replicationRuleName"));
    }
    let priority = rule["priority"].as_u64().filter(|p| (1..=2_147_483_647).contains(p));
    Ok(json!({
        "destinationBucketId": text("destinationBucketId")?,
        "fileNamePrefix": text("fileNamePrefix")?,
        "includeExistingFiles": !is_absent && flag("includeExistingFiles")?,
        "isEnabled": flag("isEnabled")?,
        "priority": priority.ok_or_else(|| invalid("priority"))?,
        "replicationRuleName": name,
    }))
}

fn destination(value: &Value) -> Outcome<Value> {
    let mapping = value["sourceToDestinationKeyMapping"].as_object();
    let mapping = mapping.filter(|mapping| mapping.values().all(Value::is_string));
    let mapping = mapping.ok_or_else(|| bad_request("invalid sourceToDestinationKeyMapping"))?;
    Ok(json!({ "sourceToDestinationKeyMapping": mapping }))
}

/// Whether files of this bucket are replicated elsewhere.
pub(crate) fn is_source(bucket: &Bucket) -> bool {
    rules(bucket).next().is_some()
}

fn rules(bucket: &Bucket) -> impl Iterator<Item = &Value> {
    let rules = bucket.replication.as_ref().map(|value| &value["asReplicationSource"]);
    rules.and_then(|source| source["replicationRules"].as_array()).into_iter().flatten()
}

/// Queues a new file if a rule asks for it. The rule of the highest priority
/// decides; files under customers' keys cannot be read and are left out.
pub(crate) fn enqueue(call: &mut Call<'_, '_>, bucket: &Bucket, file: &mut File) -> Outcome<()> {
    enqueue_if(call, bucket, file, |_| true)
}

/// Queues a file that was there before its rule.
pub(crate) fn enqueue_existing(
    call: &mut Call<'_, '_>,
    bucket: &Bucket,
    file: &mut File,
) -> Outcome<()> {
    enqueue_if(call, bucket, file, |rule| rule["includeExistingFiles"] == true)
}

fn enqueue_if(
    call: &mut Call<'_, '_>,
    bucket: &Bucket,
    file: &mut File,
    is_wanted: impl Fn(&Value) -> bool,
) -> Outcome<()> {
    if matches!(file.encryption, Encryption::SseC(_)) || file.replication.is_some() {
        return Ok(());
    }
    let matching = rules(bucket).filter(|rule| {
        let prefix = rule["fileNamePrefix"].as_str().unwrap_or_default();
        rule["isEnabled"] == true && file.name.starts_with(prefix) && is_wanted(rule)
    });
    let Some(rule) = matching.max_by_key(|rule| rule["priority"].as_u64()) else {
        return Ok(());
    };
    let destination = rule["destinationBucketId"].as_str().unwrap_or_default().to_owned();
    let due_at = call.now.saturating_add(call.settings.replication_delay_ms);
    let queued = Queued { destination, due_at, attempts: 0 };
    call.tx.save(Table::Replica, &queue_key(due_at, &file.id), &queued)?;
    file.replication = Some(ReplicationStatus::Pending);
    Ok(())
}

/// The next file whose replica is due. Those that cannot have one are marked
/// so on the way; the boolean tells whether anything was changed by that.
pub(crate) fn next_due(
    tx: &mut Transaction<'_>,
    now: u64,
) -> Result<Option<ReplicaTicket>, StoreError> {
    let until = queue_key(now.saturating_add(1), "");
    let rows: Vec<_> = tx.scan(Table::Replica, b"", &until)?.take(500).collect::<Result<_, _>>()?;
    for (key, value) in rows {
        let queued: Queued = decode(&value)?;
        let id = String::from_utf8_lossy(key.get(17..).unwrap_or_default()).into_owned();
        let Some((mut file, position)) = find(tx, &id)? else {
            tx.erase(Table::Replica, &key[1..]);
            continue;
        };
        if destination_of(tx, &file, &queued.destination)?.is_some() {
            let segments = stored_segments(tx, &file)?;
            let key = key[1..].to_vec();
            return Ok(Some(ReplicaTicket { segments, len: file.len, source: id, key }));
        }
        tx.erase(Table::Replica, &key[1..]);
        file.replication = Some(ReplicationStatus::Failed);
        tx.save(Table::Version, &versions::version_key(&file.bucket, &file.name, position), &file)?;
    }
    Ok(None)
}

/// When the next replica is due.
#[cfg(feature = "server")]
pub(crate) fn first_due(tx: &Transaction<'_>) -> Result<Option<u64>, StoreError> {
    let first = tx.scan_prefix(Table::Replica, b"")?.next().transpose()?;
    Ok(first.map(|(_, value)| decode::<Queued>(&value)).transpose()?.map(|queued| queued.due_at))
}

/// Lets a replica that could not be made wait.
pub(crate) fn postpone(
    tx: &mut Transaction<'_>,
    ticket: &ReplicaTicket,
    now: u64,
) -> Result<(), StoreError> {
    let Some(mut queued) = tx.load::<Queued>(Table::Replica, &ticket.key)? else {
        return Ok(());
    };
    let wait = FIRST_WAIT_MS.saturating_mul(4_u64.saturating_pow(queued.attempts));
    queued.attempts += 1;
    queued.due_at = now.saturating_add(wait.min(LONGEST_WAIT_MS));
    tx.erase(Table::Replica, &ticket.key);
    tx.save(Table::Replica, &queue_key(queued.due_at, &ticket.source), &queued)
}

fn find(tx: &Transaction<'_>, id: &str) -> Result<Option<(File, ids::Position)>, StoreError> {
    match versions::find(tx, id) {
        Ok(found) => Ok(found.filter(|(file, _)| file.action == Action::Upload)),
        Err(super::refusal::Failure::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The bucket a replica goes to, if both sides allow it.
fn destination_of(
    tx: &Transaction<'_>,
    file: &File,
    id: &str,
) -> Result<Option<Bucket>, StoreError> {
    let source: Option<Bucket> = tx.load(Table::Bucket, file.bucket.as_bytes())?;
    let destination: Option<Bucket> = tx.load(Table::Bucket, id.as_bytes())?;
    let (Some(source), Some(destination)) = (source, destination) else {
        return Ok(None);
    };
    let from = source.replication.unwrap_or_default();
    let from = from["asReplicationSource"]["sourceApplicationKeyId"].as_str();
    let to = destination.replication.clone().unwrap_or_default();
    let mapping = &to["asReplicationDestination"]["sourceToDestinationKeyMapping"];
    let to = from.and_then(|from| mapping[from].as_str());
    let may = |key: Option<&str>, capability: &str| -> Result<bool, StoreError> {
        let Some(key) = key else { return Ok(false) };
        let key: Option<Key> = tx.load(Table::Key, key.as_bytes())?;
        Ok(key.is_some_and(|key| key.capabilities.iter().any(|held| held == capability)))
    };
    let allowed = may(from, "readFiles")? && may(to, "writeFiles")?;
    Ok(Some(destination).filter(|_| allowed))
}

/// Stores the replica whose bytes were written; gives whether it was.
pub(crate) fn conclude(
    call: &mut Call<'_, '_>,
    ticket: &ReplicaTicket,
    receipt: Receipt,
) -> Outcome<bool> {
    let queued: Option<Queued> = call.tx.load(Table::Replica, &ticket.key)?;
    let (Some(queued), Some((mut source, position))) = (queued, find(call.tx, &ticket.source)?)
    else {
        return Ok(false);
    };
    let Some(bucket) = destination_of(call.tx, &source, &queued.destination)? else {
        return Ok(false);
    };
    let account = call.account()?;
    let is_large = source.content == Content::Parts;
    let kind = if is_large { FileKind::Large } else { FileKind::Small };
    let (id, place) =
        ids::next_file_id(call.tx, call.entropy, &account, &bucket.id, kind, call.now)?;
    call.tx.save(Table::Blob, receipt.blob.to_string().as_bytes(), &id)?;
    let replica = File {
        id,
        bucket: bucket.id.clone(),
        uploaded_at: call.now,
        retention: source.retention.filter(|_| bucket.file_lock),
        legal_hold: source.legal_hold.filter(|_| bucket.file_lock),
        content: Content::Whole(receipt.blob),
        replication: Some(ReplicationStatus::Replica),
        ..source.clone()
    };
    versions::save(call.tx, &replica, place)?;
    source.replication = Some(ReplicationStatus::Completed);
    versions::save(call.tx, &source, position)?;
    call.tx.erase(Table::Replica, &ticket.key);
    let kind =
        if is_large { "b2:ObjectCreated:MultipartReplica" } else { "b2:ObjectCreated:Replica" };
    let scene = Scene { account: &account.id, bucket: &bucket, now: call.now };
    event::record(call.tx, call.entropy, &scene, kind, &replica)?;
    Ok(true)
}
