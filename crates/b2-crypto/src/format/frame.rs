//! One frame: session, ciphertext, tag.

use alloc::boxed::Box;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit as _};
use chacha20poly1305::XChaCha20Poly1305;

use super::prefix::{Aead, KIND_LEN, Prefix};
use super::schedule::Schedule;
use crate::error::OpenError;

/// Random bytes that every run of an encryption draws anew. They choose the key of its frames, so
/// that two runs never meet under one key.
pub(crate) type Session = [u8; 16];
pub(crate) const SESSION_LEN: usize = 16;
pub(crate) const TAG_LEN: usize = 16;

/// The nonce of a frame: its number, and whether it is the last one.
///
/// It is made for one frame, consumed by sealing or opening it, and cannot be cloned.
pub(crate) struct FrameNonce(u64);

impl FrameNonce {
    pub(crate) fn new(frame: u64, last: bool) -> Self {
        Self(frame | u64::from(last) << 63)
    }

    /// In the last eight bytes; those in front are zeros.
    fn into_bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes[N - 8..].copy_from_slice(&self.0.to_be_bytes());
        bytes
    }
}

/// An AEAD with its key.
enum Keyed {
    Aes256Gcm(Box<Aes256Gcm>),
    XChaCha20Poly1305(Box<XChaCha20Poly1305>),
}

/// Seals and opens the frames of one session.
pub(crate) struct FrameCipher(Keyed);

impl FrameCipher {
    pub(crate) fn new(
        schedule: &Schedule,
        aead: Aead,
        kind: &[u8; KIND_LEN],
        session: &Session,
    ) -> Self {
        let key = schedule.frame_key(kind, session);
        Self(match aead {
            Aead::Aes256Gcm => Keyed::Aes256Gcm(Box::new(Aes256Gcm::new(&(*key).into()))),
            Aead::XChaCha20Poly1305 => {
                Keyed::XChaCha20Poly1305(Box::new(XChaCha20Poly1305::new(&(*key).into())))
            }
        })
    }

    /// Seals the content that is in the buffer already. Gives the tag.
    pub(crate) fn seal(&self, nonce: FrameNonce, text: InOutBuf<'_, '_, u8>) -> [u8; TAG_LEN] {
        let sealed = match &self.0 {
            Keyed::Aes256Gcm(cipher) => {
                cipher.encrypt_inout_detached(&nonce.into_bytes::<12>().into(), &[], text)
            }
            Keyed::XChaCha20Poly1305(cipher) => {
                cipher.encrypt_inout_detached(&nonce.into_bytes::<24>().into(), &[], text)
            }
        };
        // Both fail for texts of 64 GiB and more only; a frame has at most 16 MiB. A tag of zeros
        // opens nothing.
        debug_assert!(sealed.is_ok(), "a frame is short");
        sealed.map_or([0; TAG_LEN], Into::into)
    }

    /// Opens a frame's text, or tells nothing about it.
    #[must_use]
    fn open(&self, nonce: FrameNonce, text: InOutBuf<'_, '_, u8>, tag: [u8; TAG_LEN]) -> bool {
        let tag = &tag.into();
        match &self.0 {
            Keyed::Aes256Gcm(cipher) => {
                cipher.decrypt_inout_detached(&nonce.into_bytes::<12>().into(), &[], text, tag)
            }
            Keyed::XChaCha20Poly1305(cipher) => {
                cipher.decrypt_inout_detached(&nonce.into_bytes::<24>().into(), &[], text, tag)
            }
        }
        .is_ok()
    }
}

/// Opens frames of any session and keeps the cipher of the last one.
pub(crate) struct FrameOpener {
    aead: Aead,
    kind: [u8; KIND_LEN],
    last: Option<(Session, FrameCipher)>,
}

impl FrameOpener {
    pub(crate) fn new(prefix: &Prefix) -> Self {
        Self { aead: prefix.aead, kind: prefix.kind(), last: None }
    }

    /// Opens `frame` into `output`, which is as long as the frame's content. Nothing that did not
    /// prove to be genuine is left in it.
    pub(crate) fn open(
        &mut self,
        schedule: &Schedule,
        (number, last): (u64, bool),
        frame: &[u8],
        output: &mut [u8],
    ) -> Result<(), OpenError> {
        let tampered = OpenError::FrameTampered { frame: number };
        let Some((session, rest)) = frame.split_first_chunk::<SESSION_LEN>() else {
            return Err(OpenError::Length);
        };
        let Some((text, tag)) = rest.split_last_chunk::<TAG_LEN>() else {
            return Err(OpenError::Length);
        };
        let Ok(buffer) = InOutBuf::new(text, output) else {
            return Err(OpenError::Length);
        };
        let kept = self.last.take().filter(|(kept, _)| kept == session);
        let (_, cipher) = self.last.insert(kept.unwrap_or_else(|| {
            (*session, FrameCipher::new(schedule, self.aead, &self.kind, session))
        }));
        if cipher.open(FrameNonce::new(number, last), buffer, *tag) {
            return Ok(());
        }
        output.fill(0);
        Err(tampered)
    }
}
