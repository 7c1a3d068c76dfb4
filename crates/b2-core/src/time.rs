//! The one notion of time in this crate: instants that a driver hands in.
//!
//! Nothing here reads a clock. A driver takes `now` from its own timer, a
//! simulator from its event queue, and a machine only compares and adds.

pub use std::time::{Duration, Instant};

/// `now` and a while; a while that no clock can count to ends in some thirty
/// years instead. Servers and users name durations, and no name may panic.
pub(crate) fn after(now: Instant, while_: Duration) -> Instant {
    now + while_.min(Duration::from_secs(1_000_000_000))
}

/// The later of two optional instants; `None` means "not at all".
pub(crate) fn later(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (one, None) => one,
        (None, other) => other,
    }
}

/// `at`, if it is still ahead of `now`.
pub(crate) fn ahead(at: Option<Instant>, now: Instant) -> Option<Instant> {
    at.filter(|at| *at > now)
}
