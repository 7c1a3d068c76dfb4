//! CBC and CTR for blocks of 16 bytes, at the speed of AES instructions.
//!
//! The crate `cbc` sends every block through memory before the next can begin, and `ctr` waits for
//! each of its counters, which costs up to a quarter of the speed of AES instructions. For other
//! ciphers they are what we use; the tests hold these against them.

use cipher::array::Array;
use cipher::consts::U16;
use cipher::inout::InOutBuf;
use cipher::{
    BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, ParBlocks,
};
use zeroize::Zeroize;

use super::SuiteError;
use super::transform::{Transform, paired};

type Sixteen = Array<u8, U16>;

/// CBC in the direction that cannot be done side by side.
pub(super) struct Chained<C> {
    cipher: C,
    before: Sixteen,
}

impl<C> Chained<C> {
    pub(super) fn new(cipher: C, iv: [u8; 16]) -> Self {
        Self { cipher, before: iv.into() }
    }
}

impl<C: BlockCipherEncrypt<BlockSize = U16> + Send + Sync> Transform for Chained<C> {
    fn apply(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError> {
        let (blocks, rest) = paired(input, output)?.into_chunks::<U16>();
        debug_assert!(rest.is_empty(), "block ciphers are fed whole blocks");
        self.cipher.encrypt_with_backend(Chain { before: &mut self.before, blocks });
        Ok(())
    }
}

impl<C> Drop for Chained<C> {
    fn drop(&mut self) {
        self.before.zeroize();
    }
}

struct Chain<'a> {
    before: &'a mut Sixteen,
    blocks: InOutBuf<'a, 'a, Sixteen>,
}

impl BlockSizeUser for Chain<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Chain<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let mut chained = *self.before;
        for mut block in self.blocks {
            mix(&mut chained, block.get_in());
            backend.encrypt_block((&mut chained).into());
            *block.get_out() = chained;
        }
        *self.before = chained;
    }
}

/// In two halves, which the compiler keeps in one register; not so single bytes, or all of it.
#[inline(always)]
fn mix(into: &mut Sixteen, from: &Sixteen) {
    let (low, high) = into.split_at_mut(8);
    mix_half(low, &from[..8]);
    mix_half(high, &from[8..]);
}

#[inline(always)]
fn mix_half(into: &mut [u8], from: &[u8]) {
    if let (Some(into), Some(from)) = (into.first_chunk_mut(), from.first_chunk()) {
        *into = (u64::from_ne_bytes(*into) ^ u64::from_ne_bytes(*from)).to_ne_bytes();
    }
}

/// CTR with a big-endian counter as wide as the block.
pub(super) struct Counted<C> {
    cipher: C,
    counter: u128,
    /// The key stream of a block of which the end is not used yet.
    begun: Sixteen,
    used: usize,
}

impl<C: BlockCipherEncrypt<BlockSize = U16>> Counted<C> {
    pub(super) fn new(cipher: C, iv: [u8; 16]) -> Self {
        let counter = u128::from_be_bytes(iv);
        Self { cipher, counter, begun: Sixteen::default(), used: 16 }
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

    fn whole(&mut self, mut blocks: InOutBuf<'_, '_, Sixteen>) {
        while !blocks.is_empty() {
            // The lower half, on purpose.
            let lower = (self.counter & u128::from(u64::MAX)) as u64;
            // Until the upper half changes; more than there is memory, or what there is.
            let room = usize::try_from(u64::MAX - lower).unwrap_or(usize::MAX);
            let most = room.saturating_add(1).min(blocks.len());
            let (now, behind) = blocks.split_at(most);
            let done = now.len() as u128;
            let counting = Counting { counter: self.counter.to_be_bytes(), lower, blocks: now };
            self.cipher.encrypt_with_backend(counting);
            self.counter = self.counter.wrapping_add(done);
            blocks = behind;
        }
    }
}

impl<C: BlockCipherEncrypt<BlockSize = U16> + Send + Sync> Transform for Counted<C> {
    fn apply(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError> {
        let begun = self.use_begun(input, output);
        let output = &mut output[begun..];
        let (blocks, mut rest) = paired(&input[begun..], output)?.into_chunks::<U16>();
        self.whole(blocks);
        if !rest.is_empty() {
            self.begun = self.counter.to_be_bytes().into();
            self.cipher.encrypt_block(&mut self.begun);
            self.counter = self.counter.wrapping_add(1);
            self.used = rest.len();
            for (at, key) in self.begun[..self.used].iter().enumerate() {
                let mut byte = rest.get(at);
                let done = *byte.get_in() ^ key;
                *byte.get_out() = done;
            }
        }
        Ok(())
    }
}

impl<C> Drop for Counted<C> {
    fn drop(&mut self) {
        self.begun.zeroize();
        self.counter.zeroize();
    }
}

/// Blocks through which the upper half of the counter stays the same.
struct Counting<'a> {
    counter: [u8; 16],
    lower: u64,
    blocks: InOutBuf<'a, 'a, Sixteen>,
}

impl BlockSizeUser for Counting<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Counting<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let mut counters = ParBlocks::<B>::default();
        let step = counters.len() as u64;
        let upper = u64::from_be_bytes(part(&self.counter));
        let mut numbers = Array::<[u64; 2], B::ParBlocksSize>::default();
        for (at, number) in (0..).zip(&mut numbers) {
            *number = [upper, self.lower.wrapping_add(at)];
        }
        write(&numbers, &mut counters);
        let mut stream = ParBlocks::<B>::default();
        let (chunks, tail) = self.blocks.into_chunks::<B::ParBlocksSize>();
        for mut chunk in chunks {
            backend.encrypt_par_blocks((&counters, &mut stream).into());
            // Now, while the processor still encrypts, so that they are there when it is done.
            numbers.iter_mut().for_each(|number| number[1] = number[1].wrapping_add(step));
            write(&numbers, &mut counters);
            chunk.xor_in2out(&stream);
        }
        for (mut block, counter) in tail.into_iter().zip(&counters) {
            backend.encrypt_block((counter, &mut stream[0]).into());
            block.xor_in2out(&stream[0]);
        }
        stream.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Both halves, although the upper one stays the same: stores as wide as the loads that follow are
/// handed over without a wait.
#[inline(always)]
fn write(numbers: &[[u64; 2]], counters: &mut [Sixteen]) {
    for (number, block) in numbers.iter().zip(counters) {
        let [upper, lower] = number.map(u64::to_be_bytes);
        block[..8].copy_from_slice(&upper);
        block[8..].copy_from_slice(&lower);
    }
}

fn part(counter: &[u8; 16]) -> [u8; 8] {
    core::array::from_fn(|at| counter[at])
}

#[cfg(test)]
mod tests {
    use aes::Aes256;
    use alloc::vec;
    use cipher::{Block, BlockModeEncrypt as _, KeyInit as _, KeyIvInit as _, StreamCipher as _};
    use proptest::collection::vec as many;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chained_equals_its_crate(
            key: [u8; 32],
            iv: [u8; 16],
            content in many(any::<u8>(), 160..=160),
            cut in 0_usize..=10,
        ) {
            let mut ours = Chained::new(Aes256::new(&key.into()), iv);
            let mut sealed = vec![0; 160];
            let (head, tail) = sealed.split_at_mut(16 * cut);
            ours.apply(&content[..16 * cut], head).unwrap();
            ours.apply(&content[16 * cut..], tail).unwrap();
            let mut expected = content;
            let mut theirs = cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into());
            let (blocks, _) = Block::<Aes256>::slice_as_chunks_mut(&mut expected);
            theirs.encrypt_blocks(blocks);
            prop_assert_eq!(sealed, expected);
        }

        /// Cut anywhere, and with counters that overflow.
        #[test]
        fn counted_equals_its_crate(
            key: [u8; 32],
            iv: [u8; 16],
            carries: bool,
            content in many(any::<u8>(), 0..5000),
            cuts in many(0_usize..3000, 0..4),
        ) {
            let iv = if carries { [0xff; 16] } else { iv };
            let mut ours = Counted::new(Aes256::new(&key.into()), iv);
            let mut sealed = vec![0; content.len()];
            let (mut from, mut to) = (&content[..], &mut sealed[..]);
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let now = cut.min(from.len());
                let (head, rest) = to.split_at_mut(now);
                ours.apply(&from[..now], head).unwrap();
                (from, to) = (&from[now..], rest);
            }
            let mut expected = content.clone();
            let mut theirs = ctr::Ctr128BE::<Aes256>::new(&key.into(), &iv.into());
            theirs.apply_keystream(&mut expected);
            prop_assert_eq!(sealed, expected);
        }
    }
}
