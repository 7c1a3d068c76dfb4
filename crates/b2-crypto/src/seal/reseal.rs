//! The same ciphertext after a restart, or none.

use alloc::vec;
use core::fmt;

use sha1::{Digest as _, Sha1};

use super::{Encrypted, EncryptedError};
use crate::read_at::ReadAt;

/// What is sealed and hashed at a time, in bytes.
const PIECE: usize = 1 << 20;

/// Content that is sealed again in the session of before a restart, and was not compared yet.
///
/// Were the content another one now, its ciphertext and the one of before would give both away.
/// So there is no way to a byte of it, or to its header, but [`confirm`](Self::confirm), which
/// compares first. Every frame is pinned by what was compared, so a change that comes later is
/// noticed as ever.
pub struct Reseal<S>(Encrypted<S>);

impl<S: ReadAt> Reseal<S> {
    pub(crate) fn new(encrypted: Encrypted<S>) -> Self {
        Self(encrypted)
    }

    /// The length of the ciphertext in bytes.
    pub fn ciphertext_len(&self) -> u64 {
        self.0.layout().ciphertext_len()
    }

    /// Seals everything once and hashes it, in memory for a MiB, and lets the ciphertext out if
    /// its SHA-1 is the one of before, which is what B2 is told of a large file. That digest
    /// suffices: whoever changes the content does not know the key, so he cannot look for two
    /// ciphertexts with one.
    ///
    /// `go_on` hears how many bytes were hashed, piece by piece, and stops it by saying no.
    ///
    /// # Errors
    ///
    /// [`EncryptedError::SourceChanged`] if it is not the same, [`EncryptedError::Stopped`] after
    /// a no, and whatever the source says.
    pub fn confirm(
        self,
        sha1: &[u8; 20],
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Encrypted<S>, EncryptedError<S::Error>> {
        let (mut hash, mut piece) = (Sha1::new(), vec![0; PIECE]);
        let mut reader = self.0.reader(0);
        loop {
            let read = reader.read(&mut piece)?;
            hash.update(&piece[..read]);
            if !go_on(read as u64) {
                return Err(EncryptedError::Stopped);
            }
            if read == 0 {
                break;
            }
        }
        let same = hash.finalize()[..] == sha1[..];
        if same && self.0.pins().complete() {
            Ok(self.0)
        } else {
            Err(EncryptedError::SourceChanged)
        }
    }
}

impl<S> fmt::Debug for Reseal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reseal(..)")
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::{Header, Limits, NewFile, NoRandomness, OpenFile, RawKey, Recipient, SealOptions};

    fn random(bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(4);
        Ok(())
    }

    /// A file, its header and session, its ciphertext and the digest of that.
    fn begun(content: &[u8]) -> (OpenFile, Header, [u8; 16], Vec<u8>, [u8; 20]) {
        let recipient = Recipient::raw_key(RawKey::new([7; 32]));
        let options = SealOptions::default().with_frame_size(1024);
        let len = Some(content.len() as u64);
        let file = NewFile::new(core::slice::from_ref(&recipient), &options, len, &mut random);
        let first = file.unwrap().encrypt(content.to_vec()).unwrap();
        let mut ciphertext = vec![0; first.layout().ciphertext_len() as usize];
        first.read_at(0, &mut ciphertext).unwrap();
        let header = Header::parse(first.header()).unwrap();
        let open = header.unlock(&recipient.unlock(), &Limits::default()).unwrap();
        let digest = Sha1::digest(&ciphertext).into();
        (open, header, first.session(), ciphertext, digest)
    }

    #[test]
    fn the_same_ciphertext_is_made_again() {
        let content = vec![9; 5000];
        let (open, header, session, ciphertext, digest) = begun(&content);
        let again = open.reseal(&header, session, content).unwrap();
        assert_eq!(again.ciphertext_len(), ciphertext.len() as u64);
        let mut hashed = 0;
        let same = again.confirm(&digest, &mut |bytes| {
            hashed += bytes;
            true
        });
        assert_eq!(hashed, ciphertext.len() as u64);
        let mut back = vec![0; ciphertext.len()];
        same.unwrap().read_at(0, &mut back).unwrap();
        assert_eq!(back, ciphertext);
    }

    #[test]
    fn of_other_content_nothing_comes_out() {
        let content = vec![9; 5000];
        let (open, header, session, _, digest) = begun(&content);
        for at in [0, 1023, 1024, 4999] {
            let mut changed = content.clone();
            changed[at] ^= 1;
            let other = open.reseal(&header, session, changed).unwrap();
            let refused = other.confirm(&digest, &mut |_| true).err();
            assert_eq!(refused, Some(EncryptedError::SourceChanged), "{at}");
        }
        // Nor if another header would go with it, since the digest is that of the whole file.
        let hers = Recipient::raw_key(RawKey::new([8; 32]));
        let stanza = open.wrap(&hers, &mut random).unwrap();
        let keyring = open.keyring(vec![stanza], header.len()).unwrap();
        let other = open.reseal(&header.with_keyring(keyring), session, content).unwrap();
        let refused = other.confirm(&digest, &mut |_| true).err();
        assert_eq!(refused, Some(EncryptedError::SourceChanged));
    }

    #[test]
    fn whoever_does_not_want_to_wait_gets_nothing() {
        let content = vec![9; 5000];
        let (open, header, session, _, digest) = begun(&content);
        let again = open.reseal(&header, session, content).unwrap();
        let stopped = again.confirm(&digest, &mut |_| false).err();
        assert_eq!(stopped, Some(EncryptedError::Stopped));
    }
}
