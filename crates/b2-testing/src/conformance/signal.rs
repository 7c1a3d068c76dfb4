//! Waiting for a moment, on a thread or in a future, without any runtime.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

/// Something that happens once.
#[derive(Clone, Default)]
pub(crate) struct Signal(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    fired: bool,
    wakers: Vec<Waker>,
}

impl Signal {
    pub(crate) fn fire(&self) {
        let mut state = self.state();
        state.fired = true;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.0.1.notify_all();
        for waker in wakers {
            waker.wake();
        }
    }

    /// Waits on this thread; says whether it happened in time.
    pub(crate) fn wait(&self, longest: Duration) -> bool {
        let waiting = self.0.1.wait_timeout_while(self.state(), longest, |state| !state.fired);
        waiting.unwrap_or_else(PoisonError::into_inner).0.fired
    }

    /// Waits in a future.
    pub(crate) async fn happened(&self) {
        poll_fn(|cx| {
            let mut state = self.state();
            if state.fired {
                return Poll::Ready(());
            }
            state.wakers.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The outcome of `work`, or `None` if `moment` came first.
pub(crate) async fn unless<T>(moment: &Signal, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut moment = pin!(moment.happened());
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        moment.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// The outcome of `work`, or `None` if it takes longer. A thread keeps the
/// time, because the suite does not know the runtime's timers.
pub(crate) async fn within<T>(longest: Duration, work: impl Future<Output = T>) -> Option<T> {
    let (done, late) = (Signal::default(), Signal::default());
    let watchman = {
        let (done, late) = (done.clone(), late.clone());
        move || {
            if !done.wait(longest) {
                late.fire();
            }
        }
    };
    std::thread::spawn(watchman);
    let outcome = unless(&late, work).await;
    done.fire();
    outcome
}

/// Waits in a future for what `wait` waits for on a thread. A transport's
/// runtime may be the current thread, which must not be blocked.
pub(crate) async fn aside<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = (Signal::default(), Arc::new(Mutex::new(None)));
    let waiting = {
        let (done, outcome) = (done.clone(), Arc::clone(&outcome));
        move || {
            let found = wait();
            *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
            done.fire();
        }
    };
    std::thread::spawn(waiting);
    loop {
        done.happened().await;
        // It is there when the signal has fired.
        if let Some(found) = outcome.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return found;
        }
    }
}

/// Runs a future on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut work = pin!(work);
    loop {
        match work.as_mut().poll(&mut cx) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => std::thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
