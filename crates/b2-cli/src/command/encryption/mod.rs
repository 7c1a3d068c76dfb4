//! `b2 encrypt`, `b2 decrypt` and `b2 inspect`: files on disk, without B2; and
//! the options of transfers that encrypt.

mod classic;
mod decrypt;
mod encrypt;
mod failure;
mod inspect;
mod rewrite;
mod sealing;
pub(crate) mod secret;
mod transfer;

pub(crate) use decrypt::Decrypt;
pub(crate) use encrypt::Encrypt;
pub(crate) use failure::EncryptionFailure;
pub(crate) use inspect::Inspect;
pub(crate) use secret::{Secret, SecretSource};
pub(crate) use transfer::{Decryption, Encryption, Names};
