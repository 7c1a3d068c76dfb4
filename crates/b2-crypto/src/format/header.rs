//! The beginning of a file: what it is, and who can open it.

use alloc::vec::Vec;

use super::kdf::Limits;
use super::keyring::Keyring;
use super::prefix::{Aead, PREFIX_LEN, Prefix};
use super::schedule::Schedule;
use super::stanza::Unlock;
use crate::error::OpenError;
use crate::open::OpenFile;

/// What is read at the beginning of a file before anything else. Fetch this much first; nearly
/// every header fits.
pub const USUAL_HEADER_LEN: usize = 1024;

/// A file's header, read but not yet believed: nobody knows whether it is genuine before
/// [`unlock`](Self::unlock).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub(crate) prefix: Prefix,
    pub(crate) keyring: Keyring,
}

impl Header {
    /// Reads a header. What comes behind it is not looked at.
    ///
    /// # Errors
    ///
    /// [`OpenError::Incomplete`] says how much to read if it was not enough.
    /// [`OpenError::NotEncrypted`] means that this is some other file.
    pub fn parse(bytes: &[u8]) -> Result<Self, OpenError> {
        let prefix = Prefix::parse(bytes)?;
        let keyring = Keyring::parse(&bytes[PREFIX_LEN..]).map_err(|error| match error {
            OpenError::Incomplete { needed } => {
                OpenError::Incomplete { needed: PREFIX_LEN + needed }
            }
            other => other,
        })?;
        Ok(Self { prefix, keyring })
    }

    /// Whether these are the first bytes of an encrypted file, as far as eight bytes can tell.
    pub fn is_likely(bytes: &[u8]) -> bool {
        bytes.starts_with(&super::prefix::MAGIC)
    }

    /// The length of the header in bytes: frames begin behind it.
    pub fn len(&self) -> usize {
        PREFIX_LEN + self.keyring.as_bytes().len()
    }

    /// Never: every header has a prefix.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The bytes of the header.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.prefix.to_bytes(), self.keyring.as_bytes()].concat()
    }

    /// Whether a file that begins with these bytes is the one that this header was made for,
    /// whoever could open it then. `false` if that cannot be seen as too few bytes are given.
    pub fn is_of(&self, beginning: &[u8]) -> bool {
        beginning.starts_with(&self.prefix.to_bytes())
    }

    /// Whether it can stand in place of the header of a file that begins with
    /// these bytes: it [is of](Self::is_of) that file, and as long as the one
    /// that is there says to be.
    pub fn can_replace(&self, beginning: &[u8]) -> bool {
        let length = PREFIX_LEN..PREFIX_LEN + 4;
        self.is_of(beginning) && beginning.get(length) == self.keyring.as_bytes().get(..4)
    }

    /// The version of the format.
    pub fn version(&self) -> u8 {
        super::prefix::VERSION
    }

    /// What seals the frames.
    pub fn aead(&self) -> Aead {
        self.prefix.aead
    }

    /// The content of a full frame, in bytes.
    pub fn frame_size(&self) -> u64 {
        1 << self.prefix.frame_log2
    }

    /// Whether the length of the content is hidden.
    pub fn hides_length(&self) -> bool {
        self.prefix.padded
    }

    /// Who can open the file.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The length of the content of a file of this many bytes, as everybody can compute it. `None`
    /// if the length is hidden.
    ///
    /// # Errors
    ///
    /// [`OpenError::Length`] if no such file can have that length: it was cut.
    pub fn visible_content_len(&self, ciphertext_len: u64) -> Result<Option<u64>, OpenError> {
        let header_len = self.len() as u64;
        let sealed =
            super::layout::Layout::sealed_len_of(header_len, self.frame_size(), ciphertext_len)?;
        Ok((!self.prefix.padded).then_some(sealed))
    }

    /// Opens the file with a password or a key. This is where a wrong one is found out, before any
    /// content has to be fetched.
    ///
    /// A password is tried on every recipient with one, the cheapest first, and each try costs what
    /// its derivation costs: some 0.1 s by default. If all of them together cost more than the
    /// limits allow, none is tried.
    ///
    /// # Errors
    ///
    /// [`OpenError::WrongKey`] if no recipient has it, [`OpenError::HeaderTampered`] if the header
    /// is not as it was made, and [`OpenError::TooCostly`] beyond the limits.
    pub fn unlock(&self, unlock: &Unlock, limits: &Limits) -> Result<OpenFile, OpenError> {
        self.unlock_with(&self.keyring, unlock, limits)
    }

    /// As [`unlock`](Self::unlock), with a keyring that was kept elsewhere. The one in the header
    /// then does not count, but it must be genuine.
    ///
    /// # Errors
    ///
    /// As [`unlock`](Self::unlock).
    pub fn unlock_with(
        &self,
        keyring: &Keyring,
        unlock: &Unlock,
        limits: &Limits,
    ) -> Result<OpenFile, OpenError> {
        self.unlock_while(keyring, unlock, limits, &mut || true)
    }

    /// As [`unlock_with`](Self::unlock_with), for as long as `go_on` says yes: it is asked before
    /// each recipient is tried.
    ///
    /// # Errors
    ///
    /// As [`unlock`](Self::unlock), and [`OpenError::Stopped`] after a no.
    pub fn unlock_while(
        &self,
        keyring: &Keyring,
        unlock: &Unlock,
        limits: &Limits,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<OpenFile, OpenError> {
        let data_key = keyring.unwrap(unlock, &self.prefix.salt, limits, go_on)?;
        let schedule = Schedule::new(data_key, &self.prefix.salt);
        let genuine = self.prefix.is_by(&schedule)
            && keyring.is_by(&schedule)
            && self.keyring.is_by(&schedule);
        if !genuine {
            return Err(OpenError::HeaderTampered);
        }
        Ok(OpenFile::new(self.prefix.clone(), self.len() as u64, schedule))
    }

    /// The same header with another keyring: what a file begins with after recipients came or
    /// went.
    ///
    /// If the length stays the same the header can be overwritten in place, else the frames move.
    #[must_use]
    pub fn with_keyring(self, keyring: Keyring) -> Self {
        Self { keyring, ..self }
    }
}
