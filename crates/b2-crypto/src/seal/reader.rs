//! Ciphertext from an offset on, each frame sealed once.

use alloc::vec::Vec;
use core::fmt;

use super::{Encrypted, EncryptedError};
use crate::read_at::ReadAt;

/// Reads the ciphertext of an [`Encrypted`] source forward, in pieces of any size, with one frame
/// in memory.
pub struct EncryptedReader<'a, S> {
    encrypted: &'a Encrypted<S>,
    offset: u64,
    /// The frame that was sealed last, as far as it was not read.
    frame: Option<u64>,
    sealed: Vec<u8>,
}

impl<'a, S: ReadAt> EncryptedReader<'a, S> {
    pub(super) fn new(encrypted: &'a Encrypted<S>, offset: u64) -> Self {
        Self { encrypted, offset, frame: None, sealed: Vec::new() }
    }

    /// Fills the beginning of `buffer` and gives how many bytes were read; 0 only at the end.
    ///
    /// # Errors
    ///
    /// As [`Encrypted`]: the source fails or has changed. The same read may be tried again.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, EncryptedError<S::Error>> {
        let layout = *self.encrypted.layout();
        let in_frames = (layout.header_len()..layout.ciphertext_len()).contains(&self.offset);
        if !in_frames || buffer.is_empty() {
            let limit = layout.header_len().saturating_sub(self.offset) as usize;
            let now = limit.min(buffer.len());
            let read = self.encrypted.read_at(self.offset, &mut buffer[..now])?;
            self.offset += read as u64;
            return Ok(read);
        }
        let frame = layout.frame_at(self.offset);
        let range = layout.frame_range(frame);
        let whole = (range.end - range.start) as usize;
        let skipped = (self.offset - range.start) as usize;
        if skipped == 0 && buffer.len() >= whole && self.frame != Some(frame) {
            self.encrypted.seal(frame, &mut buffer[..whole])?;
            self.offset = range.end;
            return Ok(whole);
        }
        if self.frame != Some(frame) {
            self.frame = None;
            self.sealed.resize(whole, 0);
            self.encrypted.seal(frame, &mut self.sealed)?;
            self.frame = Some(frame);
        }
        let now = buffer.len().min(whole - skipped);
        buffer[..now].copy_from_slice(&self.sealed[skipped..skipped + now]);
        self.offset += now as u64;
        Ok(now)
    }
}

impl<S> fmt::Debug for EncryptedReader<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedReader").field("offset", &self.offset).finish_non_exhaustive()
    }
}
