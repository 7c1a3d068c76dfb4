//! TEA, the Tiny Encryption Algorithm of Wheeler and Needham (1994).

use cipher::consts::U8;
use zeroize::Zeroize;

/// 2^32 divided by the golden ratio, which the authors chose.
const DELTA: u32 = 0x9e37_79b9;

/// How TEA makes its 32-bit words of bytes; the paper speaks of words only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ByteOrder {
    /// The most significant byte first. Most software does so.
    #[default]
    Big,
    /// The least significant byte first, as C code that casts pointers on a PC does.
    Little,
}

impl ByteOrder {
    fn read(self, bytes: &[u8; 8]) -> (u32, u32) {
        let [a, b, c, d, e, f, g, h] = *bytes;
        match self {
            Self::Big => (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])),
            Self::Little => (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])),
        }
    }

    fn write(self, left: u32, right: u32) -> [u8; 8] {
        let both = match self {
            Self::Big => u64::from(left) << 32 | u64::from(right),
            Self::Little => return (u64::from(right) << 32 | u64::from(left)).to_le_bytes(),
        };
        both.to_be_bytes()
    }
}

/// TEA with a key of 16 bytes.
pub(crate) struct Tea {
    key: [u32; 4],
    order: ByteOrder,
    cycles: u32,
}

impl Tea {
    /// A cycle is two Feistel rounds; the paper has 32 of them.
    pub(crate) fn new(key: &[u8; 16], order: ByteOrder, cycles: u32) -> Self {
        let [a, b, c, d, e, f, g, h, rest @ ..] = *key;
        let (k0, k1) = order.read(&[a, b, c, d, e, f, g, h]);
        let (k2, k3) = order.read(&rest);
        Self { key: [k0, k1, k2, k3], order, cycles }
    }

    #[inline]
    fn encrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let (mut v0, mut v1) = self.order.read(&block);
        let [k0, k1, k2, k3] = self.key;
        let mut sum = 0_u32;
        for _ in 0..self.cycles {
            sum = sum.wrapping_add(DELTA);
            v0 = v0.wrapping_add(mix(v1, k0, k1, sum));
            v1 = v1.wrapping_add(mix(v0, k2, k3, sum));
        }
        self.order.write(v0, v1)
    }

    #[inline]
    fn decrypt(&self, block: [u8; 8]) -> [u8; 8] {
        let (mut v0, mut v1) = self.order.read(&block);
        let [k0, k1, k2, k3] = self.key;
        let mut sum = DELTA.wrapping_mul(self.cycles);
        for _ in 0..self.cycles {
            v1 = v1.wrapping_sub(mix(v0, k2, k3, sum));
            v0 = v0.wrapping_sub(mix(v1, k0, k1, sum));
            sum = sum.wrapping_sub(DELTA);
        }
        self.order.write(v0, v1)
    }
}

#[inline(always)]
fn mix(half: u32, first: u32, second: u32, sum: u32) -> u32 {
    (half << 4).wrapping_add(first) ^ half.wrapping_add(sum) ^ (half >> 5).wrapping_add(second)
}

impl Drop for Tea {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

block_cipher!(Tea, U8);
