//! The clock over a request: no wait is without an end.

use std::future::Future;
use std::pin::pin;

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use b2_core::op::Limits;
use b2_core::port::Timer;
use b2_core::time::Instant;
use futures_lite::future;

use crate::drive::body::Sending;

fn timeout() -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, Sent::Maybe)
}

/// Waits for `work` until `at`.
pub(crate) async fn until<T>(
    timer: &dyn Timer,
    at: Instant,
    work: impl Future<Output = T>,
) -> Option<T> {
    future::or(async { Some(work.await) }, async {
        timer.sleep_until(at).await;
        None
    })
    .await
}

/// Waits for the head of an answer while the body is being sent.
///
/// The body has to advance; once it is out, the answer has its own time.
pub(crate) async fn head<T>(
    timer: &dyn Timer,
    limits: &Limits,
    sending: &Sending,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let mut work = pin!(work);
    let mut was_complete = sending.complete();
    let mut mark = sending.pulled();
    let mut window = timer.now() + if was_complete { limits.answer } else { limits.stall };
    loop {
        let next = window.min(limits.deadline);
        if let Some(result) = until(timer, next, work.as_mut()).await {
            return result;
        }
        let now = timer.now();
        let complete = sending.complete();
        let idle = match complete {
            true => was_complete,
            // Memory that others hold says nothing about the line.
            false => !sending.was_starved() && sending.pulled() - mark < limits.floor,
        };
        if now >= limits.deadline || idle {
            return Err(timeout());
        }
        was_complete = complete;
        mark = sending.pulled();
        window = now + if complete { limits.answer } else { limits.stall };
    }
}

/// Watches the body of an answer: each window has to bring enough bytes.
pub(crate) struct Pace<'a> {
    timer: &'a dyn Timer,
    limits: Limits,
    window: Instant,
    in_window: u64,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(timer: &'a dyn Timer, limits: Limits) -> Self {
        Self { timer, limits, window: timer.now() + limits.stall, in_window: 0 }
    }

    /// Waits for the next chunk of an answer.
    pub(crate) async fn next<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, TransportError> {
        let mut work = pin!(work);
        loop {
            let next = self.window.min(self.limits.deadline);
            if let Some(done) = until(self.timer, next, work.as_mut()).await {
                return Ok(done);
            }
            let now = self.timer.now();
            if now >= self.limits.deadline || self.in_window < self.limits.floor {
                return Err(timeout());
            }
            self.window = now + self.limits.stall;
            self.in_window = 0;
        }
    }

    /// Leaves out the time since `begin`: it was spent on this side.
    pub(crate) fn leave_out(&mut self, begin: Instant) {
        self.window += self.timer.now().saturating_duration_since(begin);
    }

    pub(crate) fn count(&mut self, bytes: usize) {
        self.in_window += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use b2_core::port::BoxFuture;

    use super::*;

    /// A clock that is set by hand; who sleeps on it wakes if it is time.
    struct Hand(Mutex<Instant>);

    impl Hand {
        fn advance(&self, by: Duration) {
            *self.0.lock().unwrap() += by;
        }
    }

    impl Timer for Hand {
        fn now(&self) -> Instant {
            *self.0.lock().unwrap()
        }

        fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
            match at <= self.now() {
                true => Box::pin(future::ready(())),
                false => Box::pin(future::pending()),
            }
        }
    }

    const STALL: Duration = Duration::from_secs(60);

    /// What a body that brings nothing more ends in after a pause, if that is
    /// left out or not; `None` if it is still waited for.
    fn after_a_pause(left_out: bool) -> Option<TransportErrorKind> {
        let timer = Hand(Mutex::new(Instant::now()));
        let mut limits = Limits::new(timer.now(), STALL * 1_000, STALL);
        limits.floor = 10;
        let mut pace = Pace::new(&timer, limits);
        pace.count(9);
        let begin = timer.now();
        timer.advance(STALL * 2);
        if left_out {
            pace.leave_out(begin);
        }
        let waiting = future::poll_once(pace.next(future::pending::<()>()));
        future::block_on(waiting).map(|ended| ended.unwrap_err().kind)
    }

    #[test]
    fn a_pause_on_this_side_is_not_taken_for_a_stall() {
        assert_eq!(after_a_pause(true), None);
        assert_eq!(after_a_pause(false), Some(TransportErrorKind::Timeout));
    }
}
