//! The clock over a body that moves on this thread.

use std::io;
use std::time::Instant;

use b2_core::op::Limits;

/// Counts the bytes of a body, window after window.
///
/// Nobody can look at it while a read blocks: the transport sees to it that
/// none does for longer than [`Limits::stall`]. A window is therefore looked
/// at when a read ends, less than one window late.
pub(crate) struct Rate {
    limits: Limits,
    window: Instant,
    in_window: u64,
}

impl Rate {
    /// Begins with the present moment.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, window: Instant::now() + limits.stall, in_window: 0 }
    }

    /// As [`new`](Self::new), for a body so small that it says nothing about
    /// the rate of the line: a byte in each window is enough.
    pub(crate) fn lenient(mut limits: Limits) -> Self {
        limits.floor = 1;
        Self::new(limits)
    }

    pub(crate) fn count(&mut self, bytes: usize) {
        self.in_window += bytes as u64;
    }

    /// Leaves out the time since `begin`: it was spent on this side.
    pub(crate) fn leave_out(&mut self, begin: Instant) {
        self.window += begin.elapsed();
    }

    /// Whether the body has come far enough by now.
    pub(crate) fn check(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if now >= self.limits.deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the deadline has passed"));
        }
        if now < self.window {
            return Ok(());
        }
        if self.in_window < self.limits.floor {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "too few bytes moved"));
        }
        self.window = now + self.limits.stall;
        self.in_window = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A rate whose first window has ended already.
    fn ended(floor: u64) -> Rate {
        let mut limits =
            Limits::new(Instant::now(), Duration::from_secs(3600), Duration::from_secs(60));
        limits.floor = floor;
        let mut rate = Rate::new(limits);
        rate.window = Instant::now();
        rate
    }

    fn kind(checked: io::Result<()>) -> Option<io::ErrorKind> {
        checked.err().map(|error| error.kind())
    }

    #[test]
    fn a_window_needs_as_many_bytes_as_the_floor() {
        for (bytes, outcome) in [(9, Some(io::ErrorKind::TimedOut)), (10, None)] {
            let mut rate = ended(10);
            rate.count(bytes);
            assert_eq!(kind(rate.check()), outcome, "{bytes} bytes");
        }
    }

    #[test]
    fn each_window_counts_anew() {
        let mut rate = ended(10);
        rate.count(1_000);
        rate.check().unwrap();
        assert_eq!(rate.in_window, 0);
        rate.check().unwrap();
        rate.window = Instant::now();
        assert_eq!(kind(rate.check()), Some(io::ErrorKind::TimedOut));
    }

    #[test]
    fn time_on_this_side_is_left_out() {
        let mut rate = ended(10);
        rate.leave_out(Instant::now().checked_sub(Duration::from_secs(5)).unwrap());
        rate.check().unwrap();
    }

    #[test]
    fn no_rate_is_enough_past_the_deadline() {
        let mut rate = ended(1);
        rate.limits.deadline = Instant::now();
        rate.count(1_000_000);
        assert_eq!(kind(rate.check()), Some(io::ErrorKind::TimedOut));
    }
}
