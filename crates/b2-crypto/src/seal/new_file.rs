//! The beginning of every encryption: keys, header, and the choice of how to go on.

use alloc::vec::Vec;

use super::{Encrypted, EncryptedError, Encryptor};
use crate::error::SealError;
use crate::format::frame::{FrameCipher, SESSION_LEN, Session};
use crate::format::header::Header;
use crate::format::keyring::Keyring;
use crate::format::layout::{self, Layout};
use crate::format::prefix::{Aead, LEAST_FRAME_LOG2, MOST_FRAME_LOG2, Prefix};
use crate::format::schedule::Schedule;
use crate::format::stanza::{Recipient, Stanza};
use crate::random::Randomness;
use crate::read_at::ReadAt;
use crate::secret::DataKey;

/// How a file is encrypted, apart from whom for. The default suits everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealOptions {
    /// What seals the frames; AES-256-GCM by default.
    pub aead: Aead,
    /// The content of a frame in bytes, a power of two from 1 KiB to 16 MiB. By default 64 KiB,
    /// 256 KiB for content of 16 GiB and more, and 1 MiB from 256 GiB on or if the length is
    /// unknown.
    pub frame_size: Option<u64>,
    /// Whether the file is made up to 12 % longer, so that its length tells less about the
    /// length of the content. Off by default.
    pub hide_length: bool,
}

impl SealOptions {
    /// Chooses what seals the frames.
    #[must_use]
    pub fn with_aead(self, aead: Aead) -> Self {
        Self { aead, ..self }
    }

    /// Chooses the content of a frame in bytes.
    #[must_use]
    pub fn with_frame_size(self, frame_size: u64) -> Self {
        Self { frame_size: Some(frame_size), ..self }
    }

    /// Hides the length of the content, or shows it.
    #[must_use]
    pub fn with_hidden_length(self, hide_length: bool) -> Self {
        Self { hide_length, ..self }
    }

    fn frame_log2(&self, content_len: Option<u64>) -> Result<u8, SealError> {
        let size = self.frame_size.unwrap_or(match content_len {
            Some(len) if len < 16 << 30 => 64 << 10,
            Some(len) if len < 256 << 30 => 256 << 10,
            _ => 1 << 20,
        });
        let log2 = u8::try_from(size.trailing_zeros()).map_err(|_| SealError::FrameSize)?;
        let allowed = LEAST_FRAME_LOG2..=MOST_FRAME_LOG2;
        let fits = size.is_power_of_two() && allowed.contains(&log2);
        fits.then_some(log2).ok_or(SealError::FrameSize)
    }
}

/// A file about to be encrypted: its random key, its header, and a session of its own.
///
/// It is consumed by what seals the content, so that one session never seals two contents.
pub struct NewFile {
    pub(super) header: Vec<u8>,
    pub(super) cipher: FrameCipher,
    pub(super) session: Session,
    pub(super) frame_size: u64,
    pub(super) content_len: Option<u64>,
    pub(super) hide_length: bool,
}

impl NewFile {
    /// Draws a key and wraps it for the recipients. With a password among them this takes as long
    /// as deriving a key from it.
    ///
    /// `content_len` is the length of the content in bytes. If it is not known the encryption can
    /// only be streamed, and its length cannot be hidden.
    ///
    /// # Errors
    ///
    /// If there is no recipient, an option is out of range, or there is no randomness.
    pub fn new(
        recipients: &[Recipient],
        options: &SealOptions,
        content_len: Option<u64>,
        random: &mut dyn Randomness,
    ) -> Result<Self, SealError> {
        let frame_log2 = options.frame_log2(content_len)?;
        if options.hide_length && content_len.is_none() {
            return Err(SealError::UnknownLength);
        }
        if content_len.is_some_and(|len| len > layout::MOST_CONTENT / 2) {
            return Err(SealError::TooLong);
        }
        let mut data_key = DataKey([0; 32]);
        random.fill(&mut data_key.0)?;
        let mut salt = [0; 32];
        random.fill(&mut salt)?;
        let wrap = |recipient| Stanza::wrap(recipient, &data_key, &salt, random);
        let stanzas = recipients.iter().map(wrap).collect::<Result<Vec<_>, _>>()?;
        let schedule = Schedule::new(data_key, &salt);
        let mut prefix = Prefix::new(options.aead, frame_log2, options.hide_length, salt);
        prefix.complete(&schedule, content_len);
        let header = Header { prefix, keyring: Keyring::roomy(stanzas, &schedule)? };
        let mut session = [0; SESSION_LEN];
        random.fill(&mut session)?;
        Ok(Self::in_session(&header, &schedule, content_len, session))
    }

    /// In a session that was drawn before.
    pub(crate) fn in_session(
        header: &Header,
        schedule: &Schedule,
        content_len: Option<u64>,
        session: Session,
    ) -> Self {
        let kind = header.prefix.kind();
        Self {
            cipher: FrameCipher::new(schedule, header.aead(), &kind, &session),
            header: header.to_bytes(),
            session,
            frame_size: header.frame_size(),
            content_len,
            hide_length: header.hides_length(),
        }
    }

    /// What the file begins with.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The layout of the file, if the length of its content is known.
    ///
    /// # Errors
    ///
    /// [`SealError::UnknownLength`] if it is not.
    pub fn layout(&self) -> Result<Layout, SealError> {
        let content = self.content_len.ok_or(SealError::UnknownLength)?;
        let sealed = if self.hide_length { layout::hidden_len(content) } else { content };
        let header_len = self.header.len() as u64;
        Layout::with_padding(header_len, self.frame_size, content, sealed)
            .map_err(|_| SealError::TooLong)
    }

    /// Seals content that comes piece by piece, once.
    pub fn encryptor(self) -> Encryptor {
        Encryptor::new(self)
    }

    /// Makes a source of ciphertext of a source of content, for everything that reads again:
    /// retries and parallel parts.
    ///
    /// # Errors
    ///
    /// If the source fails, or has another length than was said.
    pub fn encrypt<S: ReadAt>(self, source: S) -> Result<Encrypted<S>, EncryptedError<S::Error>> {
        Encrypted::new(self, source)
    }
}

impl core::fmt::Debug for NewFile {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NewFile(..)")
    }
}
