//! Buffers that are used again.
//!
//! A chunk on its way to the transport is a [`Bytes`] over one of these; when
//! the last holder drops it the buffer goes back to the pool. A transfer holds
//! a handful at a time, whatever the size of the file.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Large enough that a chunk's fixed costs vanish beside hashing it, small
/// enough to stay in a core's second-level cache.
pub(crate) const BUFFER_SIZE: usize = 256 * 1024;

/// Idle buffers that are kept; more are freed.
const KEPT: usize = 16;

#[derive(Clone, Debug, Default)]
pub(crate) struct BufferPool {
    idle: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl BufferPool {
    /// A buffer of [`BUFFER_SIZE`] bytes with unspecified content.
    pub(crate) fn take(&self) -> Buffer {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = idle.unwrap_or_else(|| vec![0; BUFFER_SIZE]);
        Buffer { bytes, len: 0, pool: self.clone() }
    }

    fn put_back(&self, bytes: Vec<u8>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(bytes);
        }
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
        let pool = BufferPool::default();
        let mut buffer = pool.take();
        buffer.space()[..2].copy_from_slice(b"hi");
        let chunk = buffer.freeze(2);
        let copy = chunk.clone();
        drop(chunk);
        assert_eq!(pool.idle.lock().unwrap().len(), 0);
        assert_eq!(copy.as_ref(), b"hi");
        drop(copy);
        assert_eq!(pool.idle.lock().unwrap().len(), 1);
    }
}
