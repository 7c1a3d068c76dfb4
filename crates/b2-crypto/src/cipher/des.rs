//! DES and three-key DES (FIPS 46-3), by tables.
//!
//! The crate `des` computes each permutation bit by bit and is the reference of the tests; this
//! form is some three times as fast. Three-key DES permutes once at the start and once at the end
//! instead of three times.

use cipher::consts::U8;
use zeroize::Zeroize;

use super::des_tables::{JOINED, KEY_BITS, ROUND_BITS, TURNS};

/// Sixteen round keys. The six bits of a box each have a byte: those of boxes 1, 3, 5 and 7 in the
/// first word, those of 2, 4, 6 and 8 in the second.
type Schedule = [[u32; 2]; 16];

/// DES with a key of 8 bytes, whose parity bits are ignored.
pub(crate) struct Des {
    forth: Schedule,
    back: Schedule,
}

impl Des {
    pub(crate) fn new(key: &[u8; 8]) -> Self {
        let forth = schedule(*key);
        Self { forth, back: reversed(&forth) }
    }

    #[inline]
    fn encrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let (left, right) = enter(block);
        let (left, right) = rounds(left, right, &self.forth);
        leave(left, right)
    }

    #[inline]
    fn decrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let (left, right) = enter(block);
        let (left, right) = rounds(left, right, &self.back);
        leave(left, right)
    }
}

impl Drop for Des {
    fn drop(&mut self) {
        self.forth.zeroize();
        self.back.zeroize();
    }
}

/// DES forth, back and forth again with three keys.
pub(crate) struct TripleDes {
    forth: [Schedule; 3],
    back: [Schedule; 3],
}

impl TripleDes {
    pub(crate) fn new(first: &[u8; 8], second: &[u8; 8], third: &[u8; 8]) -> Self {
        let [a, b, c] = [schedule(*first), schedule(*second), schedule(*third)];
        Self { forth: [a, reversed(&b), c], back: [reversed(&c), b, reversed(&a)] }
    }

    #[inline]
    fn encrypt(&self, block: [u8; 8]) -> [u8; 8] {
        thrice(block, &self.forth)
    }

    #[inline]
    fn decrypt(&self, block: [u8; 8]) -> [u8; 8] {
        thrice(block, &self.back)
    }
}

impl Drop for TripleDes {
    fn drop(&mut self) {
        self.forth.zeroize();
        self.back.zeroize();
    }
}

block_cipher!(Des, U8);
block_cipher!(TripleDes, U8);

#[inline]
fn thrice(block: [u8; 8], keys: &[Schedule; 3]) -> [u8; 8] {
    let (left, right) = enter(block);
    let (left, right) = rounds(left, right, &keys[0]);
    let (left, right) = rounds(left, right, &keys[1]);
    let (left, right) = rounds(left, right, &keys[2]);
    leave(left, right)
}

/// Sixteen rounds; the halves come back exchanged, as the standard has it.
#[inline(always)]
fn rounds(mut left: u32, mut right: u32, keys: &Schedule) -> (u32, u32) {
    for pair in keys.chunks_exact(2) {
        left ^= scrambled(right, pair[0]);
        right ^= scrambled(left, pair[1]);
    }
    (right, left)
}

#[inline(always)]
fn scrambled(half: u32, key: [u32; 2]) -> u32 {
    let odd = half.rotate_right(4) ^ key[0];
    let even = half ^ key[1];
    let from_odd =
        joined(0, odd >> 24) ^ joined(2, odd >> 16) ^ joined(4, odd >> 8) ^ joined(6, odd);
    let from_even =
        joined(1, even >> 24) ^ joined(3, even >> 16) ^ joined(5, even >> 8) ^ joined(7, even);
    from_odd ^ from_even
}

#[inline(always)]
fn joined(number: usize, bits: u32) -> u32 {
    JOINED[number][(bits & 63) as usize]
}

/// Exchanges the bits of `a` that lie `shift` above the mask with those of `b` below it.
#[inline(always)]
fn exchange(a: &mut u32, b: &mut u32, shift: u32, mask: u32) {
    let differing = (*a >> shift ^ *b) & mask;
    *b ^= differing;
    *a ^= differing << shift;
}

/// The initial permutation; both halves are turned left by one bit.
#[inline(always)]
fn enter(block: [u8; 8]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = block;
    let mut left = u32::from_be_bytes([a, b, c, d]);
    let mut right = u32::from_be_bytes([e, f, g, h]);
    exchange(&mut left, &mut right, 4, 0x0f0f_0f0f);
    exchange(&mut left, &mut right, 16, 0x0000_ffff);
    exchange(&mut right, &mut left, 2, 0x3333_3333);
    exchange(&mut right, &mut left, 8, 0x00ff_00ff);
    exchange(&mut left, &mut right, 1, 0x5555_5555);
    (left.rotate_left(1), right.rotate_left(1))
}

/// The inverse of [`enter`].
#[inline(always)]
fn leave(left: u32, right: u32) -> [u8; 8] {
    let mut left = left.rotate_right(1);
    let mut right = right.rotate_right(1);
    exchange(&mut left, &mut right, 1, 0x5555_5555);
    exchange(&mut right, &mut left, 8, 0x00ff_00ff);
    exchange(&mut right, &mut left, 2, 0x3333_3333);
    exchange(&mut left, &mut right, 16, 0x0000_ffff);
    exchange(&mut left, &mut right, 4, 0x0f0f_0f0f);
    (u64::from(left) << 32 | u64::from(right)).to_be_bytes()
}

fn schedule(key: [u8; 8]) -> Schedule {
    let key = u64::from_be_bytes(key);
    let chosen = KEY_BITS.iter().fold(0_u64, |bits, bit| bits << 1 | (key >> (64 - bit) & 1));
    let mut halves = [chosen >> 28, chosen & 0x0fff_ffff];
    let mut keys = Schedule::default();
    for (round, turn) in keys.iter_mut().zip(TURNS) {
        halves = halves.map(|half| (half << turn | half >> (28 - turn)) & 0x0fff_ffff);
        let both = halves[0] << 28 | halves[1];
        let bits = ROUND_BITS.iter().fold(0_u64, |bits, bit| bits << 1 | (both >> (56 - bit) & 1));
        // The mask makes six bits of it, which fit any integer.
        let six = |number: u32| (bits >> (42 - 6 * number) & 63) as u32;
        let packed = |first: u32| {
            six(first) << 24 | six(first + 2) << 16 | six(first + 4) << 8 | six(first + 6)
        };
        *round = [packed(0), packed(1)];
    }
    keys
}

fn reversed(keys: &Schedule) -> Schedule {
    let mut keys = *keys;
    keys.reverse();
    keys
}

#[cfg(test)]
mod tests {
    use cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn des_equals_its_crate(key: [u8; 8], block: [u8; 8]) {
            let ours = Des::new(&key);
            let theirs = des::Des::new(&key.into());
            let mut expected = block.into();
            theirs.encrypt_block(&mut expected);
            prop_assert_eq!(ours.encrypt(block), <[u8; 8]>::from(expected));
            let mut expected = block.into();
            theirs.decrypt_block(&mut expected);
            prop_assert_eq!(ours.decrypt(block), <[u8; 8]>::from(expected));
        }

        #[test]
        fn three_keys_equal_their_crate(a: [u8; 8], b: [u8; 8], c: [u8; 8], block: [u8; 8]) {
            let ours = TripleDes::new(&a, &b, &c);
            let theirs = des::TdesEde3::new_from_slice(&[a, b, c].concat()).unwrap();
            let mut expected = block.into();
            theirs.encrypt_block(&mut expected);
            prop_assert_eq!(ours.encrypt(block), <[u8; 8]>::from(expected));
            let mut expected = block.into();
            theirs.decrypt_block(&mut expected);
            prop_assert_eq!(ours.decrypt(block), <[u8; 8]>::from(expected));
        }
    }
}
