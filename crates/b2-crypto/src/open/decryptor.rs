//! Decryption from front to back.

use alloc::vec::Vec;
use core::fmt;

use super::OpenFile;
use crate::error::OpenError;
use crate::format::frame::FrameOpener;
use crate::format::layout::FRAME_OVERHEAD;

/// A decryption of a whole file under way, in memory for one frame. Feed it everything behind the
/// header, then call [`finish`](Self::finish).
///
/// What [`update`](Self::update) appends is genuine, but only `finish` says that it was all.
pub struct Decryptor {
    file: OpenFile,
    opener: FrameOpener,
    /// The beginning of the next frame: all of it may turn out to be the last.
    pending: Vec<u8>,
    frame: u64,
    /// How much of the content is still to come, if that is known.
    left: u64,
    failed: Option<OpenError>,
}

impl Decryptor {
    pub(super) fn new(file: OpenFile) -> Self {
        let left = file.content_len().unwrap_or(u64::MAX);
        let opener = file.opener();
        Self { file, opener, pending: Vec::new(), frame: 0, left, failed: None }
    }

    /// Takes the next piece of the file and appends the content that it proves to be genuine.
    ///
    /// # Errors
    ///
    /// If a frame is not genuine, or there is more than the end. What was appended before stays
    /// genuine, but the file is not; every further call fails in the same way.
    pub fn update(&mut self, ciphertext: &[u8], output: &mut Vec<u8>) -> Result<(), OpenError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let fed = self.feed(ciphertext, output);
        self.failed = fed.clone().err();
        fed
    }

    fn feed(&mut self, ciphertext: &[u8], output: &mut Vec<u8>) -> Result<(), OpenError> {
        let whole = (self.file.frame_size() + FRAME_OVERHEAD) as usize;
        let mut rest = ciphertext;
        // A full frame is opened only when something follows, since the last one is marked.
        while self.pending.len() + rest.len() > whole {
            if self.pending.is_empty() {
                let (frame, behind) = rest.split_at(whole);
                self.open(frame, false, output)?;
                rest = behind;
            } else {
                let (first, behind) = rest.split_at(whole - self.pending.len());
                self.pending.extend_from_slice(first);
                let frame = core::mem::take(&mut self.pending);
                self.open(&frame, false, output)?;
                self.pending = frame;
                self.pending.clear();
                rest = behind;
            }
        }
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    /// Appends the content of the last frame.
    ///
    /// # Errors
    ///
    /// If the file was cut or changed. What was appended before is genuine, but not all of it.
    pub fn finish(mut self, output: &mut Vec<u8>) -> Result<(), OpenError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        if self.pending.len() == FRAME_OVERHEAD as usize && self.frame > 0 {
            return Err(OpenError::Length);
        }
        let last = core::mem::take(&mut self.pending);
        let sealed_before = self.frame * self.file.frame_size();
        let sealed = sealed_before + (last.len() as u64).saturating_sub(FRAME_OVERHEAD);
        if self.file.sealed_len().is_some_and(|expected| expected != sealed) {
            return Err(OpenError::Length);
        }
        self.open(&last, true, output)
    }

    fn open(&mut self, frame: &[u8], last: bool, output: &mut Vec<u8>) -> Result<(), OpenError> {
        let before = output.len();
        output.resize(before + frame.len().saturating_sub(FRAME_OVERHEAD as usize), 0);
        let text = &mut output[before..];
        let sealed = text.len() as u64;
        let opened = self.opener.open(&self.file.schedule, (self.frame, last), frame, text);
        if let Err(error) = opened {
            output.truncate(before);
            return Err(error);
        }
        // What hides the length is not content.
        let content = sealed.min(self.left);
        output.truncate(before + content as usize);
        self.left -= content;
        self.frame += 1;
        Ok(())
    }
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decryptor").field("frame", &self.frame).finish_non_exhaustive()
    }
}
