//! The classic ciphers, for data that somebody else's software made or has to read.
//!
//! **Do not choose anything in here for new data.** Nothing in this module notices that a file was
//! changed: whoever holds the ciphertext can flip bits of the plaintext, cut it, or splice it, and
//! decryption reports success. An attacker who may try files on you and sees whether the padding
//! is accepted can read CBC without the key. The format of this crate's root has none of that.
//!
//! Beyond that, several of these algorithms are broken or outdated by themselves:
//!
//! | algorithm | state | why |
//! |---|---|---|
//! | DES | **broken** | 56 bits of key; all of them are tried in hours for little money |
//! | RC4 | **broken** | its output is biased; with related or reused keys the plaintext falls out |
//! | RC2 | **broken** | falls to related keys; with 64 effective bits or fewer to plain trying |
//! | TEA | **weak** | every key has three equivalent ones, and related keys break it |
//! | 3DES | outdated | blocks of 64 bits, 112 bits of strength; disallowed by NIST since 2024 |
//! | Blowfish, CAST-128, IDEA | outdated | blocks of 64 bits |
//! | AES, Rijndael, Twofish | sound | but unauthenticated as used here |
//! | ChaCha20, XSalsa20 | sound | but unauthenticated, and a nonce used twice gives both texts away |
//!
//! With blocks of 64 bits, two equal ciphertext blocks are likely after some 32 GiB under one key,
//! and each such pair gives away the difference of two plaintext blocks (the Sweet32 attack).
//! [`Algorithm::weakness`] says the same to programs.
//!
//! # Example
//!
//! ```
//! use b2_crypto::legacy::{Algorithm, Suite};
//!
//! # fn main() -> Result<(), b2_crypto::legacy::SuiteError> {
//! let suite = Suite::new(Algorithm::Aes);
//! let (key, iv) = ([7; 32], [9; 16]);
//! let mut sealed = Vec::new();
//! let mut encryptor = suite.encryptor(&key, &iv)?;
//! encryptor.update(b"attack at dawn", &mut sealed)?;
//! encryptor.finish(&mut sealed)?;
//!
//! let mut opened = Vec::new();
//! let mut decryptor = suite.decryptor(&key, &iv)?;
//! decryptor.update(&sealed, &mut opened)?;
//! decryptor.finish(&mut opened)?;
//! assert_eq!(opened, b"attack at dawn");
//! # Ok(())
//! # }
//! ```

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod build;
mod decryptor;
mod encryptor;
mod error;
mod hash;
mod modes;
mod name;
mod padding;
mod pbkdf1;
mod profile;
mod search;
mod suite;
mod transform;
mod variants;

pub use self::algorithm::{Algorithm, Mode};
pub use self::decryptor::Decryptor;
pub use self::encryptor::Encryptor;
pub use self::error::{ProfileError, SuiteError};
pub use self::hash::Hash;
pub use self::padding::Padding;
pub use self::pbkdf1::{Stretching, pbkdf1};
pub use self::profile::{Derivation, DerivedKey, KeyOrder, PasswordEncoding, Profile};
pub use self::search::{ProfileSearch, Sample};
pub use self::suite::{RijndaelBlock, Suite};
pub use crate::cipher::ByteOrder;
