//! By AWS-LC, whose assembly encrypts and authenticates in one pass.

use aws_lc_rs::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use chacha20::{R20, hchacha};
use zeroize::{Zeroize as _, Zeroizing};

use crate::format::frame::{FrameNonce, TAG_LEN};
use crate::format::prefix::Aead;

/// The library wipes it when it is dropped.
///
/// "Less safe" means that nobody there looks after nonces: [`FrameNonce`] does.
pub(crate) struct Key(LessSafeKey);

impl Key {
    /// `None` if there is no memory for it.
    pub(super) fn new(aead: Aead, key: &[u8; 32]) -> Option<Self> {
        let key = match aead {
            Aead::Aes256Gcm => UnboundKey::new(&AES_256_GCM, key),
            Aead::XChaCha20Poly1305 => UnboundKey::new(&CHACHA20_POLY1305, &*shortened(key)),
        };
        key.ok().map(|key| Self(LessSafeKey::new(key)))
    }

    pub(super) fn seal(&self, nonce: FrameNonce, text: &mut [u8]) -> Option<[u8; TAG_LEN]> {
        let tag = self.0.seal_in_place_separate_tag(short(nonce), Aad::empty(), text).ok()?;
        tag.as_ref().try_into().ok()
    }

    pub(super) fn open(
        &self,
        nonce: FrameNonce,
        text: &[u8],
        output: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        self.0.open_separate_gather(short(nonce), Aad::empty(), text, tag, output).is_ok()
    }
}

/// XChaCha20 is ChaCha20 with a key that HChaCha20 makes of the first 16 bytes of the nonce, and
/// four zeros in front of the rest. Those of a frame are zeros (see [`FrameNonce`]), so one key
/// does for all of them.
fn shortened(key: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut made = hchacha::<R20>(key.into(), &[0; 16].into());
    let shortened = Zeroizing::new(made.into());
    made.zeroize();
    shortened
}

/// The nonce of GCM, and what is left of that of XChaCha20 behind its first 16 bytes.
fn short(nonce: FrameNonce) -> Nonce {
    Nonce::assume_unique_for_key(nonce.into_bytes())
}
