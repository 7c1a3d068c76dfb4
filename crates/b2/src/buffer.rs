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

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;

/// Large enough that a chunk's fixed costs vanish beside hashing it, small
/// enough to stay in a core's second-level cache.
pub(crate) const BUFFER_SIZE: usize = 256 * 1024;

/// Bytes of buffers in the whole process, unless a client has its own budget.
const PROCESS_BUDGET: usize = 16 * 1024 * 1024;

/// Idle buffers that are kept; more are freed.
const KEPT: usize = 16;

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

/// The pool of the process.
impl Default for BufferPool {
    fn default() -> Self {
        static PROCESS: OnceLock<BufferPool> = OnceLock::new();
        PROCESS.get_or_init(|| Self::with_budget(PROCESS_BUDGET)).clone()
    }
}

impl BufferPool {
    /// A pool that hands out buffers of so many bytes in all, two buffers at
    /// least.
    pub(crate) fn with_budget(bytes: usize) -> Self {
        let limit = bytes.max(2 * BUFFER_SIZE);
        let (state, returned) = (Mutex::default(), Condvar::new());
        let freed = event_listener::Event::new();
        Self { shared: Arc::new(Shared { limit, state, returned, freed }) }
    }

    /// A buffer of [`BUFFER_SIZE`] bytes with unspecified content. Waits while
    /// the budget is spent, so it belongs on a thread that may block.
    ///
    /// Nobody who holds a buffer waits for another one before he lets go of
    /// it, so the wait ends.
    pub(crate) fn take(&self) -> Buffer {
        let waiting = self.shared.state();
        let waited =
            self.shared.returned.wait_while(waiting, |state| state.in_use >= self.shared.limit);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.in_use += BUFFER_SIZE;
        let idle = state.idle.pop();
        drop(state);
        let bytes = idle.unwrap_or_else(|| vec![0; BUFFER_SIZE]);
        Buffer { bytes, len: 0, pool: self.clone() }
    }

    /// Counts bytes that somebody else holds, until the admission is dropped.
    /// Waits while the budget is spent.
    pub(crate) async fn admit(&self, bytes: usize) -> Admission {
        loop {
            let freed = self.shared.freed.listen();
            if let Some(admission) = self.try_admit(bytes) {
                return admission;
            }
            freed.await;
        }
    }

    fn try_admit(&self, bytes: usize) -> Option<Admission> {
        let mut state = self.shared.state();
        if state.in_use >= self.shared.limit {
            return None;
        }
        state.in_use += bytes;
        drop(state);
        Some(Admission { bytes, pool: self.clone() })
    }

    fn put_back(&self, bytes: Vec<u8>) {
        let mut state = self.shared.state();
        if state.idle.len() < KEPT {
            state.idle.push(bytes);
        }
        self.shared.release(state, BUFFER_SIZE);
    }
}

impl Shared {
    /// Wakes everybody when there is room again. To wake one would not do: a
    /// future that is not polled for a while would keep the call to itself.
    fn release(&self, mut state: MutexGuard<'_, State>, bytes: usize) {
        let spent = state.in_use >= self.limit;
        state.in_use -= bytes;
        let reopened = spent && state.in_use < self.limit;
        drop(state);
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
    pool: BufferPool,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let state = self.pool.shared.state();
        self.pool.shared.release(state, self.bytes);
    }
}

#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
    pool: BufferPool,
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
        self.pool.put_back(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_chunk_gives_its_buffer_back() {
        let pool = BufferPool::with_budget(PROCESS_BUDGET);
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
    fn who_wants_more_than_the_budget_waits() {
        let pool = BufferPool::with_budget(3 * BUFFER_SIZE);
        let held: Vec<_> = (0..3).map(|_| pool.take()).collect();
        let mut admission = Box::pin(pool.admit(1));
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
        let pool = BufferPool::with_budget(2 * BUFFER_SIZE);
        let held = (pool.take(), pool.take());
        let (mut forgotten, mut other) = (Box::pin(pool.admit(1)), Box::pin(pool.admit(1)));
        assert!(!poll(&mut forgotten) && !poll(&mut other));
        drop(held);
        assert!(poll(&mut other), "the call went to one who does not listen");
    }

    #[test]
    fn a_long_chunk_is_admitted_while_there_is_anything_left() {
        let pool = BufferPool::with_budget(2 * BUFFER_SIZE);
        let _buffer = pool.take();
        let long = futures_lite::future::block_on(pool.admit(10 * BUFFER_SIZE));
        assert!(pool.try_admit(1).is_none(), "the budget is spent twice over");
        drop(long);
        assert!(pool.try_admit(1).is_some());
    }
}
