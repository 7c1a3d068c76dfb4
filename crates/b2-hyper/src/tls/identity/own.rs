//! A certificate with its key.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "pkcs11")]
use std::time::Duration;

use rustls::InconsistentKeys;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};

use super::super::certificate::Certificate;
use super::keys::PublicKey;
#[cfg(feature = "pkcs11")]
use super::token::TokenKey;
use crate::settings::SettingError;

/// A certificate with its private key, shown to servers that ask for one.
/// Its `Debug` shows the subject only.
#[derive(Clone)]
pub struct Identity {
    certificate: Certificate,
    chain: Vec<CertificateDer<'static>>,
    key: OwnKey,
}

/// A private key that is at hand, or that signs where it is.
#[derive(Clone)]
enum OwnKey {
    Der(Arc<PrivateKeyDer<'static>>),
    Signer(Arc<dyn SigningKey>),
    #[cfg(feature = "pkcs11")]
    Token(TokenKey),
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
    /// There is a private key, but no certificate, which is what a server is
    /// shown: give it with [`open_with_certificate`](super::open_with_certificate).
    #[error("the store has a private key and no certificate; give the certificate as well")]
    KeyAlone,
    /// No private key in the store is that of the certificate.
    #[error("the private key is not that of the certificate")]
    Mismatch,
    /// The module of PKCS#11 does not work as it should.
    #[error("the security token does not work: {0}")]
    Token(String),
    /// There is a certificate, but no private key.
    #[error("the store has no private key, which is needed to show a certificate to a server")]
    NoKey,
    /// This kind of store is not supported.
    #[error(transparent)]
    Unsupported(SettingError),
}

/// Why the own key has not signed, on its way through rustls.
#[cfg(feature = "pkcs11")]
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub(in super::super) struct SigningFailure(pub(in super::super) Arc<IdentityError>);

#[cfg(feature = "pkcs11")]
impl SigningFailure {
    pub(super) fn told(error: IdentityError) -> rustls::Error {
        rustls::Error::Other(rustls::OtherError(Arc::new(Self(Arc::new(error)))))
    }
}

/// What a store holds: each certificate with what belongs to it.
pub(super) struct Found {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Option<PrivateKeyDer<'static>>,
    /// A public key that came without a certificate.
    pub(super) public: Option<PublicKey>,
}

impl Found {
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: Option<PrivateKeyDer<'static>>,
    ) -> Self {
        Self { chain, key, public: None }
    }

    /// The first certificate, if it can be read.
    fn certificate(&self) -> Option<Certificate> {
        Certificate::from_der(self.chain.first()?).ok()
    }
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
        Self::of(chain, OwnKey::Der(Arc::new(key)))
    }

    /// Of a chain, the own certificate first, and something that signs for
    /// it, such as a security token.
    ///
    /// `signer` is called during the handshake and on its thread, and the call
    /// has no limit of its own: until it comes back, neither the deadline of
    /// the request nor an interruption ends it, and nothing else that the
    /// thread has to do goes on. So give up by yourself what may take long (a
    /// person, a network, a token), for example by waiting for a thread of your
    /// own no longer than some seconds, and return an error then; and use a
    /// runtime of several threads if it may take more than some milliseconds.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_signer(
        chain: Vec<CertificateDer<'static>>,
        signer: Arc<dyn SigningKey>,
    ) -> Result<Self, IdentityError> {
        Self::of(chain, OwnKey::Signer(signer))
    }

    /// Of a chain and a key in a token.
    #[cfg(feature = "pkcs11")]
    pub(super) fn with_token(
        chain: Vec<CertificateDer<'static>>,
        key: TokenKey,
    ) -> Result<Self, IdentityError> {
        Self::of(chain, OwnKey::Token(key))
    }

    /// The longest time that a token may take to sign, up to a minute; unless
    /// told the time for a connection, and 20 seconds without a transport. A
    /// token that does not answer is not asked again until it does. Other keys
    /// take no time.
    #[cfg(feature = "pkcs11")]
    #[must_use]
    pub fn with_signing_timeout(mut self, timeout: Duration) -> Self {
        if let OwnKey::Token(key) = &mut self.key {
            key.patience = Some(timeout);
        }
        self
    }

    /// As [`with_signing_timeout`](Self::with_signing_timeout), unless that was
    /// told.
    #[cfg(feature = "pkcs11")]
    pub(in super::super) fn with_usual_signing_timeout(mut self, timeout: Duration) -> Self {
        if let OwnKey::Token(key) = &mut self.key {
            key.patience = key.patience.or(Some(timeout));
        }
        self
    }

    fn of(chain: Vec<CertificateDer<'static>>, key: OwnKey) -> Result<Self, IdentityError> {
        let first = chain.first().ok_or(IdentityError::NoCertificate)?;
        let read = Certificate::from_der(first);
        let certificate = read.map_err(|_| IdentityError::Format("certificate"))?;
        Ok(Self { certificate, chain, key })
    }

    /// Picks one of several by its subject: `*` or nothing is the first with
    /// a key; otherwise the subject, or else a part of it.
    pub(super) fn select(found: &[Found], subject: &str) -> Result<Self, IdentityError> {
        if !found.is_empty() && found.iter().all(|found| found.chain.is_empty()) {
            let any_key = found.iter().any(|found| found.key.is_some());
            return Err(if any_key { IdentityError::KeyAlone } else { IdentityError::NoKey });
        }
        let chosen = pick(found, subject).ok_or(IdentityError::NoCertificate)?;
        let key = chosen.key.as_ref().ok_or(IdentityError::NoKey)?;
        Self::new(chosen.chain.clone(), key.clone_key())
    }

    /// A chain from elsewhere with the one of several keys that fits.
    pub(super) fn combine(
        found: &[Found],
        chain: Vec<CertificateDer<'static>>,
    ) -> Result<Self, IdentityError> {
        let first = chain.first().ok_or(IdentityError::NoCertificate)?;
        let mut keys = found.iter().filter_map(|found| found.key.as_ref()).peekable();
        if keys.peek().is_none() {
            return Err(IdentityError::NoKey);
        }
        let fits = |key: &&PrivateKeyDer<'static>| {
            let public = super::super::provider::public_key(key);
            public.is_some_and(|public| public.is_of(first))
        };
        let key = keys.find(fits).ok_or(IdentityError::Mismatch)?;
        Self::new(chain.clone(), key.clone_key())
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

    /// The chain and the key, if it is at hand.
    #[cfg(feature = "openssl")]
    pub(in super::super) fn plain_key(
        &self,
    ) -> Option<(&[CertificateDer<'static>], &PrivateKeyDer<'static>)> {
        match &self.key {
            OwnKey::Der(key) => Some((&self.chain, key)),
            OwnKey::Signer(_) => None,
            #[cfg(feature = "pkcs11")]
            OwnKey::Token(_) => None,
        }
    }

    /// What rustls shows to servers.
    pub(in super::super) fn certified(
        &self,
        provider: &CryptoProvider,
    ) -> Result<CertifiedKey, rustls::Error> {
        match &self.key {
            OwnKey::Der(key) => {
                CertifiedKey::from_der(self.chain.clone(), key.clone_key(), provider)
            }
            OwnKey::Signer(signer) => self.signing(Arc::clone(signer)),
            #[cfg(feature = "pkcs11")]
            OwnKey::Token(key) => self.signing(Arc::new(key.clone())),
        }
    }

    fn signing(&self, signer: Arc<dyn SigningKey>) -> Result<CertifiedKey, rustls::Error> {
        let certified = CertifiedKey::new(self.chain.clone(), signer);
        // Not every token tells its public key.
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(certified)
            }
            Err(error) => Err(error),
        }
    }
}

/// One of several by its subject: `*` or nothing is the first with a key;
/// otherwise the subject, or else a part of it.
pub(super) fn pick<'a>(found: &'a [Found], subject: &str) -> Option<&'a Found> {
    let has_both = |found: &&Found| found.key.is_some() && !found.chain.is_empty();
    if subject.is_empty() || subject == "*" {
        let with_certificate = |found: &&Found| !found.chain.is_empty();
        let best = found.iter().find(has_both);
        return best.or_else(|| found.iter().find(with_certificate)).or_else(|| found.first());
    }
    let lower = subject.to_lowercase();
    let own = |found: &Found| found.certificate().map(|read| read.subject.to_lowercase());
    let is = |found: &&Found| own(found).is_some_and(|own| own == lower);
    let has = |found: &&Found| own(found).is_some_and(|own| own.contains(&lower));
    found.iter().find(is).or_else(|| found.iter().find(has))
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.certificate.subject)
            .finish_non_exhaustive()
    }
}
