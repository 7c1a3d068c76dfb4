//! Bytes at any offset, wherever they come from.

use alloc::vec::Vec;
use core::convert::Infallible;

/// Bytes that can be read at any offset, as often as needed.
///
/// The crate knows no files. Wrap one in a type of your own; slices and vectors are sources as
/// they are.
pub trait ReadAt {
    /// Why reading fails.
    type Error;

    /// The length in bytes. It must not change while the source is in use.
    ///
    /// # Errors
    ///
    /// Whatever the source reports.
    fn len(&self) -> Result<u64, Self::Error>;

    /// Fills the beginning of `buffer` from `offset` and gives how many bytes were read; 0 only at
    /// the end, or if the buffer is empty.
    ///
    /// # Errors
    ///
    /// Whatever the source reports.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Self::Error>;

    /// Whether there is not a single byte.
    ///
    /// # Errors
    ///
    /// As [`len`](Self::len).
    fn is_empty(&self) -> Result<bool, Self::Error> {
        Ok(self.len()? == 0)
    }
}

impl ReadAt for [u8] {
    type Error = Infallible;

    fn len(&self) -> Result<u64, Infallible> {
        Ok(<[u8]>::len(self) as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.get(offset..));
        let from = from.unwrap_or_default();
        let read = <[u8]>::len(from).min(buffer.len());
        buffer[..read].copy_from_slice(&from[..read]);
        Ok(read)
    }
}

impl ReadAt for Vec<u8> {
    type Error = Infallible;

    fn len(&self) -> Result<u64, Infallible> {
        ReadAt::len(self.as_slice())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Infallible> {
        self.as_slice().read_at(offset, buffer)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    type Error = T::Error;

    fn len(&self) -> Result<u64, T::Error> {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, T::Error> {
        (**self).read_at(offset, buffer)
    }
}

/// Reads until the buffer is full or the source ends. Gives how much was read.
pub(crate) fn read_full<S: ReadAt + ?Sized>(
    source: &S,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, S::Error> {
    let mut filled = 0;
    while filled < buffer.len() {
        // A source that says it read more than it could is not believed.
        let rest = &mut buffer[filled..];
        let read = source.read_at(offset + filled as u64, rest)?.min(rest.len());
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(filled)
}
