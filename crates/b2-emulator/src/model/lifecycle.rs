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

/// How many versions one step looks at, and about how many blobs it gives up,
/// so that nobody waits long for it.
const STEP: usize = 500;

/// What a rule says about a name, in days.
#[derive(Clone, Copy, Debug, Default)]
struct Days {
    to_hiding: Option<u64>,
    to_deleting: Option<u64>,
    to_cancelling: Option<u64>,
}

/// Where a round has got to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// The key that the next version has at least.
    from: Vec<u8>,
    /// The finished version before it.
    newer: Option<Newer>,
}

/// What is kept of a version for the next older one of its name.
#[derive(Clone, Debug)]
struct Newer {
    bucket: String,
    name: String,
    /// When it came, and so the next older one was hidden.
    at: u64,
    /// Whether the newest of the name is a hide marker.
    is_under_marker: bool,
}

impl Newer {
    fn is_of(&self, file: &File) -> bool {
        self.bucket == file.bucket && self.name == file.name
    }
}

/// Carries out the rules on the versions from a place on. Gives where to go
/// on, `None` at the end. Takes the memory of some versions at a time, however
/// many a name has.
pub(crate) fn step(call: &mut Call<'_, '_>, mut place: Place) -> Outcome<Option<Place>> {
    still_newer(call, &mut place)?;
    let mut visited = 0;
    while visited < STEP {
        let next = call.tx.scan(Table::Version, &place.from, &[0xff])?.next().transpose()?;
        let Some((_, value)) = next else {
            leave(call, &mut place)?;
            return Ok(None);
        };
        let first: File = decode(&value)?;
        let bucket = buckets::load(call.tx, &first.bucket)?;
        let end = versions::after_prefix_key(&bucket.id, "");
        if !has_work(&bucket) {
            // Over to the next bucket at once.
            leave(call, &mut place)?;
            place.from = end;
            continue;
        }
        let page: Vec<_> = call
            .tx
            .scan(Table::Version, &place.from, &end)?
            .take(STEP - visited)
            .collect::<Result<_, _>>()?;
        visited += page.len();
        for (key, value) in page {
            tend_version(call, &bucket, &mut place, &decode(&value)?)?;
            place.from = [&key[1..], &[0]].concat();
            // A large file has ten thousand parts.
            if call.garbage.len() >= STEP {
                return Ok(Some(place));
            }
        }
    }
    Ok(Some(place))
}

/// Whether time alone may change something in this bucket.
pub(crate) fn has_work(bucket: &Bucket) -> bool {
    !bucket.lifecycle_rules.is_empty() || replication::is_source(bucket)
}

/// Between two steps everything newer may have been deleted; then nothing
/// hides the next version any more.
fn still_newer(call: &Call<'_, '_>, place: &mut Place) -> Outcome<()> {
    let Some(newer) = &place.newer else { return Ok(()) };
    let (from, until) = (versions::name_key(&newer.bucket, &newer.name), &place.from);
    for row in call.tx.scan(Table::Version, &from, until)? {
        if decode::<File>(&row?.1)?.action != Action::Start {
            return Ok(());
        }
    }
    // The rules never delete the newest of a name before its end.
    place.newer = None;
    Ok(())
}

fn tend_version(
    call: &mut Call<'_, '_>,
    bucket: &Bucket,
    place: &mut Place,
    file: &File,
) -> Outcome<()> {
    if place.newer.as_ref().is_some_and(|newer| !newer.is_of(file)) {
        leave(call, place)?;
    }
    let days = days(bucket, &file.name);
    if file.action == Action::Start {
        if has_passed(file.uploaded_at, days.to_cancelling, call.now) {
            files::discard(call, file)?;
        }
        return Ok(());
    }
    let newer = place.newer.take();
    let is_marker = file.action == Action::Hide;
    place.newer = Some(Newer {
        bucket: file.bucket.clone(),
        name: file.name.clone(),
        at: file.uploaded_at,
        is_under_marker: newer.as_ref().map_or(is_marker, |newer| newer.is_under_marker),
    });
    if let Some(newer) = newer {
        if has_passed(newer.at, days.to_deleting, call.now) && !is_locked(file, call.now) {
            return delete(call, bucket, file);
        }
    } else if !is_marker && has_passed(file.uploaded_at, days.to_hiding, call.now) {
        let marker = files::store_marker(call, &bucket.id, &file.name)?;
        tell(call, bucket, "b2:HideMarkerCreated:LifecycleRule", &marker)?;
    }
    if is_marker { Ok(()) } else { replicate(call, bucket, file) }
}

/// Ends the visit to a name: a marker that hides nothing any more goes the
/// same way as what it hid.
fn leave(call: &mut Call<'_, '_>, place: &mut Place) -> Outcome<()> {
    let Some(left) = place.newer.take().filter(|newer| newer.is_under_marker) else {
        return Ok(());
    };
    let (from, until) = (
        versions::name_key(&left.bucket, &left.name),
        versions::after_name_key(&left.bucket, &left.name),
    );
    let mut finished = Vec::new();
    for row in call.tx.scan(Table::Version, &from, &until)? {
        let file: File = decode(&row?.1)?;
        if file.action != Action::Start {
            finished.push(file);
        }
        if finished.len() > 1 {
            return Ok(());
        }
    }
    let Some(marker) = finished.pop().filter(|file| file.action == Action::Hide) else {
        return Ok(());
    };
    let bucket = buckets::load(call.tx, &left.bucket)?;
    let days = days(&bucket, &left.name);
    if has_passed(marker.uploaded_at, days.to_deleting, call.now) {
        files::discard(call, &marker)?;
    }
    Ok(())
}

fn has_passed(since: u64, days: Option<u64>, now: u64) -> bool {
    days.is_some_and(|days| since.saturating_add(days.saturating_mul(DAY_MS)) <= now)
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
