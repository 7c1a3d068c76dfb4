//! One frame: session, ciphertext, tag.

use super::keyed::Keyed;
use super::prefix::{Aead, KIND_LEN, Prefix};
use super::schedule::Schedule;
use crate::error::{OpenError, SealError};

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
    pub(crate) fn into_bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes[N - 8..].copy_from_slice(&self.0.to_be_bytes());
        bytes
    }
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
        Self(Keyed::new(aead, &schedule.frame_key(kind, session)))
    }

    /// Seals the content that is in the buffer already. Gives the tag.
    ///
    /// It fails for texts of 64 GiB and more only, and a frame has at most 16 MiB. Should it fail
    /// all the same, no content is left where ciphertext should be.
    pub(crate) fn seal(
        &self,
        nonce: FrameNonce,
        text: &mut [u8],
    ) -> Result<[u8; TAG_LEN], SealError> {
        self.0.seal(nonce, text).ok_or_else(|| {
            text.fill(0);
            SealError::TooLong
        })
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
        if text.len() != output.len() {
            return Err(OpenError::Length);
        }
        let kept = self.last.take().filter(|(kept, _)| kept == session);
        let (_, cipher) = self.last.insert(kept.unwrap_or_else(|| {
            (*session, FrameCipher::new(schedule, self.aead, &self.kind, session))
        }));
        if cipher.0.open(FrameNonce::new(number, last), text, output, tag) {
            return Ok(());
        }
        output.fill(0);
        Err(tampered)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::secret::DataKey;

    /// An implementation may have written what it found before it looked at the tag.
    #[test]
    fn nothing_is_left_of_what_is_not_genuine() {
        for aead in [Aead::Aes256Gcm, Aead::XChaCha20Poly1305] {
            let schedule = Schedule::new(DataKey([1; 32]), &[2; 32]);
            let prefix = Prefix::new(aead, 10, false, [2; 32]);
            let session = [3; SESSION_LEN];
            let cipher = FrameCipher::new(&schedule, aead, &prefix.kind(), &session);
            let mut text = [0x5a; 1000];
            let tag = cipher.seal(FrameNonce::new(0, false), &mut text).unwrap();
            let mut frame = [&session[..], &text, &tag].concat();
            let mut opener = FrameOpener::new(&prefix);
            let mut output = vec![0xaa; 1000];
            opener.open(&schedule, (0, false), &frame, &mut output).unwrap();
            assert_eq!(output, [0x5a; 1000]);
            output.fill(0xaa);
            *frame.last_mut().unwrap() ^= 1;
            let refused = opener.open(&schedule, (0, false), &frame, &mut output);
            assert_eq!(refused, Err(OpenError::FrameTampered { frame: 0 }));
            assert_eq!(output, [0; 1000], "{aead:?}");
        }
    }

    /// A nonce is for one frame: whoever could clone it could seal two with it.
    #[test]
    fn a_nonce_cannot_be_cloned() {
        trait Ambiguous<A> {
            fn named() {}
        }
        struct ByClone;
        impl<T> Ambiguous<()> for T {}
        impl<T: Clone> Ambiguous<ByClone> for T {}
        // With `Clone` there are two of these, and this does not compile.
        <FrameNonce as Ambiguous<_>>::named();
    }
}
