//! IDEA (Lai and Massey, 1991), several blocks side by side.
//!
//! The crate `idea` multiplies with two branches that each wait for the product before them, and
//! handles one block at a time; it is the reference of the tests.

use cipher::consts::{U4, U8};
use zeroize::{Zeroize as _, Zeroizing};

const ROUNDS: usize = 8;
/// Six for each round, and four behind the last.
const KEYS: usize = 6 * ROUNDS + 4;

type Keys = [u16; KEYS];

/// IDEA with a key of 16 bytes.
pub(crate) struct Idea {
    forth: Keys,
    back: Keys,
}

impl Idea {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        let forth = expanded(key);
        Self { forth, back: inverted(&forth) }
    }

    #[inline(always)]
    fn encrypt<const N: usize>(&self, blocks: [[u8; 8]; N]) -> [[u8; 8]; N] {
        crypted(blocks, &self.forth)
    }

    #[inline(always)]
    fn decrypt<const N: usize>(&self, blocks: [[u8; 8]; N]) -> [[u8; 8]; N] {
        crypted(blocks, &self.back)
    }
}

impl Drop for Idea {
    fn drop(&mut self) {
        self.forth.zeroize();
        self.back.zeroize();
    }
}

block_cipher!(Idea, U8, U4);

/// Eight words of the key, then those of the key turned by 25 bits, and so on.
fn expanded(key: &[u8; 16]) -> Keys {
    let mut key = Zeroizing::new(u128::from_be_bytes(*key));
    let mut keys = [0; KEYS];
    for eight in keys.chunks_mut(8) {
        for (word, place) in eight.iter_mut().zip((0..8).rev()) {
            *word = (*key >> (16 * place) & 0xffff) as u16;
        }
        *key = key.rotate_left(25);
    }
    keys
}

/// What undoes each step, from the last to the first.
fn inverted(keys: &Keys) -> Keys {
    let mut back = [0; KEYS];
    for round in 0..=ROUNDS {
        let from = &keys[6 * (ROUNDS - round)..];
        let into = &mut back[6 * round..];
        // Inside, the two words in the middle come exchanged out of the round.
        let outside = round == 0 || round == ROUNDS;
        let (second, third) = if outside { (1, 2) } else { (2, 1) };
        into[0] = reciprocal(from[0]);
        into[1] = from[second].wrapping_neg();
        into[2] = from[third].wrapping_neg();
        into[3] = reciprocal(from[3]);
        if round < ROUNDS {
            let before = &keys[6 * (ROUNDS - 1 - round)..];
            into[4] = before[4];
            into[5] = before[5];
        }
    }
    back
}

/// What gives 1 when multiplied: by Fermat, as 65537 is a prime. The exponent is 65535.
fn reciprocal(word: u16) -> u16 {
    (0..15).fold(word, |power, _| product(product(power, power), word))
}

/// Modulo 65537, where 0 stands for 65536.
#[inline(always)]
fn product(a: u16, b: u16) -> u16 {
    let whole = u32::from(a) * u32::from(b);
    if whole == 0 {
        // One of them is 65536, which is -1.
        return 1_u16.wrapping_sub(a).wrapping_sub(b);
    }
    let (low, high) = ((whole & 0xffff) as u16, (whole >> 16) as u16);
    low.wrapping_sub(high).wrapping_add(u16::from(low < high))
}

#[inline(always)]
fn crypted<const N: usize>(blocks: [[u8; 8]; N], keys: &Keys) -> [[u8; 8]; N] {
    let (rounds, last) = keys.as_chunks::<6>();
    let mut lanes = [[0; 4]; N];
    for (words, [a, b, c, d, e, f, g, h]) in lanes.iter_mut().zip(blocks) {
        *words = [[a, b], [c, d], [e, f], [g, h]].map(u16::from_be_bytes);
    }
    for keys in rounds {
        for words in &mut lanes {
            *words = round(*words, keys);
        }
    }
    let mut done = blocks;
    for (block, [a, b, c, d]) in done.iter_mut().zip(lanes) {
        let (a, d) = (product(a, last[0]), product(d, last[3]));
        let (b, c) = (c.wrapping_add(last[1]), b.wrapping_add(last[2]));
        let whole = u64::from(a) << 48 | u64::from(b) << 32 | u64::from(c) << 16 | u64::from(d);
        *block = whole.to_be_bytes();
    }
    done
}

#[inline(always)]
fn round([a, b, c, d]: [u16; 4], keys: &[u16; 6]) -> [u16; 4] {
    let (a, d) = (product(a, keys[0]), product(d, keys[3]));
    let (b, c) = (b.wrapping_add(keys[1]), c.wrapping_add(keys[2]));
    let left = product(a ^ c, keys[4]);
    let right = product((b ^ d).wrapping_add(left), keys[5]);
    let left = left.wrapping_add(right);
    [a ^ right, c ^ right, b ^ left, d ^ left]
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use cipher::{Block, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Zeros, which stand for 65536, are rare among random words.
    fn words() -> impl Strategy<Value = [u8; 16]> {
        let byte = prop_oneof![Just(0_u8), Just(0), Just(1), Just(255), any::<u8>()];
        proptest::array::uniform16(byte)
    }

    proptest! {
        /// One block alone, and more than fit side by side.
        #[test]
        fn it_equals_its_crate(key in words(), pairs in vec(words(), 1..=6)) {
            let ours = Idea::new(&key);
            let theirs = idea::Idea::new(&key.into());
            let halves = pairs.iter().flat_map(|pair| pair.as_chunks::<8>().0);
            let given: Vec<Block<Idea>> = halves.map(|half| (*half).into()).collect();
            for count in [1, given.len()] {
                let given = &given[..count];
                let (mut own, mut expected) = (given.to_vec(), given.to_vec());
                ours.encrypt_blocks(&mut own);
                theirs.encrypt_blocks(&mut expected);
                prop_assert_eq!(&own, &expected);
                ours.decrypt_blocks(&mut own);
                prop_assert_eq!(&own[..], given);
                theirs.decrypt_blocks(&mut expected);
                prop_assert_eq!(own, expected);
            }
        }
    }

    #[test]
    fn every_word_has_its_reciprocal() {
        assert!((0..=u16::MAX).all(|word| product(word, reciprocal(word)) == 1));
    }
}
