//! B2's clock, as its answers tell it.
//!
//! There is no wall clock here. The `Date` of an answer is B2's time when it
//! was made; what has passed since is known from the instants.

use b2_proto::HttpDate;
use http::response::Parts;

use crate::plan;
use crate::time::Instant;

#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    seen: Option<(i64, Instant)>,
}

impl ServerClock {
    pub(crate) fn note(&mut self, head: &Parts, now: Instant) {
        let date = plan::text(head, "date").and_then(|text| text.parse::<HttpDate>().ok());
        let seconds = date.and_then(|date| i64::try_from(date.unix_seconds()).ok());
        if let Some(ms) = seconds.and_then(|seconds| seconds.checked_mul(1000)) {
            self.seen = Some((ms, now));
        }
    }

    /// B2's time in ms since 1970, never ahead of the truth by more than its
    /// hosts disagree.
    pub(crate) fn at(&self, now: Instant) -> Option<i64> {
        let (ms, seen) = self.seen?;
        let passed = i64::try_from(now.duration_since(seen).as_millis()).ok()?;
        ms.checked_add(passed)
    }
}

/// B2 counts whole seconds and its hosts do not agree to the millisecond.
const SLACK_MS: i64 = 2_000;

/// Whether what B2 stored at `stored_ms` may be what was begun at `begun_ms` by
/// its own clock, both in ms since 1970; what was begun nobody knows when may
/// always be it.
pub(crate) fn since(begun_ms: Option<i64>, stored_ms: i64) -> bool {
    begun_ms.is_none_or(|begun| stored_ms >= begun - SLACK_MS)
}
