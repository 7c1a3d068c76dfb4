//! The handshake.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use webpki::CertRevocationList;

use super::error::TlsError;
use super::key_log::KeyLogFile;
use super::provider::provider;
use super::roots::add_platform;
use super::settings::{RevocationCheck, TlsSettings};
use super::suites::restrict_strength;
use super::verify::{SecurityFlags, Verifier};
use crate::error::BuildError;

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
    lists: Arc<Vec<CertRevocationList<'static>>>,
    key_log: Option<Arc<KeyLogFile>>,
    connector: OnceLock<Result<TlsConnector, TlsError>>,
}

impl Tls {
    pub(super) fn new(
        settings: TlsSettings,
        given: Vec<CertificateDer<'static>>,
        lists: Vec<CertRevocationList<'static>>,
    ) -> Result<Self, BuildError> {
        let open = |path: &PathBuf| {
            let opened = KeyLogFile::open(path).map(Arc::new);
            opened.map_err(|source| BuildError::File { path: path.clone(), source })
        };
        let key_log = settings.key_log.as_ref().map(open).transpose()?;
        Ok(Self { settings, given, lists: Arc::new(lists), key_log, connector: OnceLock::new() })
    }

    fn connector(&self) -> Result<&TlsConnector, TlsError> {
        let made = self.connector.get_or_init(|| self.config().map(Arc::new).map(Into::into));
        made.as_ref().map_err(Clone::clone)
    }

    fn config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(self.provider()?);
        let verifier = Arc::new(self.verifier(&provider)?);
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.settings.versions.supported())
            .map_err(TlsError::Settings)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.settings.identity {
            Some(own) => builder.with_client_auth_cert(own.chain(), own.key()),
            None => Ok(builder.with_no_client_auth()),
        }
        .map_err(TlsError::Settings)?;
        config.alpn_protocols.clone_from(&self.settings.alpn);
        if !self.settings.resumption {
            config.resumption = Resumption::disabled();
        }
        if let Some(log) = &self.key_log {
            config.key_log = Arc::clone(log) as _;
        }
        Ok(config)
    }

    fn provider(&self) -> Result<CryptoProvider, TlsError> {
        let mut provider = provider().ok_or(TlsError::NoProvider)?;
        if let Some(suites) = &self.settings.suites {
            suites.restrict(&mut provider);
        }
        restrict_strength(&mut provider, self.settings.cipher_bits);
        if let Some(groups) = &self.settings.groups {
            groups.restrict(&mut provider);
        }
        Ok(provider)
    }

    fn verifier(&self, provider: &CryptoProvider) -> Result<Verifier, TlsError> {
        let settings = &self.settings;
        let mut roots = RootCertStore::empty();
        // Each was added to a store once before, when it was given.
        roots.add_parsable_certificates(self.given.iter().cloned());
        if settings.platform_roots {
            add_platform(&mut roots);
        }
        let others = !settings.accepted.is_empty() || settings.flags != SecurityFlags::none();
        if roots.is_empty() && !others {
            return Err(TlsError::NoRoots);
        }
        Ok(Verifier {
            roots: roots.roots,
            algorithms: provider.signature_verification_algorithms,
            allowed: settings.signatures.clone(),
            lists: Arc::clone(&self.lists),
            demand_status: settings.revocation == RevocationCheck::Hard,
            flags: settings.flags,
            accepted: settings.accepted.clone(),
            policy: settings.policy.clone(),
        })
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
