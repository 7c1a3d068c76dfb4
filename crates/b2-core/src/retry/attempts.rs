//! The attempts of one request: how many were made, when the next is due.

use crate::account::Account;
use crate::error::{Error, Remedy};
use crate::event::Event;
use crate::op::{Wait, WaitReason};
use crate::retry::backoff::Backoff;
use crate::time::{self, Duration, Instant};

/// Refreshes of the token that one request may cause. The second covers a
/// token that expired again during a long pause; more would be a loop.
const REFRESHES: u32 = 2;

/// Failures that try nobody's patience, however long each answer took: a copy
/// of 5 GB may be silent for longer than the patience of many.
const HASTY: u32 = 2;

/// The one status that concerns the whole account.
const RATE_LIMITED: u16 = 429;

/// Counts attempts and decides whether there is another.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    made: u32,
    refreshes: u32,
    urls: u32,
    /// Time spent in pauses, that before the next attempt included.
    paused: Duration,
    first_failure: Option<Instant>,
    not_before: Option<Instant>,
    backoff: Backoff,
}

/// What follows a failed attempt.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// There is another attempt; tell the observer this.
    Again(Event),
    /// That was the last one.
    GiveUp(Error),
}

impl Attempts {
    /// Whether a fresh token was tried already.
    pub(crate) fn refreshed(&self) -> bool {
        self.refreshes > 0
    }

    /// When the next attempt is due; `None`: at once.
    pub(crate) fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// What holds the next attempt back: its own pause, or the account's.
    pub(crate) fn held_back(
        &self,
        account: &Account,
        operation: &'static str,
        now: Instant,
    ) -> Option<Wait> {
        if let Some(until) = time::ahead(self.not_before, now) {
            return Some(Wait::for_time(until, WaitReason::Backoff(operation)));
        }
        let until = account.closed_until(now)?;
        Some(Wait::for_time(until, WaitReason::Throttled))
    }

    /// Notes a failure with its remedy and settles what follows.
    pub(crate) fn failed(
        &mut self,
        account: &mut Account,
        operation: &'static str,
        remedy: Remedy,
        error: Error,
        now: Instant,
    ) -> Verdict {
        self.made += 1;
        let first = *self.first_failure.get_or_insert(now);
        if remedy == Remedy::Never {
            return Verdict::GiveUp(error);
        }
        let pause = self.pause(account, remedy);
        self.paused += pause;
        if error.api().is_some_and(|api| api.status == RATE_LIMITED) {
            // Longer than the account's patience nobody would wait for it.
            account.throttle(pause.min(account.policy().patience()), now);
        }
        let due = time::after(now, pause);
        if self.spent(account, remedy, due.duration_since(first), pause) {
            return Verdict::GiveUp(self.exhausted(operation, first, now, error));
        }
        self.not_before = Some(due);
        let cause = describe(&error);
        Verdict::Again(Event::Retrying { operation, attempt: self.made, remedy, at: due, cause })
    }

    fn pause(&mut self, account: &mut Account, remedy: Remedy) -> Duration {
        let free_urls = account.policy().upload_urls();
        match remedy {
            Remedy::Reauthorize => {
                self.refreshes += 1;
                Duration::ZERO
            }
            // B2 asks for a fresh URL at once; pauses begin only after
            // several pods in a row have failed.
            Remedy::FreshUploadUrl | Remedy::Reconcile if self.urls + 1 < free_urls => {
                self.urls += 1;
                Duration::ZERO
            }
            Remedy::Retry { after } => account.next_pause(&mut self.backoff, after),
            _ => account.next_pause(&mut self.backoff, None),
        }
    }

    fn spent(&self, account: &Account, remedy: Remedy, since: Duration, pause: Duration) -> bool {
        let policy = account.policy();
        // What is repeated at once tries nobody's patience: a body may take
        // longer than it, and B2 asks for five upload URLs all the same.
        self.made >= policy.attempts()
            || (!pause.is_zero() && since > policy.patience() && self.hurried(policy.patience()))
            || (remedy == Remedy::Reauthorize && self.refreshes > REFRESHES)
    }

    /// Whether the time went by in pauses or in many attempts, not in a few
    /// answers that took long.
    fn hurried(&self, patience: Duration) -> bool {
        self.made > HASTY || self.paused > patience
    }

    fn exhausted(
        &self,
        operation: &'static str,
        first: Instant,
        now: Instant,
        last: Error,
    ) -> Error {
        if self.made == 1 {
            return last;
        }
        let elapsed = now.duration_since(first);
        Error::Exhausted { operation, attempts: self.made, elapsed, last: Box::new(last) }
    }
}

/// The failure and its causes on one line.
fn describe(error: &Error) -> Box<str> {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text.into()
}
