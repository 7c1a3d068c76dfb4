//! How much of an answer has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of the body of an answer has come, as it was on the wire: chunks
/// are undone, compression is not. In the extensions of every answer; it grows
/// while the body is read.
#[derive(Clone, Debug, Default)]
pub struct Received(Arc<AtomicU64>);

impl Received {
    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
