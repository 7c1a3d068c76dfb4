//! Client-side encryption for Backblaze B2: what the service stores it cannot read.
//!
//! The root of the crate is a format of authenticated frames, specified in the repository's
//! `docs/encryption-format.md`: every byte is verified before it is handed out, any range of a
//! file can be read without the rest, and passwords and keys can be added and removed without
//! touching the content. [`legacy`] has the classic ciphers, for data of other software only.
//!
//! The crate reads no file, no clock and no socket, and draws no randomness: that is
//! [an argument](Randomness). It needs `alloc`, atomic numbers of 64 bits, and no more; with the
//! feature `aws-lc-rs`, which has the AEADs and AES in CTR mode computed by AWS-LC, it needs `std`
//! and a C compiler too, and makes the same bytes sooner.
//!
//! # Encrypt and decrypt
//!
//! ```
//! use b2_crypto::{Header, Limits, NewFile, Password, Recipient, SealOptions, Unlock};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut random = |bytes: &mut [u8]| { bytes.fill(4); Ok::<(), b2_crypto::NoRandomness>(()) };
//! let password = Password::from("correct horse battery staple");
//! let recipients = [Recipient::password(password.clone())];
//! let file = NewFile::new(&recipients, &SealOptions::default(), Some(14), &mut random)?;
//! let mut encryptor = file.encryptor();
//! let mut sealed = encryptor.header().to_vec();
//! encryptor.update(b"attack at dawn", &mut sealed)?;
//! encryptor.finish(&mut sealed)?;
//!
//! let header = Header::parse(&sealed)?;
//! let file = header.unlock(&Unlock::Password(password), &Limits::default())?;
//! let mut decryptor = file.decryptor();
//! let mut content = Vec::new();
//! decryptor.update(&sealed[header.len()..], &mut content)?;
//! decryptor.finish(&mut content)?;
//! assert_eq!(content, b"attack at dawn");
//! # Ok(())
//! # }
//! ```
//!
//! # What to use
//!
//! | you have | you want | use |
//! |---|---|---|
//! | content piece by piece | ciphertext once | [`NewFile::encryptor`] |
//! | content at any offset | ciphertext at any offset, again after a failure | [`NewFile::encrypt`] |
//! | ciphertext from front to back | content | [`OpenFile::decryptor`] |
//! | ciphertext at any offset | content at any offset | [`OpenFile::decrypt`] |
//! | content, header and session of before a restart | the same ciphertext, and no other | [`OpenFile::reseal`] |
//! | frames in any order | the content of each | [`OpenFile::frame_decryptor`] |
//! | a server that sends ranges | a range of the content | [`Layout::plan`], [`OpenFile::range_decryptor`] |
//! | a file | more or fewer who can open it | [`OpenFile::wrap`], [`OpenFile::keyring`] |
//! | names that tell too much | names that do not | [`NameCipher`] |

#![no_std]

extern crate alloc;
#[cfg(feature = "aws-lc-rs")]
extern crate std;

mod cipher;
mod error;
mod format;
pub mod legacy;
mod name;
mod open;
mod random;
mod read_at;
mod seal;
mod secret;

pub use error::{OpenError, SealError};
pub use format::header::{Header, USUAL_HEADER_LEN};
pub use format::kdf::{Limits, PasswordKdf};
pub use format::keyring::Keyring;
pub use format::layout::{Layout, RangePlan};
pub use format::prefix::Aead;
pub use format::stanza::{Recipient, RecipientKind, Stanza, Unlock};
pub use name::{NameCipher, NameError};
pub use open::{Decrypted, DecryptedError, Decryptor, FrameDecryptor, OpenFile, RangeDecryptor};
pub use random::{NoRandomness, Randomness};
pub use read_at::ReadAt;
pub use seal::{
    Encrypted, EncryptedError, EncryptedReader, Encryptor, NewFile, Reseal, SealOptions,
};
pub use secret::{Password, RawKey};
