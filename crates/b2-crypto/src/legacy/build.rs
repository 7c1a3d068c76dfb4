//! From a suite, a key and an IV to a transform.

use alloc::boxed::Box;

use aes::{Aes128, Aes192, Aes256};
use cast5::Cast5;
use chacha20::variants::{Ietf, Legacy};
use cipher::consts::{U8, U16};
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, KeyIvInit,
    StreamCipher as _, StreamCipherCoreWrapper, StreamCipherSeek as _,
};
use rc2::Rc2;
use rc4::Rc4;
use salsa20::XSalsa20;
use zeroize::Zeroizing;

use super::modes::{Chained, Counted};
use super::transform::{Decrypting, Encrypting, Stream, Transform, WideCounter};
use super::{Algorithm, Mode, RijndaelBlock, Suite, SuiteError};
use crate::cipher::{
    Blowfish, ChaCha, Des, Idea, Rijndael192, Rijndael256, Tea, TripleDes, Twofish,
};

/// A key with another length than the check before let through; it cannot happen.
const UNCHECKED: SuiteError = SuiteError::Option("the key does not fit the cipher");

/// What every block cipher of a suite offers.
trait BlockCipher: BlockCipherEncrypt + BlockCipherDecrypt + Send + Sync + 'static {}
impl<C: BlockCipherEncrypt + BlockCipherDecrypt + Send + Sync + 'static> BlockCipher for C {}

/// Begins one direction of a suite.
pub(super) fn transform(
    suite: &Suite,
    key: &[u8],
    iv: &[u8],
    encrypt: bool,
) -> Result<Box<dyn Transform>, SuiteError> {
    check(suite, key)?;
    let mode = Applied { suite, iv, encrypt };
    match suite.algorithm {
        Algorithm::Aes => aes(&mode, key),
        Algorithm::Blowfish => mode.on(Blowfish::new(key).ok_or(UNCHECKED)?),
        Algorithm::Cast => mode.on(Cast5::new_from_slice(key).map_err(|_| UNCHECKED)?),
        Algorithm::Des => mode.on(Des::new(&*exactly(key)?)),
        Algorithm::Idea => mode.on(Idea::new(key.try_into().map_err(|_| UNCHECKED)?)),
        Algorithm::Rc2 => mode.on(rc2(suite, key)?),
        Algorithm::Rc4 => rc4(suite, key, iv),
        Algorithm::Tea => mode.on(Tea::new(&*exactly(key)?, suite.tea_order, suite.tea_cycles)),
        Algorithm::TripleDes => mode.on(triple_des(key)?),
        Algorithm::Twofish => mode.on_double(Twofish::new(key).ok_or(UNCHECKED)?),
        Algorithm::Rijndael => match suite.rijndael_block {
            RijndaelBlock::Bits128 => aes(&mode, key),
            RijndaelBlock::Bits192 => mode.on_wide(Rijndael192::new(key).ok_or(UNCHECKED)?),
            RijndaelBlock::Bits256 => mode.on_wide(Rijndael256::new(key).ok_or(UNCHECKED)?),
        },
        Algorithm::ChaCha => chacha(suite, key, iv),
        Algorithm::XSalsa20 => {
            let cipher = XSalsa20::new_from_slices(key, iv);
            let mut cipher = cipher.map_err(|_| mode.iv_length("24"))?;
            cipher.seek(64 * u64::from(suite.counter));
            Ok(Box::new(Stream(cipher)))
        }
    }
}

fn check(suite: &Suite, key: &[u8]) -> Result<(), SuiteError> {
    let (algorithm, given) = (suite.algorithm, key.len());
    if !algorithm.takes_key_of(given) {
        return Err(SuiteError::KeyLength { algorithm, given });
    }
    if let Some(expected) = suite.key_len.filter(|expected| *expected != given) {
        return Err(SuiteError::NamedKeyLength { expected, given });
    }
    if suite.rc2_effective_bits.is_some_and(|bits| !(1..=1024).contains(&bits)) {
        return Err(SuiteError::Option("RC2 has 1 to 1024 effective bits"));
    }
    if suite.nonce_len.is_some_and(|len| ![8, 12, 16].contains(&len)) {
        return Err(SuiteError::Option("a nonce of ChaCha20 has 8, 12 or 16 bytes"));
    }
    if suite.rc4_drop > 65_536 {
        return Err(SuiteError::Option("RC4 drops at most 65536 bytes"));
    }
    if !(1..=1024).contains(&suite.tea_cycles) {
        return Err(SuiteError::Option("TEA runs 1 to 1024 cycles"));
    }
    Ok(())
}

/// A mode that waits for its cipher.
struct Applied<'a> {
    suite: &'a Suite,
    iv: &'a [u8],
    encrypt: bool,
}

impl Applied<'_> {
    /// With blocks of 8 bytes.
    fn on<C: BlockCipher + BlockSizeUser<BlockSize = U8>>(
        &self,
        cipher: C,
    ) -> Result<Box<dyn Transform>, SuiteError> {
        match self.suite.mode {
            Mode::Cbc => self.chained(cipher),
            Mode::Ctr => {
                let counted =
                    ctr::CtrCore::<_, ctr::flavors::Ctr64BE>::inner_iv_slice_init(cipher, self.iv);
                let counted = counted.map_err(|_| self.iv_length("8"))?;
                Ok(Box::new(Stream(StreamCipherCoreWrapper::from_core(counted))))
            }
        }
    }

    /// With blocks of 16 bytes.
    fn on_double<C: BlockCipher + BlockSizeUser<BlockSize = U16>>(
        &self,
        cipher: C,
    ) -> Result<Box<dyn Transform>, SuiteError> {
        let iv = self.iv.try_into().map_err(|_| self.iv_length("16"))?;
        match self.suite.mode {
            Mode::Cbc if self.encrypt => Ok(Box::new(Chained::new(cipher, iv))),
            Mode::Cbc => self.chained(cipher),
            Mode::Ctr => Ok(Box::new(Counted::new(cipher, iv))),
        }
    }

    /// With larger blocks.
    fn on_wide<C: BlockCipher>(&self, cipher: C) -> Result<Box<dyn Transform>, SuiteError> {
        match self.suite.mode {
            Mode::Cbc => self.chained(cipher),
            Mode::Ctr => {
                let iv = self.iv.try_into();
                let iv = iv.map_err(|_| self.iv_length(in_words(C::block_size())))?;
                Ok(Box::new(WideCounter::new(cipher, iv)))
            }
        }
    }

    fn chained<C: BlockCipher>(&self, cipher: C) -> Result<Box<dyn Transform>, SuiteError> {
        let wrong = |_| self.iv_length(in_words(C::block_size()));
        if self.encrypt {
            let mode = cbc::Encryptor::inner_iv_slice_init(cipher, self.iv).map_err(wrong)?;
            Ok(Box::new(Encrypting(mode)))
        } else {
            let mode = cbc::Decryptor::inner_iv_slice_init(cipher, self.iv).map_err(wrong)?;
            Ok(Box::new(Decrypting(mode)))
        }
    }

    fn iv_length(&self, expected: &'static str) -> SuiteError {
        let (algorithm, given) = (self.suite.algorithm, self.iv.len());
        SuiteError::IvLength { algorithm, expected, given }
    }
}

fn in_words(len: usize) -> &'static str {
    match len {
        8 => "8",
        16 => "16",
        24 => "24",
        _ => "32",
    }
}

/// A key of a length that was checked before.
fn exactly<const N: usize>(key: &[u8]) -> Result<Zeroizing<[u8; N]>, SuiteError> {
    key.try_into().map(Zeroizing::new).map_err(|_| UNCHECKED)
}

fn aes(mode: &Applied<'_>, key: &[u8]) -> Result<Box<dyn Transform>, SuiteError> {
    #[cfg(feature = "aws-lc-rs")]
    if mode.suite.mode == Mode::Ctr {
        let iv = mode.iv.try_into().map_err(|_| mode.iv_length("16"))?;
        if let Some(counter) = super::aws_lc::Counter::new(key, iv) {
            return Ok(Box::new(counter));
        }
    }
    match key.len() {
        16 => mode.on_double(Aes128::new_from_slice(key).map_err(|_| UNCHECKED)?),
        24 => mode.on_double(Aes192::new_from_slice(key).map_err(|_| UNCHECKED)?),
        _ => mode.on_double(Aes256::new_from_slice(key).map_err(|_| UNCHECKED)?),
    }
}

fn rc2(suite: &Suite, key: &[u8]) -> Result<Rc2, SuiteError> {
    match suite.rc2_effective_bits {
        Some(bits) => Ok(Rc2::new_with_eff_key_len(key, bits)),
        None => Rc2::new_from_slice(key).map_err(|_| UNCHECKED),
    }
}

/// A key of two thirds is used forth, back, and its first third again.
fn triple_des(key: &[u8]) -> Result<TripleDes, SuiteError> {
    let third = |at: usize| exactly::<8>(key.get(at..at + 8).unwrap_or_default());
    let last = if key.len() == 16 { 0 } else { 16 };
    Ok(TripleDes::new(&*third(0)?, &*third(8)?, &*third(last)?))
}

fn rc4(suite: &Suite, key: &[u8], iv: &[u8]) -> Result<Box<dyn Transform>, SuiteError> {
    if !iv.is_empty() {
        let (algorithm, given) = (suite.algorithm, iv.len());
        return Err(SuiteError::IvLength { algorithm, expected: "0", given });
    }
    let mut cipher = Rc4::new_from_slice(key).map_err(|_| UNCHECKED)?;
    let mut dropped = Zeroizing::new([0; 256]);
    let mut left = suite.rc4_drop;
    while left > 0 {
        let now = left.min(dropped.len());
        cipher.apply_keystream(&mut dropped[..now]);
        left -= now;
    }
    Ok(Box::new(Stream(cipher)))
}

/// 12 bytes are the nonce of RFC 8439, 8 that of the original; 16 are, as OpenSSL has it, the
/// little-endian counter of 64 bits and the nonce of the original.
fn chacha(suite: &Suite, key: &[u8], iv: &[u8]) -> Result<Box<dyn Transform>, SuiteError> {
    let (algorithm, given) = (suite.algorithm, iv.len());
    if let Some(expected) = suite.nonce_len.filter(|expected| *expected != given) {
        let expected = if expected == 12 { "12" } else { in_words(expected) };
        return Err(SuiteError::IvLength { algorithm, expected, given });
    }
    if iv.len() == 12 {
        let core = ChaCha::<Ietf>::new(key, iv, suite.counter.into()).ok_or(UNCHECKED)?;
        return Ok(Box::new(Stream(StreamCipherCoreWrapper::from_core(core))));
    }
    let (counter, nonce) = match iv.len() {
        8 => (u64::from(suite.counter), iv),
        16 => {
            let (counter, nonce) = iv.split_at(8);
            (u64::from_le_bytes(counter.try_into().map_err(|_| UNCHECKED)?), nonce)
        }
        _ => return Err(SuiteError::IvLength { algorithm, expected: "12, 8 or 16", given }),
    };
    let core = ChaCha::<Legacy>::new(key, nonce, counter).ok_or(UNCHECKED)?;
    Ok(Box::new(Stream(StreamCipherCoreWrapper::from_core(core))))
}
