//! The clock over one request: its deadline, and the longest silence.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Sleep;

use crate::error::Late;

/// Watches one request from its first byte to the last of its answer.
pub(crate) struct Watch {
    deadline: Pin<Box<Sleep>>,
    silence: Pin<Box<Sleep>>,
    longest: Duration,
    moved: u64,
    since: Instant,
    interrupt: Option<Pin<Box<OwnedNotified>>>,
    /// Whether silence does not count before the head of an answer.
    pub(crate) silence_before_head: bool,
}

impl Watch {
    pub(crate) fn new(deadline: Instant, longest: Duration) -> Self {
        let now = now();
        Self {
            deadline: Box::pin(tokio::time::sleep_until(deadline.into())),
            silence: Box::pin(tokio::time::sleep_until(after(now, longest).into())),
            longest,
            moved: 0,
            since: now,
            interrupt: None,
            silence_before_head: true,
        }
    }

    pub(crate) fn with_silence_before_head(mut self, allowed: bool) -> Self {
        self.silence_before_head = allowed;
        self
    }

    /// Ends with the next call of `interrupt`.
    pub(crate) fn with_interrupt(mut self, interrupt: &Arc<Notify>) -> Self {
        // From here on it hears the call, whether it was polled or not.
        self.interrupt = Some(Box::pin(Arc::clone(interrupt).notified_owned()));
        self
    }

    /// Starts the silence anew, when there is a connection to be silent.
    pub(crate) fn rouse(&mut self) {
        self.since = now();
    }

    /// Whether the deadline has passed, or someone interrupted.
    pub(crate) fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Late> {
        if let Some(interrupt) = &mut self.interrupt
            && interrupt.as_mut().poll(cx).is_ready()
        {
            self.interrupt = None;
            return Poll::Ready(Late::Interrupted);
        }
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
            let end = after(self.since, self.longest);
            if end <= now() {
                return Poll::Ready(Late::Silence(self.longest));
            }
            self.silence.as_mut().reset(end.into());
        }
        Poll::Pending
    }
}

/// `wait` after `from`. A wait that no clock can count is a year long.
pub(crate) fn after(from: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    from.checked_add(wait).unwrap_or(from + YEAR)
}

/// The present by the runtime's clock, which a test may have paused.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);

    fn watch(seconds: u64) -> Watch {
        Watch::new(now() + Duration::from_secs(seconds), LONGEST)
    }

    async fn late(watch: &mut Watch, mut bytes: impl FnMut() -> u64, moving: bool) -> Late {
        poll_fn(|cx| watch.poll(cx, bytes(), moving)).await
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_moving_body() {
        let begin = now();
        let late = late(&mut watch(1000), || 7, true).await;
        assert!(matches!(late, Late::Silence(LONGEST)));
        assert_eq!((now() - begin).as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_begins_a_new_silence() {
        let (begin, mut watch) = (now(), watch(1000));
        for bytes in 1..=3 {
            let polled = poll_fn(|cx| Poll::Ready(watch.poll(cx, bytes, true))).await;
            assert!(polled.is_pending());
            tokio::time::advance(Duration::from_secs(50)).await;
        }
        let late = late(&mut watch, || 3, true).await;
        assert!(matches!(late, Late::Silence(_)));
        assert_eq!((now() - begin).as_secs(), 160);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_deadline_ends_a_wait_for_the_head() {
        let begin = now();
        let late = late(&mut watch(1000), || 7, false).await;
        assert!(matches!(late, Late::Deadline));
        assert_eq!((now() - begin).as_secs(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_do_not_move_the_deadline() {
        let begin = now();
        let mut watch = watch(100);
        let mut bytes = 0;
        let ticking = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let mut ticking = std::pin::pin!(ticking);
        let late = poll_fn(|cx| {
            let _: Poll<()> = ticking.as_mut().poll(cx);
            bytes += 1;
            watch.poll(cx, bytes, true)
        })
        .await;
        assert!(matches!(late, Late::Deadline));
        assert_eq!((now() - begin).as_secs(), 100);
    }
}
