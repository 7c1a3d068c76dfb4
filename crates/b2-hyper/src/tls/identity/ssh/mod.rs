//! Keys in the formats of OpenSSH and PuTTY.

mod locked;
mod openssh;
mod ppk;
mod public;
mod wire;

pub(super) use openssh::{LABEL, read as read_openssh};
pub(super) use ppk::{looks_like as looks_like_ppk, read as read_ppk};
pub(super) use public::{looks_like as looks_like_public, read as read_public};
