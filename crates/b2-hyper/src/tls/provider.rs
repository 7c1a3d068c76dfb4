//! The cryptography that was built in.
//!
//! The provider is passed explicitly: a library must not choose one for the
//! whole process.

use rustls::crypto::CryptoProvider;

#[cfg(feature = "aws-lc-rs")]
pub(super) fn provider() -> Option<CryptoProvider> {
    Some(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub(super) fn provider() -> Option<CryptoProvider> {
    Some(rustls::crypto::ring::default_provider())
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
pub(super) fn provider() -> Option<CryptoProvider> {
    None
}
