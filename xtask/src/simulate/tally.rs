//! What happened in many runs, added up.

use std::collections::BTreeMap;
use std::time::Duration;

/// What happened in one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Rules that the run broke, in words.
    pub(crate) violations: Vec<String>,
    /// Requests by call.
    pub(crate) requests: BTreeMap<String, u64>,
    /// Faults by kind.
    pub(crate) faults: BTreeMap<String, u64>,
    /// Operations that ended well.
    pub(crate) succeeded: u64,
    /// Operations that ended in an error that was due.
    pub(crate) failed: u64,
    pub(crate) virtual_time: Duration,
    /// What happened when, if it was to be kept.
    pub(crate) history: Vec<String>,
}

/// What happened in all runs so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) requests: BTreeMap<String, u64>,
    pub(crate) faults: BTreeMap<String, u64>,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) virtual_time: Duration,
    pub(crate) history: Vec<String>,
    /// Seeds that broke a rule, with the rules.
    pub(crate) failing: BTreeMap<u64, Vec<String>>,
}

impl Tally {
    pub(crate) fn add(&mut self, seed: u64, outcome: Outcome) {
        self.runs += 1;
        merge(&mut self.requests, outcome.requests);
        merge(&mut self.faults, outcome.faults);
        self.succeeded += outcome.succeeded;
        self.failed += outcome.failed;
        self.virtual_time = self.virtual_time.saturating_add(outcome.virtual_time);
        self.history.extend(outcome.history);
        if !outcome.violations.is_empty() {
            self.failing.insert(seed, outcome.violations);
        }
    }
}

fn merge(into: &mut BTreeMap<String, u64>, from: BTreeMap<String, u64>) {
    for (name, count) in from {
        *into.entry(name).or_default() += count;
    }
}
