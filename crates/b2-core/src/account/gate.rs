//! The account's brake: only a rate limit (429) slows everything down.
//!
//! A busy pod (503) says nothing about the others, so it never closes the
//! gate.

use crate::time::{self, Duration, Instant};

#[derive(Debug, Default)]
pub(crate) struct Gate {
    closed_until: Option<Instant>,
}

impl Gate {
    /// Until when nothing may be sent; `None`: go ahead.
    pub(crate) fn closed_until(&self, now: Instant) -> Option<Instant> {
        time::ahead(self.closed_until, now)
    }

    pub(crate) fn close_for(&mut self, pause: Duration, now: Instant) {
        self.closed_until = time::later(self.closed_until, Some(time::after(now, pause)));
    }
}
