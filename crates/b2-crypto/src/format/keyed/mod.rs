//! An AEAD with its key, by one of two implementations that give the same bytes.
//!
//! `docs/decisions/0013-two-implementations-of-aeads.md` tells why there are two.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod portable;

use super::frame::{FrameNonce, TAG_LEN};
use super::prefix::Aead;

/// An AEAD with its key.
pub(crate) enum Keyed {
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(aws_lc::Key),
    Portable(portable::Key),
}

impl Keyed {
    pub(crate) fn new(aead: Aead, key: &[u8; 32]) -> Self {
        #[cfg(feature = "aws-lc-rs")]
        if let Some(key) = aws_lc::Key::new(aead, key) {
            return Self::AwsLc(key);
        }
        Self::Portable(portable::Key::new(aead, key))
    }

    /// Seals the content that is in `text` already. Gives the tag; `None` if the text is too long
    /// for the AEAD, which has to be some 64 GiB.
    pub(crate) fn seal(&self, nonce: FrameNonce, text: &mut [u8]) -> Option<[u8; TAG_LEN]> {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => key.seal(nonce, text),
            Self::Portable(key) => key.seal(nonce, text),
        }
    }

    /// Opens `text` into `output`, which is as long. If it is not genuine, what is in `output` must
    /// not be used.
    #[must_use]
    pub(crate) fn open(
        &self,
        nonce: FrameNonce,
        text: &[u8],
        output: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> bool {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => key.open(nonce, text, output, tag),
            Self::Portable(key) => key.open(nonce, text, output, tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use proptest::collection::vec as many;
    use proptest::prelude::*;

    use super::*;

    /// Both, or the one that there is.
    fn all(aead: Aead, key: &[u8; 32]) -> Vec<Keyed> {
        let portable = Keyed::Portable(portable::Key::new(aead, key));
        match Keyed::new(aead, key) {
            #[cfg(feature = "aws-lc-rs")]
            other @ Keyed::AwsLc(_) => vec![portable, other],
            _ => vec![portable],
        }
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn the_feature_is_used() {
        for aead in [Aead::Aes256Gcm, Aead::XChaCha20Poly1305] {
            assert_eq!(all(aead, &[1; 32]).len(), 2);
        }
    }

    /// Test cases 13 and 14 of the specification of GCM by McGrew and Viega.
    #[test]
    fn gcm_gives_the_answers_of_its_specification() {
        let empty = 0x530f_8afb_c745_36b9_a963_b4f1_c4cb_738b_u128;
        let (text, tag) = (
            0xcea7_403d_4d60_6b6e_074e_c5d3_baf3_9d18_u128,
            0xd0d1_c8a7_9999_6bf0_265b_98b5_d48a_b919_u128,
        );
        for keyed in all(Aead::Aes256Gcm, &[0; 32]) {
            let nonce = || FrameNonce::new(0, false);
            assert_eq!(keyed.seal(nonce(), &mut []), Some(empty.to_be_bytes()));
            let mut sealed = [0; 16];
            assert_eq!(keyed.seal(nonce(), &mut sealed), Some(tag.to_be_bytes()));
            assert_eq!(sealed, text.to_be_bytes());
            let mut opened = [1; 16];
            assert!(keyed.open(nonce(), &sealed, &mut opened, &tag.to_be_bytes()));
            assert_eq!(opened, [0; 16]);
        }
    }

    proptest! {
        /// Each seals to the same bytes, opens what any sealed, and refuses the same changes.
        #[test]
        fn all_are_equal(
            key: [u8; 32],
            number in 0_u64..1 << 50,
            last: bool,
            content in many(any::<u8>(), 0..3000),
            flipped: prop::sample::Index,
        ) {
            for aead in [Aead::Aes256Gcm, Aead::XChaCha20Poly1305] {
                let all = all(aead, &key);
                let nonce = || FrameNonce::new(number, last);
                let sealed: Vec<_> = all.iter().map(|keyed| {
                    let mut text = content.clone();
                    let tag = keyed.seal(nonce(), &mut text).unwrap();
                    (text, tag)
                }).collect();
                let (text, tag) = &sealed[0];
                prop_assert!(sealed.iter().all(|one| one == &sealed[0]), "{:?} differs", aead);
                for keyed in &all {
                    let mut output = vec![0; content.len()];
                    prop_assert!(keyed.open(nonce(), text, &mut output, tag));
                    prop_assert_eq!(&output, &content);
                    let other = FrameNonce::new(number, !last);
                    prop_assert!(!keyed.open(other, text, &mut output, tag));
                    let mut changed = [&text[..], tag].concat();
                    *flipped.get_mut(&mut changed) ^= 1;
                    let (text, tag) = changed.split_last_chunk().unwrap();
                    prop_assert!(!keyed.open(nonce(), text, &mut output, tag));
                }
            }
        }
    }
}
