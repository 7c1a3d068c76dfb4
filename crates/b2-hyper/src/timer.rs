//! tokio's clock and spawner behind the ports.

use b2_core::port::{BoxFuture, Spawn, Timer};
use b2_core::time::Instant;
use tokio::runtime::Handle;

use crate::watch::now;

/// The clock of the tokio runtime, which a test may pause.
///
/// Its timers ring only inside a runtime whose time driver is enabled.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TokioTimer;

impl TokioTimer {
    /// The clock of whichever runtime uses it.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Timer for TokioTimer {
    fn now(&self) -> Instant {
        now()
    }

    /// # Panics
    ///
    /// If called outside a tokio runtime or in one without a time driver.
    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(at.into()))
    }
}

/// Runs tasks on a tokio runtime.
#[derive(Clone, Debug, Default)]
pub struct TokioSpawn {
    runtime: Option<Handle>,
}

impl TokioSpawn {
    /// Spawns on the runtime in which [`spawn`](Spawn::spawn) is called.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Spawns on the runtime in which this is called, from wherever
    /// [`spawn`](Spawn::spawn) is called later. `None` outside a runtime.
    #[must_use]
    pub fn current() -> Option<Self> {
        Handle::try_current().ok().map(|handle| Self { runtime: Some(handle) })
    }
}

impl Spawn for TokioSpawn {
    /// # Panics
    ///
    /// If made by [`TokioSpawn::new`] and called outside a tokio runtime.
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        match &self.runtime {
            Some(runtime) => drop(runtime.spawn(task)),
            None => drop(tokio::spawn(task)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_is_the_runtimes() {
        let timer = TokioTimer::new();
        let at = timer.now() + Duration::from_secs(3600);
        timer.sleep_until(at).await;
        assert_eq!(timer.now(), at);
    }

    #[tokio::test]
    async fn a_captured_runtime_is_used_from_anywhere() {
        let spawn = TokioSpawn::current().unwrap();
        let (done, wait) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || spawn.spawn(Box::pin(async { done.send(1).unwrap() })));
        assert_eq!(wait.await, Ok(1));
    }

    #[test]
    fn there_is_no_runtime_to_capture_outside_of_one() {
        assert!(TokioSpawn::current().is_none());
    }
}
