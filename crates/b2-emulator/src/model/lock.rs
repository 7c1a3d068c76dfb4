//! Object lock: retention periods and legal holds.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::caller::Caller;
use super::params::mode;
use super::record::{Bucket, DefaultRetention, File, LockMode, PeriodUnit, Retention};
use super::refusal::{Failure, Outcome, bad_request, refuse, unauthorized};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What a request asks to be locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locks {
    pub(crate) retention: Option<Retention>,
    pub(crate) legal_hold: Option<bool>,
}

impl Locks {
    /// From the headers of an upload.
    pub(crate) fn from_headers(call: &Call<'_, '_>) -> Outcome<Self> {
        let mode = call.head.header("x-bz-file-retention-mode");
        let until = call.head.header("x-bz-file-retention-retain-until-timestamp");
        let retention = match (mode, until) {
            (None, None) => None,
            (Some(mode), Some(until)) => Some(retention(mode, until.parse().ok(), call.now)?),
            _ => return Err(bad_request("retention needs a mode and a timestamp")),
        };
        let legal_hold = call.head.header("x-bz-file-legal-hold").map(hold).transpose()?;
        Ok(Self { retention, legal_hold })
    }

    /// From the `fileRetention` and `legalHold` fields of a call.
    pub(crate) fn from_params(call: &Call<'_, '_>) -> Outcome<Self> {
        let object = call.params.optional_object("fileRetention")?;
        let retention = object.map(|object| retention_from_json(&object, call.now)).transpose()?;
        let legal_hold = call.params.optional_text("legalHold")?;
        let legal_hold = legal_hold.as_deref().map(hold).transpose()?;
        Ok(Self { retention: retention.flatten(), legal_hold })
    }

    /// Checks the caller's right and the bucket's state, and adds the
    /// bucket's default retention where the request has none.
    pub(crate) fn settle(self, caller: &Caller, bucket: &Bucket, at: u64) -> Outcome<Self> {
        if self.retention.is_some() {
            caller.require("writeFileRetentions")?;
        }
        if self.legal_hold.is_some() {
            caller.require("writeFileLegalHolds")?;
        }
        if self != Self::default() && !bucket.file_lock {
            return Err(bucket_missing_file_lock());
        }
        let default = bucket.default_retention.as_ref();
        let retention = self.retention.or_else(|| default.map(|period| starting(period, at)));
        Ok(Self { retention, ..self })
    }
}

/// Whether this version may be deleted now.
pub(crate) fn check_deletion(file: &File, caller: &Caller, bypass: bool, now: u64) -> Outcome<()> {
    if bypass && !caller.may("bypassGovernance") {
        return Err(unauthorized());
    }
    if file.legal_hold == Some(true) {
        return Err(refuse(401, "access_denied", "Access Denied"));
    }
    match file.retention.filter(|retention| retention.until > now) {
        Some(Retention { mode: LockMode::Governance, .. }) if bypass => Ok(()),
        Some(_) => Err(refuse(401, "access_denied", "Access Denied")),
        None => Ok(()),
    }
}

pub(crate) fn bucket_missing_file_lock() -> Failure {
    refuse(400, "bucket_missing_file_lock", "The bucket is not file lock enabled")
}

/// The `fileRetention` object of a file, wrapped.
pub(crate) fn retention_json(file: &File, is_readable: bool) -> Value {
    if !is_readable {
        return json!({"isClientAuthorizedToRead": false, "value": null});
    }
    let (mode, until) = file.retention.map(|lock| (lock.mode, lock.until)).unzip();
    json!({
        "isClientAuthorizedToRead": true,
        "value": {"mode": mode, "retainUntilTimestamp": until},
    })
}

/// The `legalHold` object of a file, wrapped.
pub(crate) fn legal_hold_json(file: &File, is_readable: bool) -> Value {
    let word = file.legal_hold.filter(|_| is_readable).map(hold_word);
    json!({"isClientAuthorizedToRead": is_readable, "value": word})
}

pub(crate) const fn hold_word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

pub(crate) const fn mode_word(mode: LockMode) -> &'static str {
    match mode {
        LockMode::Governance => "governance",
        LockMode::Compliance => "compliance",
    }
}

/// The default retention a bucket call gives: outer `None` when the field is
/// absent, inner `None` when it switches the default off.
pub(crate) fn default_retention(call: &Call<'_, '_>) -> Outcome<Option<Option<DefaultRetention>>> {
    let Some(object) = call.params.optional_object("defaultRetention")? else {
        return Ok(None);
    };
    let mode = match mode(&object)? {
        None | Some("none") => return Ok(Some(None)),
        Some(word) => lock_mode(word)?,
    };
    let period = object.get("period").and_then(Value::as_object);
    let duration = period.and_then(|p| p.get("duration")).and_then(Value::as_u64);
    let unit = period.and_then(|p| p.get("unit")).and_then(Value::as_str);
    match (duration, unit) {
        (Some(duration @ 1..=3000), Some("days")) => {
            Ok(Some(Some(DefaultRetention { mode, duration, unit: PeriodUnit::Days })))
        }
        (Some(duration @ 1..=8), Some("years")) => {
            Ok(Some(Some(DefaultRetention { mode, duration, unit: PeriodUnit::Years })))
        }
        _ => Err(bad_request("invalid defaultRetention period")),
    }
}

fn starting(period: &DefaultRetention, at: u64) -> Retention {
    let days = match period.unit {
        PeriodUnit::Days => period.duration,
        PeriodUnit::Years => period.duration * 365,
    };
    Retention { mode: period.mode, until: at.saturating_add(days * DAY_MS) }
}

pub(crate) fn retention_from_json(
    object: &Map<String, Value>,
    now: u64,
) -> Outcome<Option<Retention>> {
    let until = object.get("retainUntilTimestamp").and_then(Value::as_u64);
    match mode(object)? {
        None | Some("none") => Ok(None),
        Some(mode) => retention(mode, until, now).map(Some),
    }
}

fn retention(mode: &str, until: Option<u64>, now: u64) -> Outcome<Retention> {
    let mode = lock_mode(mode)?;
    let until = until.ok_or_else(|| bad_request("invalid retention timestamp"))?;
    if until <= now {
        let code = "retain_until_timestamp_must_be_in_future";
        return Err(refuse(400, code, "The retainUntilTimestamp must be in future"));
    }
    Ok(Retention { mode, until })
}

fn lock_mode(word: &str) -> Outcome<LockMode> {
    match word {
        "governance" => Ok(LockMode::Governance),
        "compliance" => Ok(LockMode::Compliance),
        _ => Err(bad_request(format!("invalid retention mode: {word}"))),
    }
}

pub(crate) fn hold(word: &str) -> Outcome<bool> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(bad_request(format!("invalid legal hold: {word}"))),
    }
}
