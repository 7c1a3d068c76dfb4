//! The clock over one request: its deadline, and the longest silence.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use crate::error::Late;

/// Watches one request from its first byte to the last of its answer.
pub(crate) struct Watch {
    deadline: Pin<Box<Sleep>>,
    silence: Pin<Box<Sleep>>,
    longest: Duration,
    moved: u64,
    since: Instant,
}

impl Watch {
    pub(crate) fn new(deadline: Instant, longest: Duration) -> Self {
        let now = now();
        Self {
            deadline: Box::pin(tokio::time::sleep_until(deadline.into())),
            silence: Box::pin(tokio::time::sleep_until((now + longest).into())),
            longest,
            moved: 0,
            since: now,
        }
    }

    /// Starts the silence anew. The time during which nobody asked for a byte
    /// is not the network's.
    pub(crate) fn rouse(&mut self) {
        self.since = now();
    }

    /// Whether the deadline has passed.
    pub(crate) fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Late> {
        self.deadline.as_mut().poll(cx).map(|()| Late::Deadline)
    }

    /// Whether it is time to give up. `moved` is a count of bytes; `moving`
    /// says that it has to grow.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, moved: u64, moving: bool) -> Poll<Late> {
        if let Poll::Ready(late) = self.poll_deadline(cx) {
            return Poll::Ready(late);
        }
        if !moving || moved != self.moved {
            self.moved = moved;
            self.since = now();
        }
        // The timer is not reset for each byte: when it rings it looks how
        // long the silence really was.
        while self.silence.as_mut().poll(cx).is_ready() {
            let end = self.since + self.longest;
            if end <= now() {
                return Poll::Ready(Late::Silence(self.longest));
            }
            self.silence.as_mut().reset(end.into());
        }
        Poll::Pending
    }
}

/// The present by the runtime's clock, which a test may have paused.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
