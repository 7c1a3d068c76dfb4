//! The handshake.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::TlsError;
use super::provider::provider;
use super::roots::add_platform;
use super::settings::TlsSettings;

/// Begins encrypted sessions on any byte stream.
///
/// The certificates of the system are read at the first handshake: there are
/// over a hundred, and whoever talks to an emulator without TLS needs none.
///
/// ```no_run
/// use b2_hyper::tls::TlsSettings;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = TlsSettings::new().build()?;
/// let tcp = tokio::net::TcpStream::connect("api.backblazeb2.com:443").await?;
/// let session = tls.connect("api.backblazeb2.com", tcp).await?;
/// # Ok(()) }
/// ```
pub struct Tls {
    settings: TlsSettings,
    given: Vec<CertificateDer<'static>>,
    connector: OnceLock<Result<TlsConnector, TlsError>>,
}

impl Tls {
    pub(super) fn new(settings: TlsSettings, given: Vec<CertificateDer<'static>>) -> Self {
        Self { settings, given, connector: OnceLock::new() }
    }

    fn connector(&self) -> Result<&TlsConnector, TlsError> {
        let made = self.connector.get_or_init(|| self.config().map(Arc::new).map(Into::into));
        made.as_ref().map_err(Clone::clone)
    }

    fn config(&self) -> Result<ClientConfig, TlsError> {
        let mut roots = RootCertStore::empty();
        // Each was added to a store once before, when it was given.
        roots.add_parsable_certificates(self.given.iter().cloned());
        if self.settings.platform_roots {
            add_platform(&mut roots);
        }
        if roots.is_empty() {
            return Err(TlsError::NoRoots);
        }
        let provider = Arc::new(provider().ok_or(TlsError::NoProvider)?);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Settings)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols.clone_from(&self.settings.alpn);
        Ok(config)
    }

    /// Begins a session with `host` on `stream`.
    ///
    /// # Errors
    ///
    /// [`TlsError::Certificate`] if the server is not who it should be;
    /// trying again does not help. [`TlsError::Broken`] if the stream broke.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    pub async fn connect<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = self.connector()?;
        let name = ServerName::try_from(host).map_err(|_| TlsError::Name)?.to_owned();
        connector.connect(name, stream).await.map_err(TlsError::of_handshake)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
