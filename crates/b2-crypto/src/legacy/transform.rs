//! Modes and stream ciphers behind one face, so that a suite can be chosen at run time.

use alloc::vec;

use cipher::array::Array;
use cipher::inout::InOutBuf;
use cipher::{BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, StreamCipher};
use zeroize::Zeroizing;

use super::SuiteError;

/// Something that turns bytes into as many other bytes, from front to back.
pub(super) trait Transform: Send + Sync {
    /// Transforms `input` into `output`, which is as long. Block ciphers want whole blocks.
    fn apply(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError>;
}

/// Views two slices as one buffer. They have equal lengths; if a caller erred, it fails closed.
pub(super) fn paired<'a>(
    input: &'a [u8],
    output: &'a mut [u8],
) -> Result<InOutBuf<'a, 'a, u8>, SuiteError> {
    InOutBuf::new(input, output).map_err(|_| SuiteError::Undecryptable)
}

/// Any mode that encrypts block by block.
pub(super) struct Encrypting<M>(pub(super) M);

impl<M: BlockModeEncrypt + Send + Sync> Transform for Encrypting<M> {
    fn apply(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError> {
        let (blocks, rest) = paired(input, output)?.into_chunks::<M::BlockSize>();
        debug_assert!(rest.is_empty(), "block ciphers are fed whole blocks");
        self.0.encrypt_blocks_inout(blocks);
        Ok(())
    }
}

/// Any mode that decrypts block by block.
pub(super) struct Decrypting<M>(pub(super) M);

impl<M: BlockModeDecrypt + Send + Sync> Transform for Decrypting<M> {
    fn apply(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError> {
        let (blocks, rest) = paired(input, output)?.into_chunks::<M::BlockSize>();
        debug_assert!(rest.is_empty(), "block ciphers are fed whole blocks");
        self.0.decrypt_blocks_inout(blocks);
        Ok(())
    }
}

/// A cipher that is the same both ways.
pub(super) struct Stream<S>(pub(super) S);

impl<S: StreamCipher + Send + Sync> Transform for Stream<S> {
    fn apply(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError> {
        let both = paired(input, output)?;
        self.0.try_apply_keystream_inout(both).map_err(|_| SuiteError::TooLong)
    }
}

/// How many blocks of key stream the counter mode below makes at once.
const AHEAD: usize = 16;

/// Counter mode for blocks of any size, where the crate `ctr` knows only powers of two.
pub(super) struct WideCounter<C: BlockSizeUser> {
    cipher: C,
    counter: Array<u8, C::BlockSize>,
    stream: Zeroizing<vec::Vec<u8>>,
    used: usize,
}

impl<C: BlockCipherEncrypt> WideCounter<C> {
    pub(super) fn new(cipher: C, iv: &Array<u8, C::BlockSize>) -> Self {
        Self { cipher, counter: iv.clone(), stream: Zeroizing::default(), used: 0 }
    }

    fn refill(&mut self) {
        let mut blocks = Zeroizing::new(vec![Array::<u8, C::BlockSize>::default(); AHEAD]);
        for block in blocks.iter_mut() {
            block.clone_from(&self.counter);
            for byte in self.counter.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
        self.cipher.encrypt_blocks(&mut blocks);
        self.stream.clear();
        blocks.iter().for_each(|block| self.stream.extend_from_slice(block));
        self.used = 0;
    }
}

impl<C: BlockCipherEncrypt + Send + Sync> Transform for WideCounter<C> {
    fn apply(&mut self, input: &[u8], output: &mut [u8]) -> Result<(), SuiteError> {
        for (from, to) in input.iter().zip(output) {
            if self.used == self.stream.len() {
                self.refill();
            }
            *to = from ^ self.stream[self.used];
            self.used += 1;
        }
        Ok(())
    }
}
