//! The cryptography that was built in.
//!
//! The provider is passed explicitly: a library must not choose one for the
//! whole process.

use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::PrivateKeyDer;

use super::identity::PublicKey;

/// The public key that belongs to a private one, if rustls can use it.
pub(super) fn public_key(key: &PrivateKeyDer<'_>) -> Option<PublicKey> {
    let signer = provider()?.key_provider.load_private_key(key.clone_key()).ok()?;
    signer.public_key().map(|spki| PublicKey::from_der(spki.to_vec()))
}

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

/// All groups that the cryptography has.
#[cfg(feature = "aws-lc-rs")]
pub(super) fn groups() -> &'static [&'static dyn SupportedKxGroup] {
    rustls::crypto::aws_lc_rs::ALL_KX_GROUPS
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub(super) fn groups() -> &'static [&'static dyn SupportedKxGroup] {
    rustls::crypto::ring::ALL_KX_GROUPS
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
pub(super) fn groups() -> &'static [&'static dyn SupportedKxGroup] {
    &[]
}
