//! Lifecycle rules, carried out.

use serde_json::Value;

use super::call::Call;
use super::event::{self, Scene};
use super::files;
use super::record::{Action, Bucket, File};
use super::refusal::Outcome;
use super::tables::{Table, decode};
use super::{buckets, replication, versions};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How many versions one step looks at, so that nobody waits long for it.
const STEP: usize = 2000;

/// What a rule says about a name, in days.
#[derive(Clone, Copy, Debug, Default)]
struct Days {
    to_hiding: Option<u64>,
    to_deleting: Option<u64>,
    to_cancelling: Option<u64>,
}

/// Carries out the rules on the names from `from` on. Gives where to go on,
/// `None` at the end.
pub(crate) fn step(call: &mut Call<'_, '_>, from: &[u8]) -> Outcome<Option<Vec<u8>>> {
    let mut visited = 0;
    let mut from = from.to_vec();
    let mut bucket: Option<Bucket> = None;
    loop {
        let next = call.tx.scan(Table::Version, &from, &[0xff])?.next().transpose()?;
        let Some((_, value)) = next else { return Ok(None) };
        let first: File = decode(&value)?;
        if bucket.as_ref().is_none_or(|bucket| bucket.id != first.bucket) {
            bucket = Some(buckets::load(call.tx, &first.bucket)?);
        }
        let Some(here) = &bucket else { return Ok(None) };
        if !has_work(here) {
            // Over to the next bucket at once.
            from = versions::after_prefix_key(&here.id, "");
            continue;
        }
        let versions = versions_of(call, &here.id, &first.name)?;
        visited += versions.len();
        tend_name(call, here, &versions)?;
        from = versions::after_name_key(&here.id, &first.name);
        if visited >= STEP {
            return Ok(Some(from));
        }
    }
}

/// Whether time alone may change something in this bucket.
pub(crate) fn has_work(bucket: &Bucket) -> bool {
    !bucket.lifecycle_rules.is_empty() || replication::is_source(bucket)
}

fn versions_of(call: &Call<'_, '_>, bucket: &str, name: &str) -> Outcome<Vec<File>> {
    let (from, until) = (versions::name_key(bucket, name), versions::after_name_key(bucket, name));
    let rows = call.tx.scan(Table::Version, &from, &until)?;
    Ok(rows.map(|row| decode(&row?.1)).collect::<Result<_, _>>()?)
}

/// Newest first, as they are listed.
fn tend_name(call: &mut Call<'_, '_>, bucket: &Bucket, versions: &[File]) -> Outcome<()> {
    let Some(name) = versions.first().map(|file| file.name.as_str()) else {
        return Ok(());
    };
    let days = days(bucket, name);
    let has_passed = |since: u64, days: Option<u64>, now: u64| {
        days.is_some_and(|days| since.saturating_add(days.saturating_mul(DAY_MS)) <= now)
    };
    let now = call.now;
    let finished: Vec<&File> =
        versions.iter().filter(|file| file.action != Action::Start).collect();
    for file in versions.iter().filter(|file| file.action == Action::Start) {
        if has_passed(file.uploaded_at, days.to_cancelling, now) {
            files::discard(call, file)?;
        }
    }
    // Each was hidden when the next newer one came.
    let mut left = finished.len();
    for pair in finished.windows(2).rev() {
        let (newer, older) = (pair[0], pair[1]);
        if has_passed(newer.uploaded_at, days.to_deleting, now) && !is_locked(older, now) {
            delete(call, bucket, older)?;
            left -= 1;
        }
    }
    let Some(&current) = finished.first() else { return Ok(()) };
    if current.action == Action::Hide {
        // A marker that hides nothing any more goes the same way.
        if left == 1 && has_passed(current.uploaded_at, days.to_deleting, now) {
            files::discard(call, current)?;
        }
    } else if has_passed(current.uploaded_at, days.to_hiding, now) {
        let marker = files::store_marker(call, &bucket.id, name)?;
        tell(call, bucket, "b2:HideMarkerCreated:LifecycleRule", &marker)?;
    }
    for file in finished.into_iter().filter(|file| file.action == Action::Upload) {
        replicate(call, bucket, file)?;
    }
    Ok(())
}

fn replicate(call: &mut Call<'_, '_>, bucket: &Bucket, file: &File) -> Outcome<()> {
    let mut queued = file.clone();
    replication::enqueue_existing(call, bucket, &mut queued)?;
    if queued.replication != file.replication
        && let Some((_, position)) = versions::find(call.tx, &file.id)?
    {
        versions::save(call.tx, &queued, position)?;
    }
    Ok(())
}

fn is_locked(file: &File, now: u64) -> bool {
    file.legal_hold == Some(true) || file.retention.is_some_and(|retention| retention.until > now)
}

fn delete(call: &mut Call<'_, '_>, bucket: &Bucket, file: &File) -> Outcome<()> {
    files::discard(call, file)?;
    tell(call, bucket, "b2:ObjectDeleted:LifecycleRule", file)
}

fn tell(call: &mut Call<'_, '_>, bucket: &Bucket, kind: &str, file: &File) -> Outcome<()> {
    let account = call.account()?.id;
    let scene = Scene { account: &account, bucket, now: call.now };
    Ok(event::record(call.tx, call.entropy, &scene, kind, file)?)
}

/// Rules do not overlap, so at most one is about a name.
fn days(bucket: &Bucket, name: &str) -> Days {
    let rule = bucket.lifecycle_rules.iter().find(|rule| {
        rule["fileNamePrefix"].as_str().is_some_and(|prefix| name.starts_with(prefix))
    });
    let days = |field: &str| rule.and_then(|rule: &Value| rule[field].as_u64());
    Days {
        to_hiding: days("daysFromUploadingToHiding"),
        to_deleting: days("daysFromHidingToDeleting"),
        to_cancelling: days("daysFromStartingToCancelingUnfinishedLargeFiles"),
    }
}
