//! ChaCha20 (RFC 8439 and the original), eight blocks side by side.
//!
//! The crate `chacha20` puts rows of a block into vectors and shuffles them in each round. Here a
//! vector has the same word of eight blocks, as OpenSSL does it. The code is plain: the compiler
//! makes vectors of the loop over the blocks. Which vectors the processor has is found out by the
//! crate, in whose backend for AVX2 or SSE2 this runs; with any other backend the crate does all.

use chacha20::variants::{Ietf, Legacy, Variant};
use chacha20::{ChaChaCore, R20};
use cipher::consts::{U4, U8, U64};
use cipher::typenum::Unsigned as _;
use cipher::{
    Block, BlockSizeUser, KeyIvInit, ParBlocks, ParBlocksSizeUser, StreamCipherBackend,
    StreamCipherClosure, StreamCipherCore,
};
use zeroize::Zeroize as _;

/// Blocks at a time.
const BLOCKS: usize = 8;
const WORDS: usize = 16;

/// How a counter stands in the state.
pub(crate) trait Counting: Variant {
    /// Its bits, less 32.
    const MORE_BITS: u32;
    fn position(core: &ChaChaCore<R20, Self>) -> u64
    where
        Self: Sized;
    fn set_position(core: &mut ChaChaCore<R20, Self>, position: u64)
    where
        Self: Sized;
}

impl Counting for Ietf {
    const MORE_BITS: u32 = 0;

    fn position(core: &ChaChaCore<R20, Self>) -> u64 {
        core.get_block_pos().into()
    }

    fn set_position(core: &mut ChaChaCore<R20, Self>, position: u64) {
        // Its counter wraps around at 32 bits.
        core.set_block_pos((position & u64::from(u32::MAX)) as u32);
    }
}

impl Counting for Legacy {
    const MORE_BITS: u32 = 32;

    fn position(core: &ChaChaCore<R20, Self>) -> u64 {
        core.get_block_pos()
    }

    fn set_position(core: &mut ChaChaCore<R20, Self>, position: u64) {
        core.set_block_pos(position);
    }
}

/// The core of the crate, and its state once more, as that cannot be seen.
pub(crate) struct ChaCha<V: Variant> {
    core: ChaChaCore<R20, V>,
    state: [u32; WORDS],
}

impl<V: Counting> ChaCha<V>
where
    ChaChaCore<R20, V>: KeyIvInit,
{
    /// `None` if key or nonce have the wrong length.
    pub(crate) fn new(key: &[u8], nonce: &[u8], position: u64) -> Option<Self> {
        let mut core = ChaChaCore::<R20, V>::new_from_slices(key, nonce).ok()?;
        V::set_position(&mut core, position);
        let mut state = [0; WORDS];
        state[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
        let words = key.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
        state[4..12].iter_mut().zip(words).for_each(|(to, word)| *to = word);
        let words = nonce.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
        let at = WORDS - nonce.len() / 4;
        state[at..].iter_mut().zip(words).for_each(|(to, word)| *to = word);
        Some(Self { core, state })
    }
}

impl<V: Variant> Drop for ChaCha<V> {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}

impl<V: Variant> BlockSizeUser for ChaCha<V> {
    type BlockSize = U64;
}

impl<V: Counting> StreamCipherCore for ChaCha<V> {
    fn remaining_blocks(&self) -> Option<usize> {
        self.core.remaining_blocks()
    }

    fn process_with_backend(&mut self, f: impl StreamCipherClosure<BlockSize = U64>) {
        let mut position = V::position(&self.core);
        let mut own = false;
        let state = &self.state;
        self.core.process_with_backend(Chosen::<_, V> {
            f,
            backend: Side { state, position: &mut position, variant: core::marker::PhantomData },
            own: &mut own,
        });
        if own {
            V::set_position(&mut self.core, position);
        }
    }
}

/// Takes the place of the crate's backend if that is one that this is faster than.
struct Chosen<'a, F, V> {
    f: F,
    backend: Side<'a, V>,
    own: &'a mut bool,
}

impl<F, V> BlockSizeUser for Chosen<'_, F, V> {
    type BlockSize = U64;
}

impl<F: StreamCipherClosure<BlockSize = U64>, V: Counting> StreamCipherClosure
    for Chosen<'_, F, V>
{
    #[inline(always)]
    fn call<B: StreamCipherBackend<BlockSize = U64>>(mut self, theirs: &mut B) {
        // Those for AVX2 and SSE2 do four blocks, that for NEON does eight, that for AVX-512 16.
        if B::ParBlocksSize::USIZE == U4::USIZE {
            *self.own = true;
            self.f.call(&mut self.backend);
        } else {
            self.f.call(theirs);
        }
    }
}

/// Blocks side by side.
struct Side<'a, V> {
    state: &'a [u32; WORDS],
    /// The number of the next block.
    position: &'a mut u64,
    variant: core::marker::PhantomData<V>,
}

impl<V> BlockSizeUser for Side<'_, V> {
    type BlockSize = U64;
}

impl<V> ParBlocksSizeUser for Side<'_, V> {
    type ParBlocksSize = U8;
}

impl<V: Counting> StreamCipherBackend for Side<'_, V> {
    #[inline(always)]
    fn gen_ks_block(&mut self, block: &mut Block<Self>) {
        self.some(core::slice::from_mut(block));
    }

    #[inline(always)]
    fn gen_par_ks_blocks(&mut self, blocks: &mut ParBlocks<Self>) {
        self.some(blocks);
    }

    #[inline(always)]
    fn gen_tail_blocks(&mut self, blocks: &mut [Block<Self>]) {
        self.some(blocks);
    }
}

impl<V: Counting> Side<'_, V> {
    /// The next blocks, at most eight.
    #[inline(always)]
    fn some(&mut self, blocks: &mut [Block<Self>]) {
        let mut words = [[0; BLOCKS]; WORDS];
        lanes::<V>(self.state, *self.position, &mut words);
        let (low, high) = words.split_at(WORDS / 2);
        let halves = [transposed(low), transposed(high)];
        for (lane, block) in blocks.iter_mut().enumerate() {
            for (bytes, half) in block.as_chunks_mut::<32>().0.iter_mut().zip(&halves) {
                for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(&half[lane]) {
                    *bytes = word.to_le_bytes();
                }
            }
        }
        *self.position = self.position.wrapping_add(blocks.len() as u64);
    }
}

type Lanes = [u32; BLOCKS];

/// Eight words of each block, of the same words of all blocks: in three steps that exchange halves,
/// quarters and eighths, since those are what processors have instructions for.
#[inline(always)]
fn transposed(words: &[Lanes]) -> [Lanes; BLOCKS] {
    let w: [Lanes; BLOCKS] = core::array::from_fn(|at| words[at]);
    let pair = |a: Lanes, b: Lanes| {
        (
            [a[0], b[0], a[1], b[1], a[4], b[4], a[5], b[5]],
            [a[2], b[2], a[3], b[3], a[6], b[6], a[7], b[7]],
        )
    };
    let quad = |a: Lanes, b: Lanes| {
        (
            [a[0], a[1], b[0], b[1], a[4], a[5], b[4], b[5]],
            [a[2], a[3], b[2], b[3], a[6], a[7], b[6], b[7]],
        )
    };
    let half = |a: Lanes, b: Lanes| {
        (
            [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]],
            [a[4], a[5], a[6], a[7], b[4], b[5], b[6], b[7]],
        )
    };
    let (p0, p1) = pair(w[0], w[1]);
    let (p2, p3) = pair(w[2], w[3]);
    let (p4, p5) = pair(w[4], w[5]);
    let (p6, p7) = pair(w[6], w[7]);
    let (q0, q1) = quad(p0, p2);
    let (q2, q3) = quad(p1, p3);
    let (q4, q5) = quad(p4, p6);
    let (q6, q7) = quad(p5, p7);
    let (a, e) = half(q0, q4);
    let (b, f) = half(q1, q5);
    let (c, g) = half(q2, q6);
    let (d, h) = half(q3, q7);
    [a, b, c, d, e, f, g, h]
}

/// Eight blocks from this one on: each word of all of them.
#[inline(always)]
fn lanes<V: Counting>(state: &[u32; WORDS], position: u64, words: &mut [[u32; BLOCKS]; WORDS]) {
    let (mut low, mut high) = ([0; BLOCKS], [state[13]; BLOCKS]);
    for (lane, (low, high)) in (0..).zip(low.iter_mut().zip(&mut high)) {
        let number = position.wrapping_add(lane);
        *low = (number & u64::from(u32::MAX)) as u32;
        if V::MORE_BITS > 0 {
            *high = (number >> 32) as u32;
        }
    }
    // The loop that becomes vectors: its body has no other loop in it.
    for lane in 0..BLOCKS {
        let mut begun = *state;
        (begun[12], begun[13]) = (low[lane], high[lane]);
        let mut mixed = begun;
        twice(&mut mixed);
        twice(&mut mixed);
        twice(&mut mixed);
        twice(&mut mixed);
        twice(&mut mixed);
        for word in 0..WORDS {
            words[word][lane] = mixed[word].wrapping_add(begun[word]);
        }
    }
}

/// Four rounds.
#[inline(always)]
fn twice(x: &mut [u32; WORDS]) {
    double(x);
    double(x);
}

/// A round of columns and one of diagonals.
#[inline(always)]
fn double(x: &mut [u32; WORDS]) {
    quarter(x, 0, 4, 8, 12);
    quarter(x, 1, 5, 9, 13);
    quarter(x, 2, 6, 10, 14);
    quarter(x, 3, 7, 11, 15);
    quarter(x, 0, 5, 10, 15);
    quarter(x, 1, 6, 11, 12);
    quarter(x, 2, 7, 8, 13);
    quarter(x, 3, 4, 9, 14);
}

#[inline(always)]
fn quarter(x: &mut [u32; WORDS], a: usize, b: usize, c: usize, d: usize) {
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(16);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(12);
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(8);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(7);
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use cipher::{StreamCipher as _, StreamCipherCoreWrapper, StreamCipherSeek as _};
    use proptest::collection::vec as many;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Cut anywhere, and with counters about to overflow into their upper half.
        #[test]
        fn it_equals_its_crate(
            key: [u8; 32],
            nonce: [u8; 12],
            carries: bool,
            content in many(any::<u8>(), 0..5000),
            cuts in many(0_usize..2000, 0..4),
        ) {
            let mut position = u64::from(nonce[0]);
            let ours = ChaCha::<Ietf>::new(&key, &nonce, position).unwrap();
            let mut theirs = chacha20::ChaCha20::new(&key.into(), &nonce.into());
            theirs.seek(64 * position);
            prop_assert_eq!(mixed(ours, &content, &cuts), whole(theirs, &content));

            let nonce: [u8; 8] = nonce[..8].try_into().unwrap();
            if carries {
                position += u64::from(u32::MAX) - 9;
            }
            let ours = ChaCha::<Legacy>::new(&key, &nonce, position).unwrap();
            let mut core = chacha20::ChaCha20LegacyCore::new(&key.into(), &nonce.into());
            core.set_block_pos(position);
            let theirs = StreamCipherCoreWrapper::from_core(core);
            prop_assert_eq!(mixed(ours, &content, &cuts), whole(theirs, &content));
        }
    }

    fn mixed<V: Counting>(ours: ChaCha<V>, content: &[u8], cuts: &[usize]) -> Vec<u8> {
        let mut ours = StreamCipherCoreWrapper::from_core(ours);
        let mut mixed = content.to_vec();
        let mut rest = &mut mixed[..];
        for cut in cuts.iter().copied().chain([usize::MAX]) {
            let (now, behind) = rest.split_at_mut(cut.min(rest.len()));
            ours.apply_keystream(now);
            rest = behind;
        }
        mixed
    }

    fn whole(mut theirs: impl cipher::StreamCipher, content: &[u8]) -> Vec<u8> {
        let mut whole = vec![0; content.len()];
        theirs.apply_keystream_b2b(content, &mut whole);
        whole
    }

    #[test]
    fn the_end_of_a_short_counter_is_the_end() {
        let last = u64::from(u32::MAX) - 1;
        let core = ChaCha::<Ietf>::new(&[1; 32], &[2; 12], last).unwrap();
        let mut ours = StreamCipherCoreWrapper::from_core(core);
        let mut theirs = chacha20::ChaCha20::new(&[1; 32].into(), &[2; 12].into());
        theirs.seek(64 * last);
        let (mut a, mut b) = ([0; 200], [0; 200]);
        assert_eq!(
            ours.try_apply_keystream(&mut a).is_err(),
            theirs.try_apply_keystream(&mut b).is_err()
        );
        assert!(ours.try_apply_keystream(&mut a).is_err());
    }
}
