//! A stream that is encrypted while it is read.

use std::io::{self, Read};

use b2_crypto::Encryptor;
use zeroize::Zeroizing;

use crate::encryption::failure;

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// The ciphertext of what `reader` gives. Every byte is sealed once, so its
/// nonces meet one content only; what an attempt reads again is ciphertext.
pub(crate) struct Sealed {
    reader: Box<dyn Read + Send>,
    /// `None` behind the last frame.
    encryptor: Option<Encryptor>,
    plain: Zeroizing<Vec<u8>>,
    sealed: Vec<u8>,
    given: usize,
}

impl Sealed {
    pub(crate) fn new(reader: Box<dyn Read + Send>, encryptor: Encryptor) -> Self {
        let (plain, sealed) = (Zeroizing::new(vec![0; PIECE]), encryptor.header().to_vec());
        Self { reader, encryptor: Some(encryptor), plain, sealed, given: 0 }
    }

    /// Seals some more; nothing comes of it until a frame is full.
    fn pull(&mut self) -> io::Result<()> {
        // If that fails, the stream has no end that anybody would believe.
        let read = self.reader.read(&mut self.plain)?;
        self.sealed.clear();
        self.given = 0;
        let done = match (read, self.encryptor.take()) {
            (0, Some(encryptor)) => encryptor.finish(&mut self.sealed),
            (read, Some(mut encryptor)) => {
                let done = encryptor.update(&self.plain[..read], &mut self.sealed);
                self.encryptor = Some(encryptor);
                done
            }
            (_, None) => Ok(()),
        };
        done.map_err(|error| failure::into_io(failure::seal(error)))
    }
}

impl Read for Sealed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.sealed.len() && self.encryptor.is_some() {
            self.pull()?;
        }
        let rest = &self.sealed[self.given..];
        let now = rest.len().min(buffer.len());
        buffer[..now].copy_from_slice(&rest[..now]);
        self.given += now;
        Ok(now)
    }
}
