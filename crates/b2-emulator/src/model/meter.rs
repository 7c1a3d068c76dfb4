//! What is counted and capped: calls, transactions, and bytes.
//!
//! Days end at 00:00 UTC by the emulator's clock, as on the service.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::operation::{Class, Operation};
use super::refusal::{Outcome, refuse};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What an account may use. `None`, the default of each, means no cap.
///
/// A request over a cap gets 403 and `storage_cap_exceeded`,
/// `download_cap_exceeded` or `transaction_cap_exceeded`. The daily ones start
/// anew at 00:00 UTC by the emulator's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Caps {
    /// Most bytes stored, of all versions and parts together.
    pub storage_bytes: Option<u64>,
    /// Most bytes downloaded in a day.
    pub download_bytes_per_day: Option<u64>,
    /// Most transactions of class B in a day.
    pub class_b_per_day: Option<u64>,
    /// Most transactions of class C in a day.
    pub class_c_per_day: Option<u64>,
}

/// Counters of one emulator; they begin at zero with each start.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    state: Mutex<State>,
    /// Bytes of all blobs; whoever keeps the blobs keeps it right.
    pub(crate) stored: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct State {
    caps: Caps,
    calls: BTreeMap<&'static str, u64>,
    /// Of classes A, B and C, since the start.
    transactions: [u64; 3],
    day: u64,
    today: [u64; 3],
    downloaded_today: u64,
}

#[cfg(feature = "server")]
/// What was counted since the start or the last time it was set to zero.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) calls: BTreeMap<&'static str, u64>,
    pub(crate) transactions: [u64; 3],
    pub(crate) today: [u64; 3],
    pub(crate) downloaded_today: u64,
}

impl Meter {
    pub(crate) fn new(stored: Arc<AtomicU64>) -> Self {
        Self { stored, ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "server")]
    pub(crate) fn caps(&self) -> Caps {
        self.state().caps
    }

    pub(crate) fn set_caps(&self, caps: Caps) {
        self.state().caps = caps;
    }

    #[cfg(feature = "server")]
    pub(crate) fn counts(&self, now: u64) -> Counts {
        let mut state = self.state();
        state.turn(now);
        Counts {
            calls: state.calls.clone(),
            transactions: state.transactions,
            today: state.today,
            downloaded_today: state.downloaded_today,
        }
    }

    #[cfg(feature = "server")]
    /// Sets every counter to zero, and leaves the caps.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        *state = State { caps: state.caps, ..State::default() };
    }

    /// Counts a call; refuses it if it is one too many today.
    pub(crate) fn count(&self, operation: Operation, now: u64) -> Outcome<()> {
        let mut state = self.state();
        state.turn(now);
        *state.calls.entry(operation.name()).or_default() += 1;
        let class = operation.class();
        let cap = match class {
            Class::A => None,
            Class::B => state.caps.class_b_per_day,
            Class::C => state.caps.class_c_per_day,
        };
        if cap.is_some_and(|cap| state.today[class as usize] >= cap) {
            let message = format!("Transaction cap exceeded: class {class:?}");
            return Err(refuse(403, "transaction_cap_exceeded", message));
        }
        state.transactions[class as usize] += 1;
        state.today[class as usize] += 1;
        Ok(())
    }

    /// Counts bytes that are about to be sent; refuses them if they are too many.
    pub(crate) fn download(&self, len: u64, now: u64) -> Outcome<()> {
        let mut state = self.state();
        state.turn(now);
        let sum = state.downloaded_today.saturating_add(len);
        if state.caps.download_bytes_per_day.is_some_and(|cap| sum > cap) {
            return Err(refuse(403, "download_cap_exceeded", "Download cap exceeded"));
        }
        state.downloaded_today = sum;
        Ok(())
    }

    /// Refuses `len` more bytes if they do not fit under the cap.
    pub(crate) fn check_storage(&self, len: u64) -> Outcome<()> {
        let sum = self.stored.load(Ordering::Relaxed).saturating_add(len);
        if self.state().caps.storage_bytes.is_some_and(|cap| sum > cap) {
            return Err(refuse(403, "storage_cap_exceeded", "Storage cap exceeded"));
        }
        Ok(())
    }
}

impl State {
    /// Begins a new day if it is one.
    const fn turn(&mut self, now: u64) {
        let day = now / DAY_MS;
        if self.day != day {
            self.day = day;
            self.today = [0; 3];
            self.downloaded_today = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::refusal::Failure;

    fn code(outcome: Outcome<()>) -> Option<&'static str> {
        match outcome {
            Ok(()) => None,
            Err(Failure::Refused(refusal)) => Some(refusal.code),
            Err(Failure::Store(_)) => Some("store"),
        }
    }

    #[test]
    fn daily_caps_refuse_and_end_with_the_day() {
        let meter = Meter::default();
        let caps =
            Caps { class_c_per_day: Some(1), download_bytes_per_day: Some(10), ..Caps::default() };
        meter.set_caps(caps);
        assert_eq!(code(meter.count(Operation::ListBuckets, 5)), None);
        let refused = code(meter.count(Operation::ListBuckets, DAY_MS - 1));
        assert_eq!(refused, Some("transaction_cap_exceeded"));
        assert_eq!(code(meter.count(Operation::UploadFile, 6)), None, "class A is free");
        assert_eq!(code(meter.count(Operation::ListBuckets, DAY_MS)), None);
        assert_eq!(code(meter.download(10, 7 * DAY_MS)), None);
        assert_eq!(code(meter.download(1, 7 * DAY_MS)), Some("download_cap_exceeded"));
        assert_eq!(meter.counts(7 * DAY_MS).calls["b2_list_buckets"], 3);
        assert_eq!(meter.counts(8 * DAY_MS).downloaded_today, 0);
    }

    #[test]
    fn stored_bytes_are_held_against_the_cap() {
        let meter = Meter::default();
        meter.stored.store(90, Ordering::Relaxed);
        assert_eq!(code(meter.check_storage(1_000)), None);
        meter.set_caps(Caps { storage_bytes: Some(100), ..Caps::default() });
        assert_eq!(code(meter.check_storage(10)), None);
        assert_eq!(code(meter.check_storage(11)), Some("storage_cap_exceeded"));
    }
}
