//! A certificate with its key.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::super::certificate::Certificate;
use crate::settings::SettingError;

/// A certificate with its private key, shown to servers that ask for one.
/// Its `Debug` shows the subject only.
#[derive(Clone)]
pub struct Identity {
    certificate: Certificate,
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

/// Why there is no identity. No text has a password or a part of a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The file cannot be read.
    #[error("the certificate store cannot be read")]
    File(#[source] std::io::Error),
    /// It is not what it should be; the format that was expected follows.
    #[error("this is not a readable {0}")]
    Format(&'static str),
    /// The password is wrong, or needed and not given.
    #[error("the password of the certificate store is wrong or missing")]
    Password,
    /// There is no certificate, or none with this subject.
    #[error("no certificate in the store fits")]
    NoCertificate,
    /// There is a certificate, but no private key.
    #[error("the store has no private key, which is needed to show a certificate to a server")]
    NoKey,
    /// This kind of store is not supported.
    #[error(transparent)]
    Unsupported(SettingError),
}

/// What a store holds: each certificate with what belongs to it.
pub(super) struct Found {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Option<PrivateKeyDer<'static>>,
}

impl Identity {
    /// Of a chain, the own certificate first, and its key.
    ///
    /// # Errors
    ///
    /// [`IdentityError::NoCertificate`] if the chain is empty,
    /// [`IdentityError::Format`] if its first certificate cannot be read.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, IdentityError> {
        let first = chain.first().ok_or(IdentityError::NoCertificate)?;
        let read = Certificate::from_der(first);
        let certificate = read.map_err(|_| IdentityError::Format("certificate"))?;
        Ok(Self { certificate, chain, key: Arc::new(key) })
    }

    /// Picks one of several by its subject: `*` or nothing is the first with
    /// a key; otherwise the subject, or else a part of it.
    pub(super) fn select(found: Vec<Found>, subject: &str) -> Result<Self, IdentityError> {
        if found.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let read = |found: &Found| {
            let first = found.chain.first()?;
            Certificate::from_der(first).ok().map(|read| read.subject)
        };
        let has_key = |found: &&Found| found.key.is_some();
        let chosen = if subject.is_empty() || subject == "*" {
            found.iter().find(has_key).or_else(|| found.first())
        } else {
            let lower = subject.to_lowercase();
            let is = |found: &&Found| read(found).is_some_and(|own| own.to_lowercase() == lower);
            let has =
                |found: &&Found| read(found).is_some_and(|own| own.to_lowercase().contains(&lower));
            found.iter().find(is).or_else(|| found.iter().find(has))
        };
        let chosen = chosen.ok_or(IdentityError::NoCertificate)?;
        let key = chosen.key.as_ref().ok_or(IdentityError::NoKey)?;
        Self::new(chosen.chain.clone(), key.clone_key())
    }

    /// The own certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Shows these certificates of authorities as well (`SSLCACerts`).
    #[must_use]
    pub fn with_chain(mut self, more: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        self.chain.extend(more);
        self
    }

    pub(in super::super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    pub(in super::super) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.certificate.subject)
            .finish_non_exhaustive()
    }
}
