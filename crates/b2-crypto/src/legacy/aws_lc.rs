//! AES in CTR mode by AWS-LC.
//!
//! The backend of the crate `aes` for processors with wide AES instructions moves every block
//! through memory several times, which costs more than encrypting it.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::SuiteError;
use super::transform::Transform;

const BLOCK: usize = 16;
/// What the library counts in 32 bits, with a sign.
const MOST: usize = 1 << 30;

/// CTR with a big-endian counter as wide as the block.
pub(super) struct Counter {
    /// Only what is behind a mutable reference is used, so nobody ever waits for it.
    stream: Mutex<StreamingEncryptingKey>,
    /// The key stream of a block of which the end is not used yet.
    begun: Zeroizing<[u8; BLOCK]>,
    used: usize,
}

impl Counter {
    /// `None` if there is no memory for it, or the library would lose count in what it takes for
    /// the length of everything.
    pub(super) fn new(key: &[u8], iv: [u8; BLOCK]) -> Option<Self> {
        let algorithm = match key.len() {
            16 => &AES_128,
            24 => &AES_192,
            _ => &AES_256,
        };
        let key = UnboundCipherKey::new(algorithm, key).ok()?;
        let iv = EncryptionContext::Iv128(FixedLength::from(iv));
        let stream = StreamingEncryptingKey::less_safe_ctr(key, iv).ok()?;
        let made =
            Self { stream: Mutex::new(stream), begun: Zeroizing::new([0; BLOCK]), used: BLOCK };
        cfg!(target_pointer_width = "64").then_some(made)
    }

    /// Whole blocks.
    fn update(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError> {
        let stream = self.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (from, to) in input.chunks(MOST).zip(output.chunks_mut(MOST)) {
            let done = stream.less_safe_update(from, to).map_err(|_| SuiteError::Undecryptable)?;
            debug_assert_eq!(done.written().len(), from.len());
        }
        Ok(())
    }

    /// Uses what is left of the block that was begun; gives how much.
    fn use_begun(&mut self, input: &[u8], output: &mut [u8]) -> usize {
        let stream = &self.begun[self.used..];
        let now = stream.len().min(input.len());
        for ((to, from), key) in output.iter_mut().zip(input).zip(stream) {
            *to = from ^ key;
        }
        self.used += now;
        now
    }
}

impl Transform for Counter {
    fn apply(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError> {
        if input.len() != output.len() {
            return Err(SuiteError::Undecryptable);
        }
        let begun = self.use_begun(input, output);
        let whole = begun + (input.len() - begun) / BLOCK * BLOCK;
        self.update(&input[begun..whole], &mut output[begun..whole])?;
        if whole < input.len() {
            let mut begun = Zeroizing::new([0; BLOCK]);
            self.update(&[0; BLOCK], &mut *begun)?;
            (self.begun, self.used) = (begun, 0);
            self.use_begun(&input[whole..], &mut output[whole..]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aes::{Aes128, Aes192, Aes256};
    use alloc::vec;
    use cipher::KeyInit as _;
    use proptest::collection::vec as many;
    use proptest::prelude::*;

    use super::*;
    use crate::legacy::modes::Counted;

    proptest! {
        /// Cut anywhere, and with counters that overflow in their lower quarter, their lower half
        /// and at their end.
        #[test]
        fn it_equals_the_one_in_rust(
            key: [u8; 32],
            iv: [u8; 16],
            carries in 0_usize..=16,
            content in many(any::<u8>(), 0..5000),
            cuts in many(0_usize..3000, 0..4),
        ) {
            let mut iv = iv;
            iv[16 - carries..].fill(0xff);
            for len in [16, 24, 32] {
                let mut theirs: std::boxed::Box<dyn Transform> = match len {
                    16 => std::boxed::Box::new(Counted::new(Aes128::new_from_slice(&key[..16]).unwrap(), iv)),
                    24 => std::boxed::Box::new(Counted::new(Aes192::new_from_slice(&key[..24]).unwrap(), iv)),
                    _ => std::boxed::Box::new(Counted::new(Aes256::new(&key.into()), iv)),
                };
                let mut ours = Counter::new(&key[..len], iv).unwrap();
                let (mut sealed, mut expected) = (vec![0; content.len()], vec![0; content.len()]);
                let mut at = 0;
                for cut in cuts.iter().copied().chain([usize::MAX]) {
                    let end = at.max(cut.min(content.len()));
                    ours.apply(&content[at..end], &mut sealed[at..end]).unwrap();
                    at = end;
                }
                theirs.apply(&content, &mut expected).unwrap();
                prop_assert_eq!(sealed, expected, "{}", len);
            }
        }
    }
}
