//! Rijndael with blocks of 192 and 256 bits (Daemen and Rijmen, 1999).
//!
//! With 128-bit blocks Rijndael is AES, and the crate `aes` does it.

use alloc::vec::Vec;

use cipher::consts::{U24, U32};
use zeroize::Zeroize;

static FORTH: [u8; 256] = substitution();
static BACK: [u8; 256] = inverse(&FORTH_VALUES);
const FORTH_VALUES: [u8; 256] = substitution();
static MIX: [u32; 256] = mixing(&FORTH_VALUES, [2, 1, 1, 3]);
static UNMIX: [u32; 256] = mixing(&inverse(&FORTH_VALUES), [14, 9, 13, 11]);

const fn doubled(byte: u8) -> u8 {
    (byte << 1) ^ ((byte >> 7) * 0x1b)
}

const fn product(a: u8, b: u8) -> u8 {
    let (mut sum, mut a, mut bit) = (0, a, 0);
    while bit < 8 {
        sum ^= a * (b >> bit & 1);
        a = doubled(a);
        bit += 1;
    }
    sum
}

const fn substitution() -> [u8; 256] {
    let mut table = [0; 256];
    // 3 generates the field, and 0xf6 is its inverse: the two walk through all pairs.
    let (mut byte, mut inverse, mut step) = (1_u8, 1_u8, 0);
    while step < 255 {
        let turned = inverse.rotate_left(1) ^ inverse.rotate_left(2);
        let turned = turned ^ inverse.rotate_left(3) ^ inverse.rotate_left(4);
        table[byte as usize] = inverse ^ turned ^ 0x63;
        byte = product(byte, 3);
        inverse = product(inverse, 0xf6);
        step += 1;
    }
    table[0] = 0x63;
    table
}

const fn inverse(forth: &[u8; 256]) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[forth[byte] as usize] = byte as u8;
        byte += 1;
    }
    table
}

/// A box and the first column of a matrix in one; the other columns are turns of it.
const fn mixing(substitution: &[u8; 256], column: [u8; 4]) -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = substitution[byte];
        table[byte] = u32::from_le_bytes([
            product(value, column[0]),
            product(value, column[1]),
            product(value, column[2]),
            product(value, column[3]),
        ]);
        byte += 1;
    }
    table
}

/// The round keys for a block of `N` words.
struct Schedule<const N: usize> {
    forth: Vec<[u32; N]>,
    /// In the order of decryption, those between first and last through the inverse matrix.
    back: Vec<[u32; N]>,
}

impl<const N: usize> Schedule<N> {
    /// How far the second, third and fourth row turn.
    const TURNS: [usize; 3] = if N == 8 { [1, 3, 4] } else { [1, 2, 3] };

    fn new(key: &[u8]) -> Option<Self> {
        if ![16, 24, 32].contains(&key.len()) {
            return None;
        }
        let given = key.len() / 4;
        let rounds = given.max(N) + 6;
        let mut words: Vec<u32> = Vec::with_capacity((rounds + 1) * N);
        let chunks = key.chunks_exact(4);
        words.extend(chunks.map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])));
        let mut constant = 1_u8;
        for index in given..(rounds + 1) * N {
            let mut word = words[index - 1];
            if index % given == 0 {
                word = substituted(word.rotate_right(8)) ^ u32::from(constant);
                constant = doubled(constant);
            } else if given > 6 && index % given == 4 {
                word = substituted(word);
            }
            words.push(words[index - given] ^ word);
        }
        let forth: Vec<[u32; N]> =
            words.chunks_exact(N).map(|chunk| core::array::from_fn(|at| chunk[at])).collect();
        words.zeroize();
        let unmixed = |(round, key): (usize, &[u32; N])| {
            if round == 0 || round == rounds { *key } else { key.map(unmixed_word) }
        };
        let mut back: Vec<[u32; N]> = forth.iter().enumerate().map(unmixed).collect();
        back.reverse();
        Some(Self { forth, back })
    }

    #[inline]
    fn encrypt(&self, state: [u32; N]) -> [u32; N] {
        run::<N>(state, &self.forth, &MIX, &FORTH, Self::TURNS)
    }

    #[inline]
    fn decrypt(&self, state: [u32; N]) -> [u32; N] {
        run::<N>(state, &self.back, &UNMIX, &BACK, Self::TURNS.map(|turn| N - turn))
    }
}

#[inline(always)]
fn run<const N: usize>(
    state: [u32; N],
    keys: &[[u32; N]],
    mix: &[u32; 256],
    last: &[u8; 256],
    turns: [usize; 3],
) -> [u32; N] {
    let [a, b, c] = turns;
    let byte = |word: u32, row: u32| (word >> (8 * row) & 0xff) as usize;
    let rounds = keys.len() - 1;
    let mut state: [u32; N] = core::array::from_fn(|at| state[at] ^ keys[0][at]);
    for key in &keys[1..rounds] {
        state = core::array::from_fn(|at| {
            key[at]
                ^ mix[byte(state[at], 0)]
                ^ mix[byte(state[(at + a) % N], 1)].rotate_left(8)
                ^ mix[byte(state[(at + b) % N], 2)].rotate_left(16)
                ^ mix[byte(state[(at + c) % N], 3)].rotate_left(24)
        });
    }
    core::array::from_fn(|at| {
        let bytes = [
            last[byte(state[at], 0)],
            last[byte(state[(at + a) % N], 1)],
            last[byte(state[(at + b) % N], 2)],
            last[byte(state[(at + c) % N], 3)],
        ];
        keys[rounds][at] ^ u32::from_le_bytes(bytes)
    })
}

fn substituted(word: u32) -> u32 {
    u32::from_le_bytes(word.to_le_bytes().map(|byte| FORTH[usize::from(byte)]))
}

fn unmixed_word(word: u32) -> u32 {
    let rows = word.to_le_bytes().into_iter().zip([0, 8, 16, 24]);
    rows.fold(0, |sum, (byte, turn)| {
        sum ^ UNMIX[usize::from(FORTH[usize::from(byte)])].rotate_left(turn)
    })
}

impl<const N: usize> Drop for Schedule<N> {
    fn drop(&mut self) {
        self.forth.iter_mut().chain(&mut self.back).for_each(Zeroize::zeroize);
    }
}

macro_rules! wide {
    ($(#[$doc:meta])* $name:ident, $words:literal, $size:ty) => {
        $(#[$doc])*
        pub(crate) struct $name(Schedule<$words>);

        impl $name {
            /// `None` unless the key has 16, 24 or 32 bytes.
            pub(crate) fn new(key: &[u8]) -> Option<Self> {
                Schedule::new(key).map(Self)
            }

            #[inline]
            fn encrypt(&self, block: [u8; $words * 4]) -> [u8; $words * 4] {
                bytes(self.0.encrypt(words(&block)))
            }

            #[inline]
            fn decrypt(&self, block: [u8; $words * 4]) -> [u8; $words * 4] {
                bytes(self.0.decrypt(words(&block)))
            }
        }

        block_cipher!($name, $size);
    };
}

wide! {
    /// Rijndael with blocks of 24 bytes.
    Rijndael192, 6, U24
}
wide! {
    /// Rijndael with blocks of 32 bytes.
    Rijndael256, 8, U32
}

#[inline(always)]
fn words<const N: usize>(block: &[u8]) -> [u32; N] {
    core::array::from_fn(|at| u32::from_le_bytes([0, 1, 2, 3].map(|byte| block[4 * at + byte])))
}

#[inline(always)]
fn bytes<const N: usize, const B: usize>(words: [u32; N]) -> [u8; B] {
    let mut bytes = [0; B];
    let chunks = bytes.chunks_exact_mut(4).zip(words);
    chunks.for_each(|(four, word)| four.copy_from_slice(&word.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The same code with blocks of four words is AES.
        #[test]
        fn four_words_equal_aes(key: [u8; 32], block: [u8; 16], len in 2_usize..=4) {
            let schedule = Schedule::<4>::new(&key[..8 * len]).unwrap();
            let mut expected = block.into();
            match len {
                2 => aes::Aes128::new_from_slice(&key[..16]).unwrap().encrypt_block(&mut expected),
                3 => aes::Aes192::new_from_slice(&key[..24]).unwrap().encrypt_block(&mut expected),
                _ => aes::Aes256::new_from_slice(&key).unwrap().encrypt_block(&mut expected),
            }
            let done: [u8; 16] = bytes(schedule.encrypt(words(&block)));
            prop_assert_eq!(done, <[u8; 16]>::from(expected));
            prop_assert_eq!(bytes::<4, 16>(schedule.decrypt(words(&done))), block);
        }

        #[test]
        fn wide_blocks_come_back(key: [u8; 32], block: [u8; 32], len in 2_usize..=4) {
            let cipher = Rijndael256::new(&key[..8 * len]).unwrap();
            let mut done = block.into();
            cipher.encrypt_block(&mut done);
            cipher.decrypt_block(&mut done);
            prop_assert_eq!(<[u8; 32]>::from(done), block);
            let cipher = Rijndael192::new(&key[..8 * len]).unwrap();
            let block: [u8; 24] = core::array::from_fn(|at| block[at]);
            prop_assert_eq!(cipher.decrypt(cipher.encrypt(block)), block);
        }
    }
}
