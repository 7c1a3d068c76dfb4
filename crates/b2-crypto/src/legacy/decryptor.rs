//! Decryption of content of any size in fixed memory.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::encryptor::TOO_SMALL;
use super::padding::LONGEST;
use super::transform::Transform;
use super::{Padding, SuiteError};

/// A decryption under way. Give it the ciphertext piece by piece, then call
/// [`finish`](Self::finish).
///
/// What comes out before `finish` succeeded is not to be trusted, and even then nobody knows
/// whether the ciphertext was changed: see [the module's warning](super).
pub struct Decryptor {
    transform: Box<dyn Transform>,
    block: usize,
    padding: Padding,
    /// What is not a whole block yet, or the whole block that may be the last one.
    pending: Zeroizing<[u8; LONGEST]>,
    held: usize,
}

impl Decryptor {
    pub(super) fn new(transform: Box<dyn Transform>, block: usize, padding: Padding) -> Self {
        Self { transform, block, padding, pending: Zeroizing::new([0; LONGEST]), held: 0 }
    }

    /// How many bytes [`update_into`](Self::update_into) writes for so much ciphertext.
    pub fn output_len(&self, ciphertext: usize) -> usize {
        let all = self.held + ciphertext;
        if self.block > 1 && self.padding.needs_last() {
            return all.saturating_sub(1) / self.block * self.block;
        }
        all / self.block * self.block
    }

    /// Decrypts the next piece and appends what is ready to `output`.
    ///
    /// # Errors
    ///
    /// [`SuiteError::TooLong`] if the cipher's counter is used up; nothing is appended then.
    pub fn update(&mut self, ciphertext: &[u8], output: &mut Vec<u8>) -> Result<(), SuiteError> {
        let before = output.len();
        output.resize(before + self.output_len(ciphertext.len()), 0);
        let done = self.update_into(ciphertext, &mut output[before..]);
        if done.is_err() {
            output.truncate(before);
        }
        done.map(|_written| ())
    }

    /// Decrypts the next piece into `output` and tells how much was written.
    ///
    /// # Errors
    ///
    /// [`SuiteError::TooLong`] if the cipher's counter is used up.
    /// [`SuiteError::Option`] if `output` is shorter than [`output_len`](Self::output_len) says.
    pub fn update_into(
        &mut self,
        ciphertext: &[u8],
        output: &mut [u8],
    ) -> Result<usize, SuiteError> {
        let ready = self.output_len(ciphertext.len());
        let output = output.get_mut(..ready).ok_or(TOO_SMALL)?;
        if ready == 0 {
            self.hold(ciphertext);
            return Ok(0);
        }
        let mut written = 0;
        let mut rest = ciphertext;
        if self.held > 0 {
            let (first, others) = ciphertext.split_at(self.block - self.held);
            self.hold(first);
            written = self.block;
            self.transform.apply(&self.pending[..self.block], &mut output[..written])?;
            self.held = 0;
            rest = others;
        }
        let (whole, rest) = rest.split_at(ready - written);
        self.transform.apply(whole, &mut output[written..])?;
        self.hold(rest);
        Ok(ready)
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.pending[self.held..self.held + bytes.len()].copy_from_slice(bytes);
        self.held += bytes.len();
    }

    /// Appends what the last block holds without its padding.
    ///
    /// # Errors
    ///
    /// [`SuiteError::Undecryptable`] if the ciphertext is no multiple of the block or its padding
    /// is not what encryption makes; nothing is appended then.
    pub fn finish(mut self, output: &mut Vec<u8>) -> Result<(), SuiteError> {
        let may_be_empty = matches!(self.padding, Padding::None | Padding::Zeros);
        if self.block == 1 || (self.held == 0 && may_be_empty) {
            return Ok(());
        }
        if self.held != self.block {
            return Err(SuiteError::Undecryptable);
        }
        let mut last = Zeroizing::new([0; LONGEST]);
        self.transform.apply(&self.pending[..self.block], &mut last[..self.block])?;
        let content = self.padding.strip(&last[..self.block])?;
        output.extend_from_slice(&last[..content]);
        Ok(())
    }
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decryptor(..)")
    }
}
