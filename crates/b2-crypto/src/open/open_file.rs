//! A file whose header was believed.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::{Decrypted, DecryptedError, Decryptor, FrameDecryptor, RangeDecryptor};
use crate::error::{OpenError, SealError};
use crate::format::frame::FrameOpener;
use crate::format::header::Header;
use crate::format::kdf::Limits;
use crate::format::keyring::Keyring;
use crate::format::layout::{self, Layout};
use crate::format::prefix::Prefix;
use crate::format::schedule::{Schedule, equal};
use crate::format::stanza::{Recipient, Stanza};
use crate::random::Randomness;
use crate::read_at::ReadAt;
use crate::seal::{EncryptedError, NewFile, Reseal};

/// An unlocked file: its header is genuine, and its frames can be opened. Clones are cheap.
#[derive(Clone)]
pub struct OpenFile {
    pub(super) prefix: Prefix,
    pub(super) schedule: Arc<Schedule>,
    header_len: u64,
    content_len: Option<u64>,
}

impl OpenFile {
    pub(crate) fn new(prefix: Prefix, header_len: u64, schedule: Schedule) -> Self {
        let content_len = prefix.content_len(&schedule);
        Self { prefix, schedule: Arc::new(schedule), header_len, content_len }
    }

    /// The length of the content in bytes, if it was known when the file was made. It is genuine.
    pub fn content_len(&self) -> Option<u64> {
        self.content_len
    }

    pub(super) fn frame_size(&self) -> u64 {
        1 << self.prefix.frame_log2
    }

    /// How much the frames have to hold, if that was known.
    pub(super) fn sealed_len(&self) -> Option<u64> {
        let hide = |len| if self.prefix.padded { layout::hidden_len(len) } else { len };
        self.content_len.map(hide)
    }

    pub(super) fn opener(&self) -> FrameOpener {
        FrameOpener::new(&self.prefix)
    }

    /// The layout of the file, which has `ciphertext_len` bytes.
    ///
    /// # Errors
    ///
    /// [`OpenError::Length`] if the file was cut or something was added.
    pub fn layout(&self, ciphertext_len: u64) -> Result<Layout, OpenError> {
        let frame_size = self.frame_size();
        let sealed = Layout::sealed_len_of(self.header_len, frame_size, ciphertext_len)?;
        if self.sealed_len().is_some_and(|expected| expected != sealed) {
            return Err(OpenError::Length);
        }
        let content = self.content_len.unwrap_or(sealed);
        Layout::with_padding(self.header_len, frame_size, content, sealed)
    }

    /// Decrypts the whole file from front to back; its length need not be known.
    pub fn decryptor(&self) -> Decryptor {
        Decryptor::new(self.clone())
    }

    /// Decrypts a range of the content. Fetch what [`Layout::plan`] says and feed it.
    ///
    /// # Errors
    ///
    /// [`OpenError::Range`] if it does not lie within the content.
    pub fn range_decryptor(
        &self,
        layout: &Layout,
        content: Range<u64>,
    ) -> Result<RangeDecryptor, OpenError> {
        Ok(RangeDecryptor::new(self.clone(), *layout, layout.plan(content)?))
    }

    /// Makes a source of content of a source of ciphertext, for reading at any offset. If the file
    /// does not say how long it is, its last frame is opened first.
    ///
    /// # Errors
    ///
    /// If the source fails, or does not have the length that the file was made with.
    pub fn decrypt<S: ReadAt>(&self, source: S) -> Result<Decrypted<S>, DecryptedError<S::Error>> {
        let len = source.len().map_err(DecryptedError::Source)?;
        let decrypted = Decrypted::new(self.clone(), self.layout(len)?, source);
        if self.content_len.is_none() {
            decrypted.check_end()?;
        }
        Ok(decrypted)
    }

    /// Seals the content of a file again as it was sealed before a restart: with its header and in
    /// its [session](crate::Encrypted::session). What is sealed then is the same ciphertext, if
    /// the content is the same; if it is not, one nonce would cover two contents. So nothing may
    /// leave before all of it was compared: that is what [`Reseal`] is for.
    ///
    /// # Errors
    ///
    /// If `header` is not this file's, or the source fails or has another length now.
    pub fn reseal<S: ReadAt>(
        &self,
        header: &Header,
        session: [u8; 16],
        source: S,
    ) -> Result<Reseal<S>, EncryptedError<S::Error>> {
        if header.prefix != self.prefix {
            return Err(SealError::LengthChanged.into());
        }
        let file = NewFile::in_session(header, &self.schedule, self.content_len, session);
        file.encrypt(source).map(Reseal::new)
    }

    /// Opens frames one by one, in any order.
    pub fn frame_decryptor(&self, layout: &Layout) -> FrameDecryptor {
        FrameDecryptor::new(self.clone(), *layout)
    }

    /// Wraps the file's key for one more recipient, to be put into a [`keyring`](Self::keyring).
    ///
    /// # Errors
    ///
    /// If the password is empty, the label too long, or there is no randomness.
    pub fn wrap(
        &self,
        recipient: &Recipient,
        random: &mut dyn Randomness,
    ) -> Result<Stanza, SealError> {
        Stanza::wrap(recipient, self.schedule.data_key(), &self.prefix.salt, random)
    }

    /// Whether somebody among these recipients of the file is this one: with the same label, the
    /// same password or key, and the same derivation. Whoever makes a change again, as nobody
    /// told him that it was made, adds nobody twice.
    ///
    /// With a password this takes as long as deriving a key from it, for each with that label.
    ///
    /// # Errors
    ///
    /// [`OpenError::TooCostly`] beyond the limits, [`OpenError::OutOfMemory`].
    pub fn has_recipient(
        &self,
        among: &[Stanza],
        recipient: &Recipient,
        limits: &Limits,
    ) -> Result<bool, OpenError> {
        for stanza in among {
            if stanza.is_of(recipient, &self.prefix.salt, limits)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A tag over something that is kept beside the file, by which whoever can open the file knows
    /// later that it was made by somebody who could: HMAC-SHA256 under a key of its own for each
    /// `purpose`. Compare with [`is_tagged`](Self::is_tagged).
    #[must_use]
    pub fn tag(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        self.schedule.beside_tag(purpose.as_bytes(), message)
    }

    /// Whether this is the [tag](Self::tag) of the message, in the same time wherever it differs.
    #[must_use]
    pub fn is_tagged(&self, purpose: &str, message: &[u8], tag: &[u8; 32]) -> bool {
        equal(&self.tag(purpose, message), tag)
    }

    /// A keyring with these recipients, for a header of at least `header_len` bytes: with the
    /// length of the old header it fits in its place, if so many recipients fit at all.
    ///
    /// Recipients that are left out can no longer open the file with it, unless they kept the
    /// file's key or the old keyring. To lock them out for good the file has to be encrypted anew.
    ///
    /// # Errors
    ///
    /// If there are no recipients, or too many.
    pub fn keyring(&self, stanzas: Vec<Stanza>, header_len: usize) -> Result<Keyring, SealError> {
        let room = header_len.saturating_sub(crate::format::prefix::PREFIX_LEN);
        Keyring::new(stanzas, &self.schedule, room)
    }
}

impl fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("OpenFile");
        told.field("content_len", &self.content_len).finish_non_exhaustive()
    }
}
