//! Blowfish (Schneier, 1993), several blocks at a time where the mode allows it.
//!
//! A block is a chain of lookups that wait for each other. The crate `blowfish`, which is the
//! reference of the tests, goes through them one block after the other; four independent blocks
//! side by side fill the time that each waits.

use alloc::boxed::Box;

use cipher::consts::{U4, U8};
use zeroize::Zeroize;

use super::blowfish_tables::{BOXES, KEYS};

/// Blowfish with a key of 4 to 56 bytes.
pub(crate) struct Blowfish {
    boxes: Box<[[u32; 256]; 4]>,
    forth: [u32; 18],
    back: [u32; 18],
}

/// The halves of some blocks.
type Halves<const N: usize> = ([u32; N], [u32; N]);

impl Blowfish {
    /// `None` unless the key has 4 to 56 bytes.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        if !(4..=56).contains(&key.len()) {
            return None;
        }
        let mut new = Self { boxes: Box::new(BOXES), forth: KEYS, back: KEYS };
        let mut bytes = key.iter().cycle();
        for word in &mut new.forth {
            let four = bytes.by_ref().take(4);
            *word ^= four.fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        let mut halves = ([0], [0]);
        for at in (0..18).step_by(2) {
            halves = new.rounds(halves, &new.forth);
            (new.forth[at], new.forth[at + 1]) = (halves.0[0], halves.1[0]);
        }
        for number in 0..4 {
            for at in (0..256).step_by(2) {
                halves = new.rounds(halves, &new.forth);
                (new.boxes[number][at], new.boxes[number][at + 1]) = (halves.0[0], halves.1[0]);
            }
        }
        new.back = new.forth;
        new.back.reverse();
        Some(new)
    }

    /// Sixteen rounds; the halves come back exchanged, as the algorithm has it.
    #[inline(always)]
    fn rounds<const N: usize>(
        &self,
        (mut left, mut right): Halves<N>,
        keys: &[u32; 18],
    ) -> Halves<N> {
        let [first @ .., last, after] = keys;
        for pair in first.chunks_exact(2) {
            for lane in 0..N {
                left[lane] ^= pair[0];
                right[lane] ^= self.f(left[lane]) ^ pair[1];
            }
            for lane in 0..N {
                left[lane] ^= self.f(right[lane]);
            }
        }
        (right.map(|half| half ^ after), left.map(|half| half ^ last))
    }

    #[inline(always)]
    fn f(&self, half: u32) -> u32 {
        let [a, b, c, d] = half.to_be_bytes().map(usize::from);
        let sum = self.boxes[0][a].wrapping_add(self.boxes[1][b]) ^ self.boxes[2][c];
        sum.wrapping_add(self.boxes[3][d])
    }

    #[inline(always)]
    fn blocks<const N: usize>(&self, blocks: [[u8; 8]; N], keys: &[u32; 18]) -> [[u8; 8]; N] {
        let both = blocks.map(u64::from_be_bytes);
        let left = both.map(|both| (both >> 32) as u32);
        // The lower half, on purpose.
        let right = both.map(|both| (both & 0xffff_ffff) as u32);
        let (left, right) = self.rounds((left, right), keys);
        core::array::from_fn(|lane| {
            (u64::from(left[lane]) << 32 | u64::from(right[lane])).to_be_bytes()
        })
    }

    #[inline(always)]
    fn encrypt<const N: usize>(&self, blocks: [[u8; 8]; N]) -> [[u8; 8]; N] {
        self.blocks(blocks, &self.forth)
    }

    #[inline(always)]
    fn decrypt<const N: usize>(&self, blocks: [[u8; 8]; N]) -> [[u8; 8]; N] {
        self.blocks(blocks, &self.back)
    }
}

impl Drop for Blowfish {
    fn drop(&mut self) {
        self.boxes.iter_mut().for_each(Zeroize::zeroize);
        self.forth.zeroize();
        self.back.zeroize();
    }
}

block_cipher!(Blowfish, U8, U4);

#[cfg(test)]
mod tests {
    use cipher::{Block, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// One block alone, and more than fit side by side.
        #[test]
        fn it_equals_its_crate(
            key in vec(any::<u8>(), 4..=56),
            blocks in vec(any::<[u8; 8]>(), 1..=11),
        ) {
            let ours = Blowfish::new(&key).unwrap();
            let theirs = <blowfish::Blowfish>::new_from_slice(&key).unwrap();
            let given: alloc::vec::Vec<Block<Blowfish>> =
                blocks.into_iter().map(Into::into).collect();
            let (mut own, mut expected) = (given.clone(), given.clone());
            ours.encrypt_blocks(&mut own);
            theirs.encrypt_blocks(&mut expected);
            prop_assert_eq!(&own, &expected);
            let (mut own, mut expected) = (given.clone(), given);
            ours.decrypt_blocks(&mut own);
            theirs.decrypt_blocks(&mut expected);
            prop_assert_eq!(own, expected);
        }
    }

    #[test]
    fn other_lengths_are_no_keys() {
        for len in [0, 1, 2, 3, 57, 64] {
            assert!(Blowfish::new(&[0; 64][..len]).is_none());
        }
    }
}
