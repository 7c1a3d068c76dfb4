//! A source whose bytes are those of another, encrypted.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use b2_core::port::ReadAt;
use b2_crypto::{Encrypted, ReadAt as _};

use crate::encryption::failure;

/// The content, as the cipher suite reads it.
pub(crate) struct Plain(pub(crate) Arc<dyn ReadAt>);

impl b2_crypto::ReadAt for Plain {
    type Error = io::Error;

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read_at(offset, buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

/// Frames that were sealed and not given out to their end. Each part that is
/// under way has at most one.
const MOST_TAILS: usize = 16;

/// The ciphertext. It can be read in parts, in parallel and again: what was
/// sealed once is sealed to the same bytes or not at all.
pub(crate) struct EncryptedSource {
    encrypted: Encrypted<Plain>,
    /// Sealing a frame twice, because a buffer ends within it, would cost as
    /// much as the frame.
    tails: Mutex<VecDeque<(u64, Vec<u8>)>>,
}

impl EncryptedSource {
    pub(crate) fn new(encrypted: Encrypted<Plain>) -> Self {
        Self { encrypted, tails: Mutex::default() }
    }

    pub(crate) fn ciphertext_len(&self) -> u64 {
        self.encrypted.layout().ciphertext_len()
    }

    /// Some bytes from `at` on: those that one frame has, or the header.
    fn piece(&self, at: u64, output: &mut [u8]) -> io::Result<usize> {
        let layout = self.encrypted.layout();
        let outside = |_| io::Error::other("there is no such frame");
        let Ok(frame) = layout.frame_of(at) else {
            let now = (layout.header_len() - at).min(output.len() as u64) as usize;
            return self.encrypted.read_at(at, &mut output[..now]).map_err(failure::read);
        };
        let range = layout.ciphertext_range(frame).map_err(outside)?;
        let (whole, skipped) = ((range.end - range.start) as usize, (at - range.start) as usize);
        if skipped == 0 && output.len() >= whole {
            return self.encrypted.read_at(at, &mut output[..whole]).map_err(failure::read);
        }
        let sealed = match self.take_tail(frame) {
            Some(sealed) => sealed,
            None => {
                let mut sealed = vec![0; whole];
                self.encrypted.read_at(range.start, &mut sealed).map_err(failure::read)?;
                sealed
            }
        };
        let now = output.len().min(whole - skipped);
        output[..now].copy_from_slice(&sealed[skipped..skipped + now]);
        if skipped + now < whole {
            self.keep_tail(frame, sealed);
        }
        Ok(now)
    }

    fn take_tail(&self, frame: u64) -> Option<Vec<u8>> {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        let index = tails.iter().position(|(of, _)| *of == frame)?;
        tails.remove(index).map(|(_, sealed)| sealed)
    }

    fn keep_tail(&self, frame: u64, sealed: Vec<u8>) {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        if tails.len() >= MOST_TAILS {
            tails.pop_front();
        }
        tails.push_back((frame, sealed));
    }
}

impl ReadAt for EncryptedSource {
    fn len(&self) -> io::Result<u64> {
        Ok(self.ciphertext_len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.ciphertext_len().saturating_sub(offset);
        let wanted = left.min(buffer.len() as u64) as usize;
        let mut filled = 0;
        while filled < wanted {
            filled += self.piece(offset + filled as u64, &mut buffer[filled..wanted])?;
        }
        Ok(filled)
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.encrypted.source().0.check_unchanged()
    }
}
