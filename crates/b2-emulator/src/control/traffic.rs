//! Bytes and connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What went over the sockets, before encryption.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) received: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) open: AtomicU64,
}

impl Traffic {
    /// Counts a connection until the result is dropped.
    pub(crate) fn connect(self: &Arc<Self>) -> Connected {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Connected(Arc::clone(self))
    }

    /// Sets the counters to zero; the open connections are what they are.
    pub(super) fn clear(&self) {
        for counter in [&self.received, &self.sent, &self.accepted] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connected(Arc<Traffic>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
