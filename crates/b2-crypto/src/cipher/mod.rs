//! Ciphers of our own: those that have no crate, and those whose crate is too slow.
//!
//! They implement the traits of the crate `cipher`, so that modes from elsewhere run on them, and
//! tests hold them against the crates they replace. The block ciphers, but for TEA, look up tables
//! by secret indices, as every fast software form of these ciphers does: a neighbour on the same
//! processor core who can watch its cache may learn about the key.

#[macro_use]
mod plug;
mod blowfish;
mod blowfish_tables;
mod chacha;
mod des;
mod des_tables;
mod idea;
mod rijndael;
mod tea;
mod twofish;

pub(crate) use blowfish::Blowfish;
pub(crate) use chacha::ChaCha;
pub(crate) use des::{Des, TripleDes};
pub(crate) use idea::Idea;
pub(crate) use rijndael::{Rijndael192, Rijndael256};
pub use tea::ByteOrder;
pub(crate) use tea::Tea;
pub(crate) use twofish::Twofish;
