//! The same ciphertext after a restart, or none.

use core::fmt;

use super::{Encrypted, EncryptedError, EncryptedReader};
use crate::read_at::ReadAt;

/// Content that is sealed again in the session of before a restart, and was not compared yet.
///
/// Read all of its ciphertext with [`reader`](Self::reader), hash it, and hold the digest against
/// the one of the first time; it must not leave the machine meanwhile. Then
/// [`confirmed`](Self::confirmed) gives a source like any other. Every frame is pinned by what was
/// compared, so a change that comes later is noticed as ever.
pub struct Reseal<S>(Encrypted<S>);

impl<S: ReadAt> Reseal<S> {
    pub(crate) fn new(encrypted: Encrypted<S>) -> Self {
        Self(encrypted)
    }

    /// Reads the ciphertext from its beginning, to be hashed and nothing else.
    pub fn reader(&self) -> EncryptedReader<'_, S> {
        self.0.reader(0)
    }

    /// The length of the ciphertext in bytes.
    pub fn ciphertext_len(&self) -> u64 {
        self.0.layout().ciphertext_len()
    }

    /// Lets the ciphertext out, if it is the `same` as before.
    ///
    /// # Errors
    ///
    /// [`EncryptedError::SourceChanged`] if it is not the same, or was not read to its end.
    pub fn confirmed(self, same: bool) -> Result<Encrypted<S>, EncryptedError<S::Error>> {
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
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;
    use crate::{Header, Limits, NewFile, NoRandomness, RawKey, Recipient, SealOptions};

    fn random(bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(4);
        Ok(())
    }

    fn all(mut reader: EncryptedReader<'_, Vec<u8>>) -> Vec<u8> {
        let (mut all, mut piece) = (Vec::new(), [0; 700]);
        loop {
            match reader.read(&mut piece).unwrap() {
                0 => return all,
                read => all.extend_from_slice(&piece[..read]),
            }
        }
    }

    #[test]
    fn the_same_ciphertext_is_made_again_or_none() {
        let recipient = Recipient::raw_key(RawKey::new([7; 32]));
        let options = SealOptions::default().with_frame_size(1024);
        let content = vec![9; 5000];
        let file =
            NewFile::new(core::slice::from_ref(&recipient), &options, Some(5000), &mut random);
        let first = file.unwrap().encrypt(content.clone()).unwrap();
        let ciphertext = all(first.reader(0));
        let header = Header::parse(first.header()).unwrap();
        let open = header.unlock(&recipient.unlock(), &Limits::default()).unwrap();

        let again = open.reseal(&header, first.session(), content.clone()).unwrap();
        assert_eq!(again.ciphertext_len(), ciphertext.len() as u64);
        let same = all(again.reader()) == ciphertext;
        let mut back = vec![0; ciphertext.len()];
        again.confirmed(same).unwrap().read_at(0, &mut back).unwrap();
        assert_eq!(back, ciphertext);

        let unread = open.reseal(&header, first.session(), content.clone()).unwrap();
        assert_eq!(unread.confirmed(true).err(), Some(EncryptedError::SourceChanged));
        let mut changed = content;
        changed[4999] ^= 1;
        let other = open.reseal(&header, first.session(), changed).unwrap();
        let same = all(other.reader()) == ciphertext;
        assert_eq!(other.confirmed(same).err(), Some(EncryptedError::SourceChanged));
    }
}
