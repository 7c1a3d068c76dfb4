//! What the judge knows: every URL, token and request of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use b2_emulator::fault::Fault;

/// A rule that a run broke.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// Liveness: the run did not end.
    Endless {
        /// What it still waited for.
        waiting: String,
    },
    /// Safety: an upload URL served two uploads at a time.
    UrlShared,
    /// Safety: an upload went to a URL that had failed.
    UrlReused,
    /// Safety: a request bore a token that was known to be dead.
    DeadToken {
        /// The call.
        operation: &'static str,
    },
    /// Safety: what came back is not what was stored.
    WrongContent {
        /// What differs.
        what: String,
    },
    /// Safety: an operation failed although too little befell it.
    Failed {
        /// The error, with its causes.
        error: String,
        /// The faults that hit it.
        hits: u64,
    },
    /// Memory: an operation has more requests under way than it was allowed,
    /// each of which may hold buffers.
    TooManyAtOnce {
        /// Requests under way.
        requests: u32,
    },
    /// Safety: what may have taken effect was done again without a look whether
    /// it had.
    RepeatedBlindly,
    /// Liveness: the requests under way are not those that the operation says
    /// it waits for.
    UntoldWait {
        /// Requests under way.
        requests: u32,
        /// What it says.
        told: String,
    },
    /// Safety: a stream was read with a gap, or two slices at a time.
    ReadAhead {
        /// First byte asked for.
        offset: u64,
        /// The byte that follows what was read.
        expected: u64,
    },
    /// Economy: a list call with a key that may not list, by an operation that
    /// was not asked for a list.
    ListForbidden {
        /// The call.
        operation: &'static str,
    },
    /// Economy: a part was sent again that B2 had confirmed.
    PartSentTwice {
        /// Its number.
        number: u32,
    },
    /// Hygiene: a large file was left unfinished, and nobody was told.
    Orphan {
        /// Unfinished files of the name whose id nobody was told.
        unknown: usize,
        /// Those that somebody was told there may be.
        possible: usize,
    },
    /// Economy: more requests than the errands and faults account for.
    TooManyRequests {
        /// Requests made.
        made: u64,
        /// Requests accounted for.
        due: u64,
    },
    /// Economy: more authorizations than were needed.
    TooManyRefreshes {
        /// Authorizations made.
        made: u64,
        /// Authorizations accounted for.
        due: u64,
    },
    /// Hygiene: the refresh lease is still held.
    LeaseLeft,
    /// Hygiene: upload URLs are neither idle nor given up.
    UrlLost {
        /// URLs that should be idle.
        expected: usize,
        /// URLs that are.
        idle: usize,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The books of one run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Books {
    /// Requests sent, by call.
    pub requests: BTreeMap<&'static str, u64>,
    /// Faults that hit a request, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Operations that ended well.
    pub succeeded: u64,
    /// Operations that ended in an error, all of them accounted for.
    pub failed: u64,
    /// Requests that were refused for good.
    pub refusals: u64,
    /// Faults that hit an authorization.
    pub authorize_hits: u64,
    urls: BTreeMap<String, UrlState>,
    dead_tokens: BTreeSet<String>,
    pub(crate) violations: Vec<Violation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UrlState {
    Idle,
    Busy,
    Failed,
    /// Its holder vanished.
    Gone,
}

impl Books {
    pub(crate) fn blame(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    pub(crate) fn all_requests(&self) -> u64 {
        self.requests.values().sum()
    }

    pub(crate) fn all_faults(&self) -> u64 {
        self.faults.values().sum()
    }

    pub(crate) fn fault(&mut self, fault: &Fault, operation: &str) {
        self.authorize_hits += u64::from(operation == "b2_authorize_account");
        *self.faults.entry(kind(fault)).or_default() += 1;
    }

    pub(crate) fn sends(&mut self, operation: &'static str, token: &str) {
        *self.requests.entry(operation).or_default() += 1;
        if self.dead_tokens.contains(token) {
            self.blame(Violation::DeadToken { operation });
        }
    }

    /// The client was told that this token is dead.
    pub(crate) fn buries(&mut self, token: &str) {
        self.dead_tokens.insert(token.to_owned());
    }

    pub(crate) fn issued(&mut self, url: &str) {
        self.urls.entry(url.to_owned()).or_insert(UrlState::Idle);
    }

    pub(crate) fn uploads_to(&mut self, url: &str) {
        match self.urls.insert(url.to_owned(), UrlState::Busy) {
            Some(UrlState::Busy) => self.blame(Violation::UrlShared),
            Some(UrlState::Failed | UrlState::Gone) => self.blame(Violation::UrlReused),
            Some(UrlState::Idle) | None => {}
        }
    }

    pub(crate) fn upload_ended(&mut self, url: &str, reusable: bool) {
        let state = if reusable { UrlState::Idle } else { UrlState::Failed };
        self.urls.insert(url.to_owned(), state);
    }

    pub(crate) fn vanished_with(&mut self, url: &str) {
        self.urls.insert(url.to_owned(), UrlState::Gone);
    }

    pub(crate) fn idle_urls(&self) -> usize {
        // Those for parts belong to one upload and end with it.
        let own = self.urls.iter().filter(|(url, _)| !url.contains("b2_upload_part"));
        own.filter(|(_, state)| **state == UrlState::Idle).count()
    }
}

fn kind(fault: &Fault) -> &'static str {
    match fault {
        Fault::Refuse => "refuse",
        Fault::LoseRequest => "lose request",
        Fault::LoseReply => "lose reply",
        Fault::Delay(_) => "delay",
        Fault::Status { .. } => "status",
        Fault::Truncate(_) => "truncate",
        Fault::Corrupt => "corrupt",
        Fault::ExpireToken => "expire token",
        Fault::CloseUrl => "close URL",
        _ => "other",
    }
}
