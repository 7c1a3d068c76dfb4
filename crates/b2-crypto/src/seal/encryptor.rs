//! Encryption of content that comes piece by piece.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::NewFile;
use crate::error::SealError;
use crate::format::frame::{FrameNonce, SESSION_LEN, TAG_LEN};
use crate::format::layout::{MOST_CONTENT, hidden_len};

/// An encryption under way, in memory for one frame. Write the [header](Self::header) first, then
/// what [`update`](Self::update) and [`finish`](Self::finish) append.
///
/// It seals each byte once and cannot go back, so its nonces meet one content only.
pub struct Encryptor {
    file: NewFile,
    /// The beginning of the next frame: all of it may turn out to be the last.
    pending: Zeroizing<Vec<u8>>,
    frame: u64,
    taken: u64,
}

impl Encryptor {
    pub(super) fn new(file: NewFile) -> Self {
        let room = file.frame_size as usize;
        Self { file, pending: Zeroizing::new(Vec::with_capacity(room)), frame: 0, taken: 0 }
    }

    /// What the file begins with.
    pub fn header(&self) -> &[u8] {
        &self.file.header
    }

    /// Seals what of the next piece completes frames, and appends those to `output`.
    ///
    /// # Errors
    ///
    /// [`SealError::LengthChanged`] if there is more content than was said.
    pub fn update(&mut self, content: &[u8], output: &mut Vec<u8>) -> Result<(), SealError> {
        self.taken = self.taken.saturating_add(content.len() as u64);
        if self.taken > self.file.content_len.unwrap_or(MOST_CONTENT) {
            return Err(match self.file.content_len {
                Some(_) => SealError::LengthChanged,
                None => SealError::TooLong,
            });
        }
        self.feed(content, output)
    }

    fn feed(&mut self, content: &[u8], output: &mut Vec<u8>) -> Result<(), SealError> {
        let size = self.file.frame_size as usize;
        let frames = (self.pending.len() + content.len()) / size;
        output.reserve(frames * (size + SESSION_LEN + TAG_LEN));
        let mut content = content;
        // A full frame is sealed only when something follows, since the last one is marked.
        while self.pending.len() + content.len() > size {
            if self.pending.is_empty() {
                let (whole, rest) = content.split_at(size);
                seal(&self.file, &mut self.frame, whole, false, output)?;
                content = rest;
            } else {
                let (first, rest) = content.split_at(size - self.pending.len());
                self.pending.extend_from_slice(first);
                seal(&self.file, &mut self.frame, &self.pending, false, output)?;
                self.pending.clear();
                content = rest;
            }
        }
        self.pending.extend_from_slice(content);
        Ok(())
    }

    /// Appends the last frame. Without it nobody can tell that the file is complete, and nobody
    /// will decrypt it to the end.
    ///
    /// # Errors
    ///
    /// [`SealError::LengthChanged`] if there was less content than was said.
    pub fn finish(mut self, output: &mut Vec<u8>) -> Result<(), SealError> {
        if self.file.content_len.is_some_and(|len| len != self.taken) {
            return Err(SealError::LengthChanged);
        }
        if self.file.hide_length {
            let mut missing = hidden_len(self.taken) - self.taken;
            while missing > 0 {
                let zeros = [0; 4096];
                let now = missing.min(zeros.len() as u64);
                self.feed(&zeros[..now as usize], output)?;
                missing -= now;
            }
        }
        seal(&self.file, &mut self.frame, &self.pending, true, output)
    }
}

/// Appends one frame, each number once.
fn seal(
    file: &NewFile,
    frame: &mut u64,
    content: &[u8],
    last: bool,
    output: &mut Vec<u8>,
) -> Result<(), SealError> {
    output.extend_from_slice(&file.session);
    let begin = output.len();
    output.extend_from_slice(content);
    let nonce = FrameNonce::new(*frame, last);
    let tag = file.cipher.seal(nonce, &mut output[begin..])?;
    output.extend_from_slice(&tag);
    *frame += 1;
    Ok(())
}

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryptor").field("frame", &self.frame).finish_non_exhaustive()
    }
}
