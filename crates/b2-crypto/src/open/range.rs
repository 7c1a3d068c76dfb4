//! Decryption of a range.

use alloc::vec::Vec;
use core::fmt;

use super::OpenFile;
use crate::error::OpenError;
use crate::format::frame::FrameOpener;
use crate::format::layout::{Layout, RangePlan};

/// A decryption of a range under way, in memory for one frame. Feed it the bytes of its
/// [plan](Self::plan), from front to back, then call [`finish`](Self::finish).
pub struct RangeDecryptor {
    file: OpenFile,
    opener: FrameOpener,
    layout: Layout,
    plan: RangePlan,
    next: u64,
    pending: Vec<u8>,
}

impl RangeDecryptor {
    pub(super) fn new(file: OpenFile, layout: Layout, plan: RangePlan) -> Self {
        let (opener, next) = (file.opener(), plan.frames.start);
        Self { file, opener, layout, plan, next, pending: Vec::new() }
    }

    /// What to fetch and feed.
    pub fn plan(&self) -> &RangePlan {
        &self.plan
    }

    /// Takes the next piece and appends what of the range it proves to be genuine.
    ///
    /// # Errors
    ///
    /// If a frame is not genuine, or more was fed than planned. Nothing of that frame is appended,
    /// and the frame may be fed again from its beginning.
    pub fn update(&mut self, ciphertext: &[u8], output: &mut Vec<u8>) -> Result<(), OpenError> {
        let mut rest = ciphertext;
        while !rest.is_empty() {
            if self.next >= self.plan.frames.end {
                return Err(OpenError::Length);
            }
            let range = self.layout.frame_range(self.next);
            let whole = (range.end - range.start) as usize;
            let taken = rest.len().min(whole - self.pending.len());
            let (first, behind) = rest.split_at(taken);
            rest = behind;
            if self.pending.is_empty() && taken == whole {
                self.open(first, output)?;
                continue;
            }
            self.pending.extend_from_slice(first);
            if self.pending.len() == whole {
                let frame = core::mem::take(&mut self.pending);
                self.open(&frame, output)?;
                self.pending = frame;
                self.pending.clear();
            }
        }
        Ok(())
    }

    /// Says that the whole range was appended.
    ///
    /// # Errors
    ///
    /// [`OpenError::Length`] if something is missing.
    pub fn finish(self) -> Result<(), OpenError> {
        if self.next < self.plan.frames.end || !self.pending.is_empty() {
            return Err(OpenError::Length);
        }
        Ok(())
    }

    fn open(&mut self, frame: &[u8], output: &mut Vec<u8>) -> Result<(), OpenError> {
        let before = output.len();
        let sealed = self.layout.sealed_range(self.next);
        output.resize(before + (sealed.end - sealed.start) as usize, 0);
        let number = (self.next, self.layout.is_last(self.next));
        let opened = self.opener.open(&self.file.schedule, number, frame, &mut output[before..]);
        if let Err(error) = opened {
            output.truncate(before);
            return Err(error);
        }
        let wanted = &self.plan.content;
        let end = wanted.end.min(sealed.end) - sealed.start;
        output.truncate(before + end as usize);
        let skipped = wanted.start.saturating_sub(sealed.start) as usize;
        output.drain(before..before + skipped);
        self.next += 1;
        Ok(())
    }
}

impl fmt::Debug for RangeDecryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RangeDecryptor").field("plan", &self.plan).finish_non_exhaustive()
    }
}
