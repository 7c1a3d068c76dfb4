//! `b2 encrypt`, `b2 decrypt`, `b2 inspect`, `b2 recipients` and `b2 profile-search`: files on disk,
//! without B2; and the options of transfers that encrypt.

mod beginning;
mod changes;
mod classic;
mod cost;
mod decrypt;
mod derivation;
mod encrypt;
mod failure;
mod inspect;
mod openssl;
mod pending;
mod profile_search;
mod recipients;
mod rewrite;
mod sealing;
pub(crate) mod secret;
mod transfer;
mod variant;

pub(crate) use changes::Changes;
pub(crate) use decrypt::Decrypt;
pub(crate) use encrypt::Encrypt;
pub(crate) use failure::EncryptionFailure;
pub(crate) use inspect::Inspect;
pub(crate) use profile_search::ProfileSearch;
pub(crate) use recipients::Recipients;
pub(crate) use secret::SecretSource;
pub(crate) use transfer::{Decryption, Encryption, Names, Shown};
