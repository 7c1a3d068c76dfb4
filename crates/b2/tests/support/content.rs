//! Bytes to send, and strange ends for them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use b2::port::{ReadAt, WriteAt};

const BLOCK: usize = 1 << 16;

/// `len` bytes of which no two stretches of eight are alike.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 8);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while bytes.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        bytes.extend_from_slice(&(state ^ (state >> 29)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Writes `len` bytes to a new file: blocks that begin with their number.
pub(crate) fn write_file(path: &Path, len: usize) {
    let mut block = pattern(BLOCK);
    let mut file = File::create_new(path).unwrap();
    for (number, start) in (0..len).step_by(BLOCK).enumerate() {
        block[..8].copy_from_slice(&number.to_le_bytes());
        file.write_all(&block[..BLOCK.min(len - start)]).unwrap();
    }
}

/// Whether two files are alike, whatever their size.
pub(crate) fn same_files(one: &Path, other: &Path) -> bool {
    let (mut one, mut other) = (File::open(one).unwrap(), File::open(other).unwrap());
    let (mut a, mut b) = (vec![0; BLOCK], vec![0; BLOCK]);
    loop {
        let read = one.read(&mut a).unwrap();
        if read == 0 {
            return other.read(&mut b).unwrap() == 0;
        }
        if other.read_exact(&mut b[..read]).is_err() || a[..read] != b[..read] {
            return false;
        }
    }
}

/// A source that gives few bytes at a time and is interrupted now and then.
pub(crate) struct Stutter {
    bytes: Vec<u8>,
    calls: AtomicU64,
}

impl Stutter {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, calls: AtomicU64::new(0) }
    }
}

impl ReadAt for Stutter {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % 3 == 1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let rest = &self.bytes[usize::try_from(offset).unwrap().min(self.bytes.len())..];
        let len = rest.len().min(buffer.len()).min(1009);
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

/// A source whose bytes past an offset cannot be read.
pub(crate) struct Unreadable {
    pub(crate) len: u64,
    pub(crate) from: u64,
    pub(crate) kind: io::ErrorKind,
}

impl ReadAt for Unreadable {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset >= self.from {
            return Err(io::Error::new(self.kind, "the disk is broken"));
        }
        let readable = self.from.min(self.len) - offset;
        let len = buffer.len().min(usize::try_from(readable).unwrap());
        buffer[..len].fill(7);
        Ok(len)
    }
}

/// A destination that can be looked into, written at any offset.
#[derive(Clone, Default)]
pub(crate) struct Shelf(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Shelf {
    pub(crate) fn content(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl WriteAt for Shelf {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut content = self.0.lock().unwrap();
        let offset = usize::try_from(offset).unwrap();
        if content.len() < offset + bytes.len() {
            content.resize(offset + bytes.len(), 0);
        }
        content[offset..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn rewindable(&self) -> bool {
        true
    }
}

impl Write for Shelf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Writers may take less than they are given.
        let len = bytes.len().min(4001);
        self.0.lock().unwrap().extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A destination with room for so many bytes.
pub(crate) struct Full(pub(crate) u64);

impl WriteAt for Full {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if offset + bytes.len() as u64 > self.0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn rewindable(&self) -> bool {
        true
    }
}
