//! In Rust, for everything that Rust is compiled for.

use alloc::boxed::Box;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit as _};
use chacha20poly1305::XChaCha20Poly1305;

use crate::format::frame::{FrameNonce, TAG_LEN};
use crate::format::prefix::Aead;

/// Wiped when dropped.
pub(crate) enum Key {
    Aes256Gcm(Box<Aes256Gcm>),
    XChaCha20Poly1305(Box<XChaCha20Poly1305>),
}

impl Key {
    pub(super) fn new(aead: Aead, key: &[u8; 32]) -> Self {
        match aead {
            Aead::Aes256Gcm => Self::Aes256Gcm(Box::new(Aes256Gcm::new(key.into()))),
            Aead::XChaCha20Poly1305 => {
                Self::XChaCha20Poly1305(Box::new(XChaCha20Poly1305::new(key.into())))
            }
        }
    }

    pub(super) fn seal(&self, nonce: FrameNonce, text: &mut [u8]) -> Option<[u8; TAG_LEN]> {
        let text = InOutBuf::from(text);
        let sealed = match self {
            Self::Aes256Gcm(cipher) => {
                cipher.encrypt_inout_detached(&nonce.into_bytes::<12>().into(), &[], text)
            }
            Self::XChaCha20Poly1305(cipher) => {
                cipher.encrypt_inout_detached(&nonce.into_bytes::<24>().into(), &[], text)
            }
        };
        sealed.ok().map(Into::into)
    }

    /// Nothing is written unless it is genuine.
    pub(super) fn open(
        &self,
        nonce: FrameNonce,
        text: &[u8],
        output: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        let Ok(text) = InOutBuf::new(text, output) else {
            return false;
        };
        let tag = &(*tag).into();
        match self {
            Self::Aes256Gcm(cipher) => {
                cipher.decrypt_inout_detached(&nonce.into_bytes::<12>().into(), &[], text, tag)
            }
            Self::XChaCha20Poly1305(cipher) => {
                cipher.decrypt_inout_detached(&nonce.into_bytes::<24>().into(), &[], text, tag)
            }
        }
        .is_ok()
    }
}
