//! Buffers that are used again, within a budget.
//!
//! A chunk on its way to the transport is a [`Bytes`] over one of these; when
//! the last holder drops it the buffer goes back to the pool. What a transport
//! has received is its own memory, but it is counted until it is written.
//!
//! Whatever the size and number of transfers, all of them together hold no
//! more than the budget: who wants more waits until something comes back. Only
//! the grant that reaches the budget may go beyond it, so a long chunk does
//! not wait for ever while short ones come and go.
//!
//! The second half of the budget is for those who hold nothing yet. So a few
//! destinations that take no more bytes do not stop everybody else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;

/// Large enough that to wake the other side, once a chunk, costs little beside
/// hashing it: with half of this an upload in one request takes a tenth more
/// of the processor. Small enough that those of four parts stay near it.
pub(crate) const BUFFER_SIZE: usize = 256 * 1024;

/// Bytes of buffers in the whole process, unless a client has its own budget.
const PROCESS_BUDGET: usize = 16 * 1024 * 1024;

/// A transport may give chunks of 400 KiB, and who holds something may get one
/// more as long as half is left: with less than this, one destination that
/// takes nothing could stop everybody else.
const LEAST_BUDGET: usize = 1024 * 1024;

/// How often a thread that waits looks whether anybody still wants its buffer.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Clone, Debug)]
pub(crate) struct BufferPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes that may be in use at a time.
    limit: usize,
    state: Mutex<State>,
    returned: Condvar,
    /// As `returned`, for those who wait without a thread.
    freed: event_listener::Event,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Vec<u8>>,
    /// Bytes.
    in_use: usize,
}

impl State {
    /// Frees idle buffers that are more than the budget has room for.
    fn keep_within(&mut self, limit: usize) {
        let room = limit.saturating_sub(self.in_use) / BUFFER_SIZE;
        self.idle.truncate(room);
    }
}

/// The pool of the process.
impl Default for BufferPool {
    fn default() -> Self {
        static PROCESS: OnceLock<BufferPool> = OnceLock::new();
        PROCESS.get_or_init(|| Self::with_budget(PROCESS_BUDGET)).clone()
    }
}

impl BufferPool {
    /// A pool that hands out buffers of so many bytes in all, as many as
    /// [`LEAST_BUDGET`] at least.
    pub(crate) fn with_budget(bytes: usize) -> Self {
        Self::of(bytes.max(LEAST_BUDGET))
    }

    fn of(limit: usize) -> Self {
        let (state, returned) = (Mutex::default(), Condvar::new());
        let freed = event_listener::Event::new();
        Self { shared: Arc::new(Shared { limit, state, returned, freed }) }
    }

    /// What one transfer or one body holds of the pool: nothing yet.
    pub(crate) fn share(&self) -> Share {
        Share { pool: self.clone(), held: Arc::default() }
    }

    /// A buffer for whoever needs one at a time. Waits as
    /// [`Share::take`] does.
    pub(crate) fn take(&self) -> Buffer {
        let share = self.share();
        loop {
            if let Some(buffer) = share.take(|| false, |_| {}) {
                return buffer;
            }
        }
    }

    /// Bytes that may be in use when one who holds nothing, or something
    /// already, gets more.
    fn bound(&self, holds: bool) -> usize {
        if holds { self.shared.limit / 2 } else { self.shared.limit }
    }

    fn put_back(&self, bytes: Vec<u8>) {
        let mut state = self.shared.state();
        state.idle.push(bytes);
        // Its place is free, but its bytes are in memory still.
        state.keep_within(self.shared.limit.saturating_add(BUFFER_SIZE));
        self.shared.release(state, BUFFER_SIZE);
    }
}

/// What one transfer or one body holds of the pool.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pool: BufferPool,
    /// Grants that it has not given back.
    held: Arc<AtomicUsize>,
}

impl Share {
    /// A buffer of [`BUFFER_SIZE`] bytes with unspecified content. Waits while
    /// the budget is spent, so it belongs on a thread that may block; `waits`
    /// hears of it. `None`: nobody wants it any more, as `unwanted` says.
    ///
    /// Nobody who holds a buffer waits for another one before he lets go of
    /// it, so the wait ends.
    pub(crate) fn take(&self, unwanted: impl Fn() -> bool, waits: impl Fn(bool)) -> Option<Buffer> {
        let shared = &self.pool.shared;
        let mut state = shared.state();
        let mut waited = false;
        while state.in_use >= self.pool.bound(self.holds()) {
            if unwanted() {
                return None;
            }
            if !std::mem::replace(&mut waited, true) {
                waits(true);
            }
            let woken = shared.returned.wait_timeout(state, LOOK);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.in_use += BUFFER_SIZE;
        let idle = state.idle.pop();
        drop(state);
        if waited {
            waits(false);
        }
        self.held.fetch_add(1, Ordering::Relaxed);
        let bytes = idle.unwrap_or_else(|| vec![0; BUFFER_SIZE]);
        Some(Buffer { bytes, len: 0, share: self.clone() })
    }

    /// Counts bytes that somebody else holds, until the admission is dropped.
    /// Waits while the budget is spent.
    pub(crate) async fn admit(&self, bytes: usize) -> Admission {
        loop {
            let freed = self.pool.shared.freed.listen();
            if let Some(admission) = self.try_admit(bytes) {
                return admission;
            }
            freed.await;
        }
    }

    /// As [`admit`](Self::admit), unless that would have to wait.
    pub(crate) fn try_admit(&self, bytes: usize) -> Option<Admission> {
        let mut state = self.pool.shared.state();
        if state.in_use >= self.pool.bound(self.holds()) {
            return None;
        }
        state.in_use += bytes;
        state.keep_within(self.pool.shared.limit);
        drop(state);
        self.held.fetch_add(1, Ordering::Relaxed);
        Some(Admission { bytes, share: self.clone() })
    }

    /// Whether it has something that it will give back.
    pub(crate) fn holds(&self) -> bool {
        self.held.load(Ordering::Relaxed) > 0
    }
}

impl Shared {
    /// Wakes everybody when there is room again. To wake one would not do: a
    /// future that is not polled for a while would keep the call to itself.
    fn release(&self, mut state: MutexGuard<'_, State>, bytes: usize) {
        let before = state.in_use;
        state.in_use -= bytes;
        let after = state.in_use;
        drop(state);
        let reopened =
            [self.limit, self.limit / 2].iter().any(|bound| before >= *bound && after < *bound);
        if reopened {
            self.returned.notify_all();
            self.freed.notify(usize::MAX);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of somebody else's that count as long as this lives.
#[derive(Debug)]
pub(crate) struct Admission {
    bytes: usize,
    share: Share,
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.share.held.fetch_sub(1, Ordering::Relaxed);
        let shared = &self.share.pool.shared;
        shared.release(shared.state(), self.bytes);
    }
}

#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
    share: Share,
}

impl Buffer {
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The first `len` bytes, to be sent.
    pub(crate) fn freeze(mut self, len: usize) -> Bytes {
        self.len = len.min(self.bytes.len());
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.share.held.fetch_sub(1, Ordering::Relaxed);
        self.share.pool.put_back(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_chunk_gives_its_buffer_back() {
        let pool = BufferPool::of(PROCESS_BUDGET);
        let mut buffer = pool.take();
        buffer.space()[..2].copy_from_slice(b"hi");
        let chunk = buffer.freeze(2);
        let copy = chunk.clone();
        drop(chunk);
        assert_eq!(pool.shared.state().idle.len(), 0);
        assert_eq!(copy.as_ref(), b"hi");
        drop(copy);
        assert_eq!(pool.shared.state().idle.len(), 1);
    }

    #[test]
    fn idle_buffers_are_within_the_budget_too() {
        let pool = BufferPool::of(8 * BUFFER_SIZE);
        drop((0..8).map(|_| pool.take()).collect::<Vec<_>>());
        assert_eq!(pool.shared.state().idle.len(), 8);
        let admission = pool.share().try_admit(5 * BUFFER_SIZE + 1).unwrap();
        assert_eq!(pool.shared.state().idle.len(), 2);
        drop(admission);
        drop(pool.take());
        assert_eq!(pool.shared.state().idle.len(), 2);
    }

    #[test]
    fn who_wants_more_than_the_budget_waits() {
        let pool = BufferPool::of(3 * BUFFER_SIZE);
        let held: Vec<_> = (0..3).map(|_| pool.take()).collect();
        let share = pool.share();
        let mut admission = Box::pin(share.admit(1));
        assert!(
            futures_lite::future::block_on(futures_lite::future::poll_once(&mut admission))
                .is_none()
        );
        let other = pool.clone();
        let waiting = std::thread::spawn(move || drop(other.take()));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!waiting.is_finished(), "a fourth buffer was handed out");
        drop(held);
        waiting.join().unwrap();
        drop(futures_lite::future::block_on(admission));
        assert_eq!(pool.shared.state().in_use, 0);
    }

    #[test]
    fn a_future_that_nobody_polls_does_not_keep_the_others_waiting() {
        let poll = |work: &mut _| {
            futures_lite::future::block_on(futures_lite::future::poll_once(work)).is_some()
        };
        let pool = BufferPool::of(2 * BUFFER_SIZE);
        let held = (pool.take(), pool.take());
        let shares = (pool.share(), pool.share());
        let mut forgotten = Box::pin(shares.0.admit(1));
        let mut other = Box::pin(shares.1.admit(1));
        assert!(!poll(&mut forgotten) && !poll(&mut other));
        drop(held);
        assert!(poll(&mut other), "the call went to one who does not listen");
    }

    #[test]
    fn a_long_chunk_is_admitted_while_there_is_anything_left() {
        let pool = BufferPool::of(2 * BUFFER_SIZE);
        let _buffer = pool.take();
        let long = futures_lite::future::block_on(pool.share().admit(10 * BUFFER_SIZE));
        assert!(pool.share().try_admit(1).is_none(), "the budget is spent twice over");
        drop(long);
        assert!(pool.share().try_admit(1).is_some());
    }

    #[test]
    fn who_holds_much_leaves_something_for_the_others() {
        let pool = BufferPool::of(8 * BUFFER_SIZE);
        let hog = pool.share();
        let held: Vec<_> = std::iter::from_fn(|| hog.try_admit(BUFFER_SIZE)).collect();
        assert_eq!(held.len(), 4, "half of the budget");
        let others: Vec<_> = (0..4).map(|_| pool.share().try_admit(BUFFER_SIZE)).collect();
        assert!(others.iter().all(Option::is_some), "the hog stops everybody");
        assert!(pool.share().try_admit(1).is_none());
        drop(held);
        assert!(hog.try_admit(1).is_some());
    }

    #[test]
    fn whoever_is_not_wanted_any_more_waits_no_longer() {
        let pool = BufferPool::of(2 * BUFFER_SIZE);
        let _held = (pool.take(), pool.take());
        let waited = std::cell::Cell::new(0);
        let gone = pool.share().take(
            || waited.get() > 0,
            |waits| {
                waited.set(waited.get() + usize::from(waits));
            },
        );
        assert!(gone.is_none());
        assert_eq!(waited.get(), 1);
    }
}
