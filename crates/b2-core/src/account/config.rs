//! How an account talks to B2.

use b2_proto::{ApplicationKey, ApplicationKeyId};

use crate::op::Limits;
use crate::retry::RetryPolicy;
use crate::time::{self, Duration, Instant};

/// Where B2 is authorized if nothing else is said.
pub const PRODUCTION_REALM: &str = "https://api.backblazeb2.com";

/// The application key that an account is authorized with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credentials {
    pub(crate) key_id: ApplicationKeyId,
    pub(crate) key: ApplicationKey,
}

impl Credentials {
    /// A key id and its key.
    pub fn new(key_id: impl Into<ApplicationKeyId>, key: impl Into<ApplicationKey>) -> Self {
        Self { key_id: key_id.into(), key: key.into() }
    }

    /// The key id, which is no secret.
    #[must_use]
    pub fn key_id(&self) -> &ApplicationKeyId {
        &self.key_id
    }
}

/// Everything about an account that is not a secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    realm: Box<str>,
    user_agent: Box<str>,
    retry: RetryPolicy,
    timeouts: Timeouts,
    test_mode: Option<TestMode>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            realm: PRODUCTION_REALM.into(),
            user_agent: concat!("b2-rs/", env!("CARGO_PKG_VERSION")).into(),
            retry: RetryPolicy::default(),
            timeouts: Timeouts::default(),
            test_mode: None,
        }
    }
}

impl Config {
    /// Another place to authorize at, such as a local emulator: an absolute
    /// `http` or `https` URL; a trailing slash is ignored.
    #[must_use]
    pub fn with_realm(mut self, realm: &str) -> Self {
        self.realm = realm.trim_end_matches('/').into();
        self
    }

    /// Puts your product before this library in `User-Agent`, as B2 asks of
    /// integrations: `my-backup/1.4`. At most 128 characters are sent in all;
    /// characters that cannot stand in a header are dropped.
    #[must_use]
    pub fn with_product(mut self, product: &str) -> Self {
        let ours = concat!("b2-rs/", env!("CARGO_PKG_VERSION"));
        let clean = product.chars().filter(|c| (' '..='~').contains(c));
        let room = 128 - ours.len() - 1;
        let product: String = clean.take(room).collect();
        self.user_agent = format!("{} {ours}", product.trim()).trim().into();
        self
    }

    /// How failures are met.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How long requests may take.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Asks the server to misbehave on purpose, with every request.
    #[must_use]
    pub fn with_test_mode(mut self, mode: TestMode) -> Self {
        self.test_mode = Some(mode);
        self
    }

    /// Where the account is authorized.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The value of `User-Agent`.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        &self.user_agent
    }

    /// How failures are met.
    #[must_use]
    pub fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// How long requests may take.
    #[must_use]
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    pub(crate) fn test_mode(&self) -> Option<TestMode> {
        self.test_mode
    }
}

/// Values of `X-Bz-Test-Mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestMode {
    /// Some uploads fail.
    FailSomeUploads,
    /// Some account authorization tokens expire early.
    ExpireSomeAccountAuthorizationTokens,
    /// Uploads fail as if the storage cap were reached.
    ForceCapExceeded,
}

impl TestMode {
    /// The value of the header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailSomeUploads => "fail_some_uploads",
            Self::ExpireSomeAccountAuthorizationTokens => {
                "expire_some_account_authorization_tokens"
            }
            Self::ForceCapExceeded => "force_cap_exceeded",
        }
    }
}

/// How long requests may take. No request is without a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    call: Duration,
    stall: Duration,
    slowest_rate: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(120),
            stall: Duration::from_secs(60),
            slowest_rate: 4 * 1024,
        }
    }
}

impl Timeouts {
    /// The time a JSON call may take, and the time any transfer is granted
    /// before its bytes are counted. Default 120 s.
    #[must_use]
    pub fn with_call(mut self, call: Duration) -> Self {
        self.call = call;
        self
    }

    /// The window in which a body has to advance by
    /// [`slowest_rate`](Self::with_slowest_rate) bytes for each second.
    /// Default 60 s.
    #[must_use]
    pub fn with_stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Bytes per second below which a transfer has failed even though bytes
    /// still move; at least 1. Default 4096.
    #[must_use]
    pub fn with_slowest_rate(mut self, bytes_per_second: u64) -> Self {
        self.slowest_rate = bytes_per_second.max(1);
        self
    }

    /// Grants `silence`, if it is longer than the times of
    /// [`with_call`](Self::with_call) and [`with_stall`](Self::with_stall).
    /// Ten years stand for any longer one.
    #[must_use]
    pub fn with_patience(mut self, silence: Duration) -> Self {
        let silence = silence.min(Duration::from_secs(10 * 365 * 24 * 60 * 60));
        self.call = self.call.max(silence);
        self.stall = self.stall.max(silence);
        self
    }

    pub(crate) fn limits(&self, call: Option<Duration>, bytes: u64, now: Instant) -> Limits {
        let call = call.map_or(self.call, |call| call.max(self.call));
        let transfer = Duration::from_secs(bytes / self.slowest_rate);
        Limits {
            deadline: time::after(now, call.saturating_add(transfer)),
            answer: call,
            stall: self.stall,
            floor: self.slowest_rate.saturating_mul(self.stall.as_secs()).max(1),
        }
    }

    /// Bytes that a transfer has to move in this time, a second at least, to
    /// count as one that advances.
    pub(crate) fn least(&self, time: Duration) -> u64 {
        self.slowest_rate.saturating_mul(time.as_secs().max(1))
    }

    /// For how long one refresh of the token is leased: long enough for the
    /// request itself; its holder prolongs the lease while it retries. Ten
    /// minutes are enough even for who waits longer: a holder that was dropped
    /// holds up all others until its lease lapses.
    pub(crate) fn lease(&self) -> Duration {
        self.call.min(Duration::from_secs(600)) + Duration::from_secs(5)
    }
}
