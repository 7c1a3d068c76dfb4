//! `b2 encrypt`, `b2 decrypt`, `b2 inspect` and `b2 profile-search`: files on disk, without B2;
//! and the options of transfers that encrypt.

mod classic;
mod decrypt;
mod derivation;
mod encrypt;
mod failure;
mod inspect;
mod profile_search;
mod rewrite;
mod sealing;
pub(crate) mod secret;
mod transfer;

pub(crate) use decrypt::Decrypt;
pub(crate) use encrypt::Encrypt;
pub(crate) use failure::EncryptionFailure;
pub(crate) use inspect::Inspect;
pub(crate) use profile_search::ProfileSearch;
pub(crate) use secret::{Secret, SecretSource};
pub(crate) use transfer::{Decryption, Encryption, Names};
