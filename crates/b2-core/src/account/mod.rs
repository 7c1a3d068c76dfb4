//! What the operations of one account share: token, upload URLs, patience.
//!
//! An [`Account`] is a plain value. Whoever runs several operations at once
//! lends it to one `poll` or `handle` at a time; a facade keeps it in a mutex
//! that is never held across an await.

mod auth;
mod authorizer;
pub(crate) mod clock;
mod config;
mod gate;
mod urls;

pub use auth::Session;
pub(crate) use authorizer::{AUTHORIZE, Authorizer, Granted};
pub use config::{Config, Credentials, PRODUCTION_REALM, TestMode, Timeouts};
pub(crate) use urls::UploadTarget;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use b2_proto::{AuthToken, BucketId, LargeFileId};

use crate::op::{Limits, Ticket};
use crate::retry::{Backoff, Jitter, RetryPolicy};
use crate::time::{Duration, Instant};

/// How long a large file that was begun by hand is nobody else's, at least:
/// longer than the usual patience of an upload.
const BEGUN_FOR: Duration = Duration::from_secs(6 * 3600);

/// The state that the operations of one account share.
///
/// ```
/// use b2_core::account::{Account, Config, Credentials};
///
/// let credentials = Credentials::new("004b7e0c41f09aa0000000007", "K004Qd7xTb2LwVZp0m+RkeS9/uYhJcA");
/// let account = Account::new(Config::default(), credentials, 42);
/// assert!(account.session().is_none(), "the first operation will authorize");
/// ```
#[derive(Debug)]
pub struct Account {
    config: Config,
    credentials: Credentials,
    auth: auth::Auth,
    urls: urls::UrlPool,
    gate: gate::Gate,
    clock: clock::ServerClock,
    jitter: Jitter,
    tickets: u64,
    /// Large files that an operation works on.
    large_files: BTreeSet<LargeFileId>,
    /// Large files that were begun by hand, and when.
    begun: VecDeque<(LargeFileId, Instant)>,
}

impl Account {
    /// An account that has not been authorized. `seed` determines the jitter
    /// of all pauses: the same seed and the same replies give the same run.
    #[must_use]
    pub fn new(config: Config, credentials: Credentials, seed: u64) -> Self {
        Self {
            config,
            credentials,
            auth: auth::Auth::default(),
            urls: urls::UrlPool::default(),
            gate: gate::Gate::default(),
            clock: clock::ServerClock::default(),
            jitter: Jitter::new(seed),
            tickets: 0,
            large_files: BTreeSet::new(),
            begun: VecDeque::new(),
        }
    }

    /// What B2 said when the account was authorized; `None` before that and
    /// while a stale token is being replaced.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<Session>> {
        self.auth.session()
    }

    /// Whether the key may do this, as far as B2 has said: a token that is
    /// stale was given to the same key.
    pub(crate) fn may(&self, capability: &b2_proto::Capability) -> bool {
        self.auth.known().is_none_or(|session| session.can(capability))
    }

    /// Moves whenever the token changes or a refresh ends. Operations that
    /// wait with `on_account` are polled again when it does.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.auth.epoch()
    }

    /// The configuration it was made with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Forgets the token and all upload URLs, so that the next operation
    /// authorizes again; for example after the application key was changed.
    pub fn forget(&mut self) {
        if let Some(session) = self.auth.session().cloned() {
            self.auth.expire(&session.token);
        }
        self.urls.clear();
    }

    /// Whether some operation holds the lease to refresh the token. After all
    /// operations have ended this is `false`.
    #[must_use]
    pub fn refreshing(&self) -> bool {
        self.auth.leased()
    }

    /// Upload URLs that wait for the next upload.
    #[must_use]
    pub fn idle_upload_urls(&self) -> usize {
        self.urls.idle()
    }

    pub(crate) fn policy(&self) -> &RetryPolicy {
        self.config.retry()
    }

    pub(crate) fn next_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    pub(crate) fn next_pause(
        &mut self,
        backoff: &mut Backoff,
        asked: Option<Duration>,
    ) -> Duration {
        backoff.pause(self.config.retry(), &mut self.jitter, asked)
    }

    pub(crate) fn expire(&mut self, seen: &AuthToken) {
        self.auth.expire(seen);
    }

    pub(crate) fn closed_until(&self, now: Instant) -> Option<Instant> {
        self.gate.closed_until(now)
    }

    pub(crate) fn throttle(&mut self, pause: Duration, now: Instant) {
        self.gate.close_for(pause, now);
    }

    pub(crate) fn check_out_url(
        &mut self,
        bucket: &BucketId,
        now: Instant,
    ) -> Option<UploadTarget> {
        self.urls.check_out(bucket, now)
    }

    pub(crate) fn give_back_url(&mut self, bucket: &BucketId, target: UploadTarget) {
        self.urls.give_back(bucket, target);
    }

    /// Whether some operation works on this large file.
    pub(crate) fn works_on(&self, id: &LargeFileId) -> bool {
        self.large_files.contains(id) || self.begun.iter().any(|(begun, _)| begun == id)
    }

    pub(crate) fn begin_work_on(&mut self, id: &LargeFileId) {
        self.large_files.insert(id.clone());
    }

    /// A large file was begun by hand. Nobody tells when its caller is done
    /// with it; it is remembered for longer than anybody whose own answer was
    /// lost meanwhile will look for his.
    pub(crate) fn note_begun(&mut self, id: &LargeFileId, now: Instant) {
        let long = BEGUN_FOR.max(self.config.retry().patience());
        let lapsed = |at: Instant| now.saturating_duration_since(at) > long;
        while self.begun.front().is_some_and(|(_, at)| lapsed(*at)) {
            self.begun.pop_front();
        }
        self.begun.push_back((id.clone(), now));
    }

    pub(crate) fn end_work_on(&mut self, id: &LargeFileId) {
        self.large_files.remove(id);
    }

    pub(crate) fn note_date(&mut self, head: &http::response::Parts, now: Instant) {
        self.clock.note(head, now);
    }

    /// B2's clock, in ms since 1970, as far as its answers have told it.
    pub(crate) fn server_time_ms(&self, now: Instant) -> Option<i64> {
        self.clock.at(now)
    }

    /// Limits of a request that moves `bytes` of file content.
    pub(crate) fn limits(&self, call: Option<Duration>, bytes: u64, now: Instant) -> Limits {
        self.config.timeouts().limits(call, bytes, now)
    }
}
