//! Keys and passwords. They do not print, have no `Display`, and are wiped when dropped.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret of 32 random bytes that files are encrypted for.
///
/// It has to be random: what a person can remember is a [`Password`].
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RawKey([u8; 32]);

impl RawKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes. Whoever calls this takes care that they are not printed.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for RawKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for RawKey {}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawKey(..)")
    }
}

/// A password that files are encrypted for. Its UTF-8 bytes are used as they are, so a letter that
/// can be written in two ways makes two passwords.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// The password itself. Whoever calls this takes care that it is not printed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(password)
    }
}

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self(password.to_owned())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The random key of one file. It never leaves the crate; recipients have it wrapped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct DataKey(pub(crate) [u8; 32]);

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn nothing_prints() {
        assert_eq!(format!("{:?}", RawKey::new([7; 32])), "RawKey(..)");
        assert_eq!(format!("{:?}", Password::from("canary")), "Password(..)");
    }
}
