//! Twofish (Schneier and others, 1998), with the boxes of a key computed once.
//!
//! The crate `twofish` computes them again for each byte, at 3 MB/s; it is the reference of the
//! tests. Four tables of 256 words, made for each key, join boxes and matrix.

use alloc::boxed::Box;

use cipher::consts::{U2, U16};
use zeroize::Zeroize;

/// Of the field that the matrix MDS multiplies in.
const MDS_POLYNOMIAL: u32 = 0x169;
/// Of the field that the matrix RS multiplies in.
const RS_POLYNOMIAL: u32 = 0x14d;

const MDS: [[u8; 4]; 4] = [
    [0x01, 0xef, 0x5b, 0x5b],
    [0x5b, 0xef, 0xef, 0x01],
    [0xef, 0x5b, 0x01, 0xef],
    [0xef, 0x01, 0xef, 0x5b],
];

const RS: [[u8; 8]; 4] = [
    [0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e],
    [0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5],
    [0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19],
    [0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03],
];

/// What the two permutations of bytes are built from, four nibble tables each.
const NIBBLES: [[[u8; 16]; 4]; 2] = [
    [
        [8, 1, 7, 13, 6, 15, 3, 2, 0, 11, 5, 9, 14, 12, 10, 4],
        [14, 12, 11, 8, 1, 2, 3, 5, 15, 4, 10, 6, 7, 0, 9, 13],
        [11, 10, 5, 14, 6, 13, 9, 0, 12, 8, 15, 3, 2, 4, 7, 1],
        [13, 7, 15, 4, 1, 2, 6, 14, 9, 11, 3, 0, 8, 5, 12, 10],
    ],
    [
        [2, 8, 11, 13, 15, 7, 6, 14, 3, 1, 9, 4, 0, 10, 12, 5],
        [1, 14, 2, 11, 4, 12, 3, 7, 6, 13, 10, 5, 15, 9, 0, 8],
        [4, 12, 7, 5, 1, 6, 9, 10, 0, 14, 13, 8, 2, 11, 3, 15],
        [11, 9, 5, 1, 12, 3, 13, 14, 6, 4, 7, 15, 2, 0, 8, 10],
    ],
];

static Q: [[u8; 256]; 2] = [permutation(&NIBBLES[0]), permutation(&NIBBLES[1])];

/// Which permutation meets which byte, from the last step (`0`) to the first of a 256-bit key.
const ORDER: [[usize; 4]; 5] =
    [[1, 0, 1, 0], [0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0], [1, 0, 0, 1]];

const fn permutation(nibbles: &[[u8; 16]; 4]) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        let (mut a, mut b) = ((byte >> 4) as u8, (byte & 15) as u8);
        let mut half = 0;
        while half < 2 {
            let turned = (b >> 1) | (b << 3 & 15);
            let (x, y) = (a ^ b, a ^ turned ^ (a << 3 & 15));
            a = nibbles[2 * half][x as usize];
            b = nibbles[2 * half + 1][y as usize];
            half += 1;
        }
        table[byte] = b << 4 | a;
        byte += 1;
    }
    table
}

/// Twofish with a key of 16, 24 or 32 bytes.
pub(crate) struct Twofish {
    boxes: Box<[[u32; 256]; 4]>,
    keys: [u32; 40],
}

impl Twofish {
    /// `None` unless the key has 16, 24 or 32 bytes.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        if ![16, 24, 32].contains(&key.len()) {
            return None;
        }
        let words = key.len() / 8;
        let (mut even, mut odd, mut sums) = ([0_u32; 4], [0_u32; 4], [0_u32; 4]);
        for (index, eight) in key.chunks_exact(8).enumerate() {
            let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| eight[at + byte]));
            even[index] = word(0);
            odd[index] = word(4);
            sums[words - 1 - index] = u32::from_le_bytes(RS.map(|row| reduced(&row, eight)));
        }
        let mut keys = [0_u32; 40];
        for (pair, number) in keys.chunks_exact_mut(2).zip((0_u32..).step_by(2)) {
            let a = hashed(number.wrapping_mul(0x0101_0101), &even[..words]);
            let b = hashed((number + 1).wrapping_mul(0x0101_0101), &odd[..words]).rotate_left(8);
            pair[0] = a.wrapping_add(b);
            pair[1] = a.wrapping_add(b).wrapping_add(b).rotate_left(9);
        }
        let mut boxes = Box::new([[0_u32; 256]; 4]);
        for (place, table) in boxes.iter_mut().enumerate() {
            for (byte, cell) in (0_u8..=255).zip(table.iter_mut()) {
                *cell = column(place, substituted(place, byte, &sums[..words]));
            }
        }
        [&mut even, &mut odd, &mut sums].into_iter().for_each(Zeroize::zeroize);
        Some(Self { boxes, keys })
    }

    #[inline(always)]
    fn g(&self, word: u32) -> u32 {
        let [a, b, c, d] = word.to_le_bytes().map(usize::from);
        self.boxes[0][a] ^ self.boxes[1][b] ^ self.boxes[2][c] ^ self.boxes[3][d]
    }

    /// Of the word turned left by eight bits, without waiting for the turn.
    #[inline(always)]
    fn g_of_turned(&self, word: u32) -> u32 {
        let [a, b, c, d] = word.to_le_bytes().map(usize::from);
        self.boxes[1][a] ^ self.boxes[2][b] ^ self.boxes[3][c] ^ self.boxes[0][d]
    }

    #[inline(always)]
    fn f(&self, first: u32, second: u32, keys: [u32; 2]) -> (u32, u32) {
        let t0 = self.g(first);
        let t1 = self.g_of_turned(second);
        let sum = t0.wrapping_add(t1);
        (sum.wrapping_add(keys[0]), sum.wrapping_add(t1).wrapping_add(keys[1]))
    }

    // Loops, since the closures of `map` and `from_fn` are not always inlined here.
    #[inline(always)]
    fn encrypt<const N: usize>(&self, blocks: [[u8; 16]; N]) -> [[u8; 16]; N] {
        let [mut a, mut b, mut c, mut d] = [[0; N]; 4];
        for (lane, block) in blocks.into_iter().enumerate() {
            [a[lane], b[lane], c[lane], d[lane]] = whitened(words(block), &self.keys[0..4]);
        }
        for keys in self.keys[8..].as_chunks::<4>().0 {
            for lane in 0..N {
                let (x, y) = self.f(a[lane], b[lane], [keys[0], keys[1]]);
                c[lane] = (c[lane] ^ x).rotate_right(1);
                d[lane] = d[lane].rotate_left(1) ^ y;
            }
            for lane in 0..N {
                let (x, y) = self.f(c[lane], d[lane], [keys[2], keys[3]]);
                a[lane] = (a[lane] ^ x).rotate_right(1);
                b[lane] = b[lane].rotate_left(1) ^ y;
            }
        }
        let mut done = blocks;
        for (lane, block) in done.iter_mut().enumerate() {
            *block = bytes(whitened([c[lane], d[lane], a[lane], b[lane]], &self.keys[4..8]));
        }
        done
    }

    #[inline(always)]
    fn decrypt<const N: usize>(&self, blocks: [[u8; 16]; N]) -> [[u8; 16]; N] {
        let [mut c, mut d, mut a, mut b] = [[0; N]; 4];
        for (lane, block) in blocks.into_iter().enumerate() {
            [c[lane], d[lane], a[lane], b[lane]] = whitened(words(block), &self.keys[4..8]);
        }
        for keys in self.keys[8..].as_chunks::<4>().0.iter().rev() {
            for lane in 0..N {
                let (x, y) = self.f(c[lane], d[lane], [keys[2], keys[3]]);
                a[lane] = a[lane].rotate_left(1) ^ x;
                b[lane] = (b[lane] ^ y).rotate_right(1);
            }
            for lane in 0..N {
                let (x, y) = self.f(a[lane], b[lane], [keys[0], keys[1]]);
                c[lane] = c[lane].rotate_left(1) ^ x;
                d[lane] = (d[lane] ^ y).rotate_right(1);
            }
        }
        let mut done = blocks;
        for (lane, block) in done.iter_mut().enumerate() {
            *block = bytes(whitened([a[lane], b[lane], c[lane], d[lane]], &self.keys[0..4]));
        }
        done
    }
}

impl Drop for Twofish {
    fn drop(&mut self) {
        self.boxes.iter_mut().for_each(Zeroize::zeroize);
        self.keys.zeroize();
    }
}

block_cipher!(Twofish, U16, U2);

#[inline(always)]
fn words(block: [u8; 16]) -> [u32; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = block;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]].map(u32::from_le_bytes)
}

#[inline(always)]
fn bytes(words: [u32; 4]) -> [u8; 16] {
    let [a, b, c, d] = words;
    let (low, high) = (u64::from(b) << 32 | u64::from(a), u64::from(d) << 32 | u64::from(c));
    (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
}

#[inline(always)]
fn whitened(words: [u32; 4], keys: &[u32]) -> [u32; 4] {
    let mut words = words;
    words.iter_mut().zip(keys).for_each(|(word, key)| *word ^= key);
    words
}

/// The function h of the paper.
fn hashed(word: u32, list: &[u32]) -> u32 {
    let places = word.to_le_bytes().into_iter().enumerate();
    places.fold(0, |sum, (place, byte)| sum ^ column(place, substituted(place, byte, list)))
}

/// One byte through the boxes that the words of `list` key, the last word first.
fn substituted(place: usize, byte: u8, list: &[u32]) -> u8 {
    let steps = list.iter().enumerate().rev();
    let byte = steps.fold(byte, |byte, (step, word)| {
        Q[ORDER[step + 1][place]][usize::from(byte)] ^ word.to_le_bytes()[place]
    });
    Q[ORDER[0][place]][usize::from(byte)]
}

/// One byte times its column of MDS.
fn column(place: usize, byte: u8) -> u32 {
    u32::from_le_bytes(MDS.map(|row| product(row[place], byte, MDS_POLYNOMIAL)))
}

fn reduced(row: &[u8; 8], bytes: &[u8]) -> u8 {
    row.iter().zip(bytes).fold(0, |sum, (a, b)| sum ^ product(*a, *b, RS_POLYNOMIAL))
}

fn product(a: u8, b: u8, polynomial: u32) -> u8 {
    let (mut sum, mut a) = (0_u32, u32::from(a));
    for bit in 0..8 {
        // Multiplied and not branched upon, since `b` may be of a key.
        sum ^= a * (u32::from(b) >> bit & 1);
        a <<= 1;
        a ^= polynomial * (a >> 8);
    }
    // Each step reduces below 256.
    (sum & 0xff) as u8
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use cipher::{Block, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_equals_its_crate(
            key: [u8; 32],
            blocks in vec(any::<[u8; 16]>(), 1..=5),
            len in 2_usize..=4,
        ) {
            let key = &key[..8 * len];
            let ours = Twofish::new(key).unwrap();
            let theirs = twofish::Twofish::new_from_slice(key).unwrap();
            let given: Vec<Block<Twofish>> = blocks.into_iter().map(Into::into).collect();
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
        for len in (0..40).filter(|len| ![16, 24, 32].contains(len)) {
            assert!(Twofish::new(&[0; 40][..len]).is_none());
        }
    }
}
