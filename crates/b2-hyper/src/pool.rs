//! Connections: those that wait for their next request, and how many there
//! may be.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::http::link::Link;
use crate::target::Target;
use crate::watch::{after, now};

/// Idle connections by target, the most recently used last.
pub(crate) struct Pool {
    shelf: Mutex<Shelf>,
    limits: Limits,
    places: Arc<Places>,
}

/// How many connections there may be, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle_per_host: usize,
    /// Idle ones and others, to all hosts.
    pub(crate) max_connections: usize,
    pub(crate) max_age: Duration,
}

/// Places for connections, and who waits for one.
struct Places {
    free: Mutex<usize>,
    /// Something may have become free: a place, or an idle connection.
    freed: Notify,
}

/// A place that is taken. It is free again when this is dropped.
pub(crate) struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

impl Places {
    fn take(self: &Arc<Self>) -> Option<Place> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Place(Arc::clone(self)))
    }
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

/// What a request may go to.
pub(crate) enum Admission {
    /// A connection that is idle, as far as anyone knows.
    Idle(Box<Link>),
    /// A new one.
    New(Place),
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        let places = Places { free: Mutex::new(limits.max_connections), freed: Notify::new() };
        Self { shelf: Mutex::default(), limits, places: Arc::new(places) }
    }

    /// Waits until there is an idle connection to `target` or a place for a
    /// new one. An idle connection to somewhere else has to make room.
    ///
    /// Cancel safe: who stops waiting leaves its turn to the next.
    pub(crate) async fn admit(&self, target: &Target) -> Admission {
        loop {
            // From here on it hears of what becomes free; what it does not
            // need it passes on when it is dropped.
            let mut freed = pin!(self.places.freed.notified());
            freed.as_mut().enable();
            if let Some(link) = self.take(target) {
                return Admission::Idle(Box::new(link));
            }
            if let Some(place) = self.places.take() {
                return Admission::New(place);
            }
            if !self.evict() {
                freed.await;
            }
        }
    }

    /// Closes the connection that has been idle for the longest time.
    fn evict(&self) -> bool {
        let mut shelf = self.shelf();
        let oldest = shelf.idle.iter().filter_map(|(target, shelved)| {
            shelved.first().map(|idle| (idle.until, target.clone()))
        });
        let Some((_, target)) = oldest.min() else { return false };
        let shelved = shelf.idle.get_mut(&target);
        let evicted = shelved.map(|shelved| shelved.remove(0));
        shelf.idle.retain(|_, shelved| !shelved.is_empty());
        drop(shelf);
        // Outside the lock: its place becomes free now.
        evicted.is_some()
    }

    /// A connection to `target`, if one is idle. The caller has to find out
    /// whether it is still usable.
    pub(crate) fn take(&self, target: &Target) -> Option<Link> {
        let now = now();
        let mut shelf = self.shelf();
        let shelved = shelf.idle.get_mut(target)?;
        let idle = shelved.pop().filter(|idle| idle.until > now && !self.is_old(&idle.link));
        if idle.is_none() || shelved.is_empty() {
            // The others have waited even longer.
            shelf.idle.remove(target);
        }
        idle.map(|idle| idle.link)
    }

    /// Keeps an idle connection for the next request.
    pub(crate) fn put(self: &Arc<Self>, link: Link, runtime: &Handle) {
        let limits = &self.limits;
        if limits.max_idle_per_host == 0 || limits.idle_timeout.is_zero() || self.is_old(&link) {
            return;
        }
        let mut shelf = self.shelf();
        let shelved = shelf.idle.entry(link.target.clone()).or_default();
        let dropped = (shelved.len() >= limits.max_idle_per_host).then(|| shelved.remove(0));
        shelved.push(Idle { link, until: after(now(), limits.idle_timeout) });
        self.places.freed.notify_one();
        if !shelf.kept {
            shelf.kept = true;
            drop(shelf);
            runtime.spawn(Keeper { pool: Arc::downgrade(self), alarm: None, done: false });
        } else if let Some(waker) = shelf.keeper.take() {
            waker.wake();
        }
        drop(dropped);
    }

    fn is_old(&self, link: &Link) -> bool {
        after(link.since, self.limits.max_age) <= now()
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
