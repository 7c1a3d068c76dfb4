//! Choices about TLS.

use rustls::pki_types::CertificateDer;

use crate::error::BuildError;

use super::roots::certificates;
use super::session::Tls;

/// Choices about TLS, from which a [`Tls`] is made.
///
/// ```
/// use b2_hyper::tls::TlsSettings;
///
/// let tls = TlsSettings::new().with_platform_roots(true).build()?;
/// # Ok::<(), b2_hyper::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TlsSettings {
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) platform_roots: bool,
    pub(super) alpn: Vec<Vec<u8>>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self { roots: Vec::new(), platform_roots: true, alpn: Vec::new() }
    }
}

impl TlsSettings {
    /// The roots of the system and the defaults of rustls.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also trusts the certificates in `pem`, for example that of an emulator.
    pub fn with_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.push(pem.as_ref().to_vec());
        self
    }

    /// Whether to trust the root certificates of the operating system, on
    /// Unix those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name; yes unless
    /// told, and never without the feature `platform-roots`.
    pub fn with_platform_roots(mut self, trust: bool) -> Self {
        self.platform_roots = trust;
        self
    }

    /// What to offer as the protocol above TLS, the dearest first; nothing
    /// unless told.
    pub fn with_alpn(mut self, protocols: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.alpn = protocols.into_iter().collect();
        self
    }

    /// Reads what was given. The certificates of the system are read at the
    /// first handshake, and never again.
    ///
    /// # Errors
    ///
    /// If a certificate that was given cannot be read.
    pub fn build(&self) -> Result<Tls, BuildError> {
        let mut given: Vec<CertificateDer<'static>> = Vec::new();
        for text in &self.roots {
            given.extend(certificates(text)?);
        }
        Ok(Tls::new(self.clone(), given))
    }
}
