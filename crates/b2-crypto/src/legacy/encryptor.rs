//! Encryption of content of any size in fixed memory.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::padding::LONGEST;
use super::transform::Transform;
use super::{Padding, SuiteError};

/// An encryption under way. Give it the content piece by piece, then call
/// [`finish`](Self::finish).
pub struct Encryptor {
    transform: Box<dyn Transform>,
    block: usize,
    padding: Padding,
    /// The beginning of a block that is not complete.
    pending: Zeroizing<[u8; LONGEST]>,
    held: usize,
}

impl Encryptor {
    pub(super) fn new(transform: Box<dyn Transform>, block: usize, padding: Padding) -> Self {
        Self { transform, block, padding, pending: Zeroizing::new([0; LONGEST]), held: 0 }
    }

    /// How many bytes [`update_into`](Self::update_into) writes for so many bytes of content.
    pub fn output_len(&self, content: usize) -> usize {
        (self.held + content) / self.block * self.block
    }

    /// Encrypts the next piece and appends what is ready to `output`.
    ///
    /// # Errors
    ///
    /// [`SuiteError::TooLong`] if the cipher's counter is used up; nothing is appended then.
    pub fn update(&mut self, content: &[u8], output: &mut Vec<u8>) -> Result<(), SuiteError> {
        let before = output.len();
        output.resize(before + self.output_len(content.len()), 0);
        let done = self.update_into(content, &mut output[before..]);
        if done.is_err() {
            output.truncate(before);
        }
        done.map(|_written| ())
    }

    /// Encrypts the next piece into `output` and tells how much was written.
    ///
    /// # Errors
    ///
    /// [`SuiteError::TooLong`] if the cipher's counter is used up.
    /// [`SuiteError::Option`] if `output` is shorter than [`output_len`](Self::output_len) says.
    pub fn update_into(&mut self, content: &[u8], output: &mut [u8]) -> Result<usize, SuiteError> {
        let ready = self.output_len(content.len());
        let output = output.get_mut(..ready).ok_or(TOO_SMALL)?;
        let mut content = content;
        let mut written = 0;
        if self.held > 0 {
            let taken = content.len().min(self.block - self.held);
            let (first, rest) = content.split_at(taken);
            self.pending[self.held..self.held + taken].copy_from_slice(first);
            self.held += taken;
            content = rest;
            if self.held < self.block {
                return Ok(0);
            }
            written = self.block;
            self.transform.apply(&self.pending[..self.block], &mut output[..written])?;
            self.held = 0;
        }
        let (whole, rest) = content.split_at(ready - written);
        self.transform.apply(whole, &mut output[written..])?;
        self.pending[..rest.len()].copy_from_slice(rest);
        self.held = rest.len();
        Ok(ready)
    }

    /// Appends the last block.
    ///
    /// # Errors
    ///
    /// [`SuiteError::Unaligned`] if there is no padding and the content is no multiple of the
    /// block.
    pub fn finish(mut self, output: &mut Vec<u8>) -> Result<(), SuiteError> {
        if self.block == 1 {
            return Ok(());
        }
        let last = &mut self.pending[..self.block];
        let len = self.padding.fill(last, self.held)?;
        let before = output.len();
        output.resize(before + len, 0);
        self.transform.apply(&last[..len], &mut output[before..])
    }
}

pub(super) const TOO_SMALL: SuiteError = SuiteError::Option("the output buffer is too small");

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encryptor(..)")
    }
}
