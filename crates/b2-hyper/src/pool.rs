//! Connections that wait for their next request.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::time::Sleep;

use crate::http::link::Link;
use crate::target::Target;
use crate::watch::{after, now};

/// Idle connections by target, the most recently used last.
pub(crate) struct Pool {
    shelf: Mutex<Shelf>,
    idle_timeout: Duration,
    max_idle_per_host: usize,
}

#[derive(Default)]
struct Shelf {
    idle: BTreeMap<Target, Vec<Idle>>,
    keeper: Option<Waker>,
    kept: bool,
}

struct Idle {
    link: Link,
    until: Instant,
}

impl Pool {
    pub(crate) fn new(idle_timeout: Duration, max_idle_per_host: usize) -> Self {
        Self { shelf: Mutex::default(), idle_timeout, max_idle_per_host }
    }

    /// A connection to `target`, if one is idle. The caller has to find out
    /// whether it is still usable.
    pub(crate) fn take(&self, target: &Target) -> Option<Link> {
        let now = now();
        let mut shelf = self.shelf();
        let shelved = shelf.idle.get_mut(target)?;
        let idle = shelved.pop().filter(|idle| idle.until > now);
        if idle.is_none() || shelved.is_empty() {
            // The others have waited even longer.
            shelf.idle.remove(target);
        }
        idle.map(|idle| idle.link)
    }

    /// Keeps an idle connection for the next request.
    pub(crate) fn put(self: &Arc<Self>, link: Link, runtime: &Handle) {
        if self.max_idle_per_host == 0 || self.idle_timeout.is_zero() {
            return;
        }
        let mut shelf = self.shelf();
        let shelved = shelf.idle.entry(link.target.clone()).or_default();
        if shelved.len() >= self.max_idle_per_host {
            shelved.remove(0);
        }
        shelved.push(Idle { link, until: after(now(), self.idle_timeout) });
        if !shelf.kept {
            shelf.kept = true;
            drop(shelf);
            runtime.spawn(Keeper { pool: Arc::downgrade(self), alarm: None, done: false });
        } else if let Some(waker) = shelf.keeper.take() {
            waker.wake();
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(keeper) = self.shelf().keeper.take() {
            keeper.wake();
        }
    }
}

impl Shelf {
    /// Throws out what the server closed and what waited too long; answers
    /// when the next connection will have waited too long.
    fn tidy(&mut self, cx: &mut Context<'_>) -> Option<Instant> {
        let now = now();
        self.idle.retain(|_, shelved| {
            shelved.retain_mut(|idle| idle.until > now && idle.link.poll_idle(cx));
            !shelved.is_empty()
        });
        self.idle.values().flatten().map(|idle| idle.until).min()
    }
}

/// The task that closes idle connections. It lives while there are some.
struct Keeper {
    pool: Weak<Pool>,
    alarm: Option<Pin<Box<Sleep>>>,
    done: bool,
}

impl Future for Keeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(pool) = self.pool.upgrade() else {
            return Poll::Ready(());
        };
        loop {
            let mut shelf = pool.shelf();
            let Some(next) = shelf.tidy(cx) else {
                shelf.kept = false;
                self.done = true;
                return Poll::Ready(());
            };
            shelf.keeper = Some(cx.waker().clone());
            drop(shelf);
            let alarm =
                self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next.into())));
            alarm.as_mut().reset(next.into());
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // A runtime that shuts down drops its tasks; the next one that uses
        // the pool has to start a keeper of its own.
        if !self.done
            && let Some(pool) = self.pool.upgrade()
        {
            pool.shelf().kept = false;
        }
    }
}
