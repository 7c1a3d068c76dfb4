//! A cipher with everything that has to be agreed upon besides key and IV.

use super::build;
use super::{Algorithm, Decryptor, Encryptor, Mode, Padding, SuiteError};
use crate::cipher::ByteOrder;

/// The block of Rijndael. With [`Bits128`](Self::Bits128) it is AES.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RijndaelBlock {
    /// 16 bytes.
    #[default]
    Bits128,
    /// 24 bytes.
    Bits192,
    /// 32 bytes.
    Bits256,
}

/// A classic cipher and its settings. Equal suites with equal keys make equal ciphertext.
///
/// Read [the module's warning](super) first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    pub(super) algorithm: Algorithm,
    pub(super) mode: Mode,
    pub(super) padding: Padding,
    pub(super) key_len: Option<usize>,
    pub(super) rijndael_block: RijndaelBlock,
    pub(super) rc2_effective_bits: Option<usize>,
    pub(super) rc4_drop: usize,
    pub(super) tea_order: ByteOrder,
    pub(super) tea_cycles: u32,
    pub(super) counter: u32,
    pub(super) nonce_len: Option<usize>,
}

impl Suite {
    /// The algorithm in CBC with PKCS #7 padding, if it is a block cipher.
    ///
    /// Defaults: Rijndael has blocks of 128 bits, RC2 as many effective bits as the key has, RC4
    /// drops nothing, TEA reads big-endian words and runs 32 cycles, and ChaCha20 counts from 0.
    pub fn new(algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            mode: Mode::default(),
            padding: Padding::default(),
            key_len: None,
            rijndael_block: RijndaelBlock::default(),
            rc2_effective_bits: None,
            rc4_drop: 0,
            tea_order: ByteOrder::default(),
            tea_cycles: 32,
            counter: 0,
            nonce_len: None,
        }
    }

    /// Chooses the mode of a block cipher. Stream ciphers have none and ignore it.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Chooses the padding. Only CBC pads.
    #[must_use]
    pub fn with_padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// Accepts keys of this many bytes only; by default every length that the algorithm takes.
    #[must_use]
    pub fn with_key_len(self, len: usize) -> Self {
        Self { key_len: Some(len), ..self }
    }

    /// Chooses Rijndael's block.
    #[must_use]
    pub fn with_rijndael_block(self, block: RijndaelBlock) -> Self {
        Self { rijndael_block: block, ..self }
    }

    /// Chooses RC2's effective key bits, 1 to 1024, apart from the length of the key.
    #[must_use]
    pub fn with_rc2_effective_bits(self, bits: usize) -> Self {
        Self { rc2_effective_bits: Some(bits), ..self }
    }

    /// Drops this many bytes of RC4's output before the first is used, at most 65536.
    #[must_use]
    pub fn with_rc4_drop(self, bytes: usize) -> Self {
        Self { rc4_drop: bytes, ..self }
    }

    /// Chooses how TEA reads words and how many cycles it runs, 1 to 1024.
    #[must_use]
    pub fn with_tea(self, order: ByteOrder, cycles: u32) -> Self {
        Self { tea_order: order, tea_cycles: cycles, ..self }
    }

    /// Chooses the first counter of ChaCha20 or XSalsa20. RFC 8439 begins at 1 in its AEAD, others
    /// at 0.
    #[must_use]
    pub fn with_counter(self, counter: u32) -> Self {
        Self { counter, ..self }
    }

    /// Accepts ChaCha20 nonces of this many bytes only: 12 as in RFC 8439, 8 as in the original,
    /// or 16 as OpenSSL has it. It is also how many are made of a password; otherwise 12 are.
    #[must_use]
    pub fn with_nonce_len(self, len: usize) -> Self {
        Self { nonce_len: Some(len), ..self }
    }

    /// The cipher.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The mode, unless it is a stream cipher.
    pub fn mode(&self) -> Option<Mode> {
        (!self.algorithm.is_stream()).then_some(self.mode)
    }

    /// The padding, if there is any.
    pub fn padding(&self) -> Padding {
        match self.mode() {
            Some(Mode::Cbc) => self.padding,
            _ => Padding::None,
        }
    }

    /// RC2's effective key bits, if they are not those of the key.
    pub fn rc2_effective_bits(&self) -> Option<usize> {
        self.rc2_effective_bits
    }

    /// How many bytes of RC4's output are dropped.
    pub fn rc4_drop(&self) -> usize {
        self.rc4_drop
    }

    /// How TEA reads words, and how many cycles it runs.
    pub fn tea(&self) -> (ByteOrder, u32) {
        (self.tea_order, self.tea_cycles)
    }

    /// The first counter of ChaCha20 or XSalsa20.
    pub fn counter(&self) -> u32 {
        self.counter
    }

    /// The length in bytes of the key that is derived from a password.
    pub fn key_len(&self) -> usize {
        self.key_len.unwrap_or_else(|| self.algorithm.default_key_len())
    }

    /// The length in bytes of the initialization vector or nonce; ChaCha20 takes others too.
    pub fn iv_len(&self) -> usize {
        match self.algorithm {
            Algorithm::Rc4 => 0,
            Algorithm::ChaCha => self.nonce_len.unwrap_or(12),
            Algorithm::XSalsa20 => 24,
            _ => self.block_len(),
        }
    }

    /// The block in bytes; 1 for stream ciphers.
    pub fn block_len(&self) -> usize {
        match self.algorithm {
            Algorithm::Rc4 | Algorithm::ChaCha | Algorithm::XSalsa20 => 1,
            Algorithm::Aes | Algorithm::Twofish => 16,
            Algorithm::Rijndael => match self.rijndael_block {
                RijndaelBlock::Bits128 => 16,
                RijndaelBlock::Bits192 => 24,
                RijndaelBlock::Bits256 => 32,
            },
            _ => 8,
        }
    }

    /// How long the ciphertext of `len` bytes is. `None` if it cannot be encrypted.
    pub fn encrypted_len(&self, len: u64) -> Option<u64> {
        let block = self.block_len() as u64;
        let over = len % block;
        match (self.mode(), self.padding()) {
            (Some(Mode::Cbc), Padding::None) => (over == 0).then_some(len),
            (Some(Mode::Cbc), Padding::Zeros) if over == 0 => Some(len),
            (Some(Mode::Cbc), _) => len.checked_add(block - over),
            _ => Some(len),
        }
    }

    /// Begins an encryption.
    ///
    /// # Errors
    ///
    /// If the key or the initialization vector has the wrong length, or an option is out of range.
    pub fn encryptor(&self, key: &[u8], iv: &[u8]) -> Result<Encryptor, SuiteError> {
        let transform = build::transform(self, key, iv, true)?;
        Ok(Encryptor::new(transform, self.feeding(), self.padding()))
    }

    /// Begins a decryption.
    ///
    /// # Errors
    ///
    /// If the key or the initialization vector has the wrong length, or an option is out of range.
    pub fn decryptor(&self, key: &[u8], iv: &[u8]) -> Result<Decryptor, SuiteError> {
        let transform = build::transform(self, key, iv, false)?;
        Ok(Decryptor::new(transform, self.feeding(), self.padding()))
    }

    /// What a transform has to be fed multiples of.
    fn feeding(&self) -> usize {
        if self.mode() == Some(Mode::Cbc) { self.block_len() } else { 1 }
    }
}
