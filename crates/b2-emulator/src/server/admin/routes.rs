//! The endpoints.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::segments;
use crate::control::{Control, FaultRule, SeededFaults};
use crate::engine::SnapshotError;
use crate::model::{Answer, Caps, Head};

const INDEX: &[(&str, &str)] = &[
    ("GET /_emulator/stats", "calls, transactions, bytes, connections"),
    ("DELETE /_emulator/stats", "counters to zero"),
    ("GET /_emulator/faults", "what is still to go wrong"),
    ("POST /_emulator/faults", "a rule, or an array of them"),
    ("DELETE /_emulator/faults", "no more faults"),
    ("POST /_emulator/faults/seed", "{seed, rate}: trouble at random"),
    ("GET, POST /_emulator/clock", "{offsetMs} or {advanceMs}"),
    ("GET, POST /_emulator/caps", "storageBytes, downloadBytesPerDay, class[BC]PerDay"),
    ("POST /_emulator/tokens/expire", "every account token expires"),
    ("POST /_emulator/tend", "lifecycle rules and replication, as far as due"),
    ("POST /_emulator/reset", "forget everything but the account"),
    ("GET /_emulator/snapshots", "their names"),
    ("POST, DELETE /_emulator/snapshots/NAME", "make one, forget it"),
    ("POST /_emulator/snapshots/NAME/restore", "go back to it"),
];

/// Answers a request whose sender has passed the guard.
pub(in crate::server) fn answer(control: &Control, head: &Head, body: &Bytes) -> Answer {
    let segments = segments(head).unwrap_or_default();
    let outcome = route(control, &head.method, &segments, body);
    let answer = outcome.map_or_else(Refused::into_answer, |value| Answer::json(&value));
    answer.complete(control.clock.now(), head.is_head())
}

/// Why something was not done.
struct Refused {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refused {
    fn bad(message: impl ToString) -> Self {
        Self { status: 400, code: "bad_request", message: message.to_string() }
    }

    fn into_answer(self) -> Answer {
        Answer::error(self.status, self.code, self.message)
    }
}

impl From<SnapshotError> for Refused {
    fn from(error: SnapshotError) -> Self {
        let (status, code) = match &error {
            SnapshotError::BadName => (400, "bad_request"),
            SnapshotError::NotFound(_) => (404, "not_found"),
            SnapshotError::Damaged(_) => (500, "internal_error"),
            SnapshotError::Io(_) | SnapshotError::Store(_) => (503, "service_unavailable"),
        };
        Self { status, code, message: error.to_string() }
    }
}

fn route(
    control: &Control,
    method: &Method,
    segments: &[&str],
    body: &Bytes,
) -> Result<Value, Refused> {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let done = Ok(json!({}));
    match segments {
        [] if *method == get => Ok(index()),
        ["stats"] if *method == get => Ok(json!(control.stats())),
        ["stats"] if *method == delete => {
            control.clear_stats();
            done
        }
        ["faults"] if *method == get => Ok(faults(control)),
        ["faults"] if *method == post => add_faults(control, body),
        ["faults"] if *method == delete => {
            control.faults.clear();
            done
        }
        ["faults", "seed"] if *method == post => set_seed(control, body),
        ["clock"] if *method == get => Ok(clock(control)),
        ["clock"] if *method == post => set_clock(control, body),
        ["caps"] if *method == get => Ok(json!(control.caps())),
        ["caps"] if *method == post => {
            control.set_caps(read::<Caps>(body)?);
            Ok(json!(control.caps()))
        }
        ["tokens", "expire"] if *method == post => {
            control.engine.expire_all(control.clock.now()).map_err(SnapshotError::Store)?;
            done
        }
        ["tend"] if *method == post => {
            control.engine.hurry();
            control.engine.tend(control.clock.now());
            done
        }
        ["reset"] if *method == post => {
            control.reset()?;
            done
        }
        ["snapshots", rest @ ..] => snapshots(control, method, rest),
        _ => Err(unknown()),
    }
}

fn snapshots(control: &Control, method: &Method, rest: &[&str]) -> Result<Value, Refused> {
    let engine = &control.engine;
    match rest {
        [] if *method == Method::GET => Ok(json!({ "snapshots": engine.snapshots()? })),
        [name] if *method == Method::POST => {
            engine.save_snapshot(name)?;
            Ok(json!({ "snapshot": name }))
        }
        [name] if *method == Method::DELETE => {
            engine.delete_snapshot(name)?;
            Ok(json!({ "snapshot": name }))
        }
        [name, "restore"] if *method == Method::POST => {
            engine.restore_snapshot(name)?;
            Ok(json!({ "snapshot": name }))
        }
        _ => Err(unknown()),
    }
}

fn unknown() -> Refused {
    let message = "no such endpoint; GET /_emulator lists them".to_owned();
    Refused { status: 404, code: "not_found", message }
}

fn index() -> Value {
    let endpoints = INDEX.iter().map(|(request, meaning)| json!([request, meaning]));
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "endpoints": endpoints.collect::<Vec<_>>(),
    })
}

fn faults(control: &Control) -> Value {
    let (rules, seeded) = control.faults.list();
    json!({ "rules": rules, "seeded": seeded })
}

fn add_faults(control: &Control, body: &Bytes) -> Result<Value, Refused> {
    let value: Value = read(body)?;
    let rules = if value.is_array() { value } else { json!([value]) };
    let rules: Vec<FaultRule> = serde_json::from_value(rules).map_err(Refused::bad)?;
    for rule in rules {
        control.faults.add(rule).map_err(Refused::bad)?;
    }
    Ok(faults(control))
}

fn set_seed(control: &Control, body: &Bytes) -> Result<Value, Refused> {
    let seeded: SeededFaults = read(body)?;
    if !(0.0..=1.0).contains(&seeded.rate) {
        return Err(Refused::bad("rate is 0 to 1"));
    }
    control.faults.set_seed(seeded);
    Ok(faults(control))
}

fn clock(control: &Control) -> Value {
    json!({ "nowMs": control.clock.now(), "offsetMs": control.clock.offset() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockChange {
    offset_ms: Option<i64>,
    advance_ms: Option<i64>,
}

fn set_clock(control: &Control, body: &Bytes) -> Result<Value, Refused> {
    let change: ClockChange = read(body)?;
    let offset = match change {
        ClockChange { offset_ms: Some(offset), advance_ms: None } => offset,
        ClockChange { offset_ms: None, advance_ms: Some(advance) } => {
            control.clock.offset().saturating_add(advance)
        }
        _ => return Err(Refused::bad("give offsetMs or advanceMs")),
    };
    control.set_clock_offset(offset);
    Ok(clock(control))
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(Refused::bad)
}
