//! The account authorization token and the lease to refresh it.
//!
//! One operation refreshes for all. It takes a lease; the others wait until
//! the account's epoch moves or the lease lapses, then look again. If the
//! holder vanishes, the next one in need takes the lease over.

use std::sync::Arc;

use b2_proto::{AccountId, AllowedBucket, AuthToken, BucketId, Capability};

use crate::error::Error;
use crate::time::{self, Duration, Instant};

/// A token is asked for again this long before B2 would let it expire, so
/// that long requests do not start on its last minute. B2 gives 24 hours.
const FRESH_FOR: Duration = Duration::from_secs(23 * 60 * 60 + 30 * 60);

/// What B2 told about the account when it was authorized.
#[derive(Debug)]
#[non_exhaustive]
pub struct Session {
    /// The account's id. Not the application key id.
    pub account_id: AccountId,
    /// Base URL of JSON calls, without a trailing slash.
    pub api_url: Box<str>,
    /// Base URL of downloads, without a trailing slash.
    pub download_url: Box<str>,
    /// Part size in bytes that B2 recommends.
    pub recommended_part_size: u64,
    /// Smallest part in bytes that B2 accepts, the last one excepted.
    pub absolute_minimum_part_size: u64,
    /// What the application key may do, in any order.
    pub capabilities: Vec<Capability>,
    /// The buckets that the key is restricted to; `None`: all.
    pub buckets: Option<Vec<AllowedBucket>>,
    /// The file name prefix that the key is restricted to.
    pub name_prefix: Option<Box<str>>,
    /// When the application key expires, in ms since 1970 by B2's clock.
    pub application_key_expiration_timestamp: Option<i64>,
    pub(crate) token: AuthToken,
}

impl Session {
    /// Whether the application key has a capability.
    #[must_use]
    pub fn can(&self, capability: &Capability) -> bool {
        self.capabilities.contains(capability)
    }

    /// Whether the application key reaches files of this name.
    #[must_use]
    pub fn covers(&self, file_name: &str) -> bool {
        self.name_prefix.as_ref().is_none_or(|prefix| file_name.starts_with(&**prefix))
    }

    /// Whether the application key reaches this bucket.
    #[must_use]
    pub fn reaches(&self, bucket: &BucketId) -> bool {
        self.buckets.as_ref().is_none_or(|buckets| buckets.iter().any(|one| one.id == *bucket))
    }

    /// The restrictions of the key in words; `None` if it has none.
    #[must_use]
    pub fn restriction(&self) -> Option<Box<str>> {
        let buckets = self.buckets.as_ref().map(|buckets| {
            let names = buckets.iter().map(|bucket| match &bucket.name {
                Some(name) => name.as_str(),
                None => bucket.id.as_str(),
            });
            format!("the buckets {}", names.collect::<Vec<_>>().join(", "))
        });
        let prefix =
            self.name_prefix.as_ref().map(|prefix| format!("names that begin with {prefix:?}"));
        match (buckets, prefix) {
            (Some(buckets), Some(prefix)) => Some(format!("{buckets} and {prefix}").into()),
            (Some(one), None) | (None, Some(one)) => Some(one.into()),
            (None, None) => None,
        }
    }
}

/// Names one holder of the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeaseId(u64);

#[derive(Debug)]
struct Lease {
    id: LeaseId,
    lapses: Instant,
}

/// What [`Auth::access`] answers.
#[derive(Debug)]
pub(crate) enum Access {
    /// There is a token.
    Granted(Arc<Session>),
    /// You hold the lease now: refresh.
    Refresh(LeaseId),
    /// Somebody else refreshes; look again when the epoch moves or then.
    Wait(Instant),
}

#[derive(Debug, Default)]
pub(crate) struct Auth {
    session: Option<(Arc<Session>, Instant)>,
    /// The newest that there ever was, its token stale or not.
    known: Option<Arc<Session>>,
    lease: Option<Lease>,
    leases: u64,
    refusal: Option<(u64, Error)>,
    epoch: u64,
}

impl Auth {
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        self.session.as_ref().map(|(session, _)| session)
    }

    pub(crate) fn known(&self) -> Option<&Arc<Session>> {
        self.known.as_ref()
    }

    pub(crate) fn leased(&self) -> bool {
        self.lease.is_some()
    }

    /// The session, unless its token is about to expire.
    pub(crate) fn fresh(&self, now: Instant) -> Option<Arc<Session>> {
        let (session, obtained) = self.session.as_ref()?;
        (now.duration_since(*obtained) < FRESH_FOR).then(|| Arc::clone(session))
    }

    /// A token, the duty to get one, or a reason to wait.
    pub(crate) fn access(&mut self, lease_for: Duration, now: Instant) -> Access {
        if let Some(session) = self.fresh(now) {
            return Access::Granted(session);
        }
        match &self.lease {
            Some(lease) if lease.lapses > now => Access::Wait(lease.lapses),
            _ => {
                self.leases += 1;
                let id = LeaseId(self.leases);
                self.lease = Some(Lease { id, lapses: time::after(now, lease_for) });
                Access::Refresh(id)
            }
        }
    }

    /// Prolongs a lease while its holder waits for another attempt.
    pub(crate) fn prolong(&mut self, id: LeaseId, lapses: Instant) {
        if let Some(lease) = self.lease.as_mut().filter(|lease| lease.id == id) {
            lease.lapses = lease.lapses.max(lapses);
        }
    }

    /// The holder succeeded. Its token is as good if the lease has lapsed.
    pub(crate) fn granted(&mut self, session: Session, now: Instant) {
        let session = Arc::new(session);
        self.known = Some(Arc::clone(&session));
        self.session = Some((session, now));
        self.lease = None;
        self.refusal = None;
        self.epoch += 1;
    }

    /// The holder gave up: whoever waited gives up likewise. So a wrong key
    /// costs one request and not one for each operation, and when B2 is out
    /// of reach all end together and not one after the other.
    pub(crate) fn refused(&mut self, error: Error) {
        self.lease = None;
        self.epoch += 1;
        self.refusal = Some((self.epoch, error));
    }

    /// The refusal, if it came after `epoch`.
    pub(crate) fn refusal_since(&self, epoch: u64) -> Option<&Error> {
        self.refusal.as_ref().filter(|(at, _)| *at > epoch).map(|(_, error)| error)
    }

    /// The holder stops without a result.
    pub(crate) fn release(&mut self, id: LeaseId) {
        if self.lease.as_ref().is_some_and(|lease| lease.id == id) {
            self.lease = None;
            self.epoch += 1;
        }
    }

    /// Forgets the token that failed; does nothing if it was replaced since,
    /// so twenty requests that fail at once cost one refresh.
    pub(crate) fn expire(&mut self, seen: &AuthToken) {
        if self.session.as_ref().is_some_and(|(session, _)| session.token == *seen) {
            self.session = None;
            self.epoch += 1;
        }
    }
}
