//! How patient an account is.

use crate::time::Duration;

/// How often and how long failures are met with another attempt.
///
/// ```
/// use std::time::Duration;
/// use b2_core::retry::RetryPolicy;
///
/// let hasty = RetryPolicy::default().with_attempts(3).with_patience(Duration::from_secs(20));
/// assert_eq!(hasty.attempts(), 3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    attempts: u32,
    upload_urls: u32,
    patience: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    on_ambiguous: OnAmbiguous,
}

/// What to do when the answer to an upload is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnAmbiguous {
    /// Look for the file first; send again only if it is not there. Where the
    /// application key may not list files, send again and say so.
    #[default]
    Check,
    /// Send again at once: a second version of the same bytes may appear.
    Repeat,
    /// Fail with [`Error::Unconfirmed`](crate::error::Error::Unconfirmed).
    Fail,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 12,
            upload_urls: 5,
            patience: Duration::from_secs(15 * 60),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(64),
            on_ambiguous: OnAmbiguous::Check,
        }
    }
}

impl RetryPolicy {
    /// Attempts for one request, the first included; at least 1. Raising it
    /// rides out longer outages, lowering it reports them sooner. Default 12.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Upload URLs to try one after the other without any pause, before
    /// pauses begin. B2 advises five, the default.
    #[must_use]
    pub fn with_upload_urls(mut self, urls: u32) -> Self {
        self.upload_urls = urls;
        self
    }

    /// Time after the first failure of a request at which no further attempt
    /// is begun. Default 15 minutes.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The pauses: `first`, then twice as long each time up to `longest`,
    /// each shortened at random by up to half. B2 advises 1 s and 64 s, the
    /// defaults.
    #[must_use]
    pub fn with_pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.first_pause = first;
        self.longest_pause = longest.max(first);
        self
    }

    /// What to do when the answer to an upload is lost.
    #[must_use]
    pub fn with_on_ambiguous(mut self, choice: OnAmbiguous) -> Self {
        self.on_ambiguous = choice;
        self
    }

    /// Attempts for one request.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Upload URLs tried without a pause.
    #[must_use]
    pub fn upload_urls(&self) -> u32 {
        self.upload_urls
    }

    /// Time after which no further attempt is begun.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The first and the longest pause.
    #[must_use]
    pub fn pauses(&self) -> (Duration, Duration) {
        (self.first_pause, self.longest_pause)
    }

    /// What happens when the answer to an upload is lost.
    #[must_use]
    pub fn on_ambiguous(&self) -> OnAmbiguous {
        self.on_ambiguous
    }
}
