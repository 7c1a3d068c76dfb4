//! The bytes of the format; `docs/encryption-format.md` specifies them.
//!
//! `prefix` is what never changes in a file's life, `keyring` who can open it, `layout` where its
//! frames are, `frame` how one of them is sealed, `keyed` by whose code, and `schedule` where all
//! keys come from.

pub(crate) mod frame;
pub(crate) mod header;
pub(crate) mod kdf;
mod keyed;
pub(crate) mod keyring;
pub(crate) mod layout;
pub(crate) mod prefix;
pub(crate) mod schedule;
pub(crate) mod stanza;
