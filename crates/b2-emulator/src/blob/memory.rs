//! Blobs in a map.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::BlobId;

/// Blobs that end with the process. Clones share the same blobs.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryBlobs {
    map: Arc<Mutex<HashMap<BlobId, Bytes>>>,
    /// Bytes of all of them.
    pub(super) stored: Arc<AtomicU64>,
}

impl MemoryBlobs {
    fn map(&self) -> MutexGuard<'_, HashMap<BlobId, Bytes>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, id: BlobId, bytes: Bytes) {
        self.stored.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.map().insert(id, bytes);
    }

    pub(super) fn open(&self, id: BlobId) -> io::Result<Bytes> {
        self.map().get(&id).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn remove(&self, id: BlobId) {
        if let Some(bytes) = self.map().remove(&id) {
            self.stored.fetch_sub(bytes.len() as u64, Ordering::Relaxed);
        }
    }
}
