//! The handshake.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::error::TlsError;
use super::event::{TlsEvent, TlsObserver};
use super::group::Groups;
use super::key_log::KeyLogFile;
use super::provider::provider;
use super::revocation::{Given, Reach, Revocation};
use super::roots::{add_bundled, add_platform};
use super::settings::{RevocationCheck, TlsSettings};
use super::stream::TlsSession;
use super::suites::restrict_strength;
use super::verify::Verifier;
use crate::connect::Dialer;
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
    lists: Arc<Vec<Given>>,
    key_log: Option<Arc<KeyLogFile>>,
    revocation: Option<Arc<Revocation>>,
    openssl: bool,
    made: OnceLock<Result<Made, TlsError>>,
}

/// What is made at the first handshake.
enum Made {
    Rustls {
        connector: TlsConnector,
        verifier: Arc<Verifier>,
    },
    #[cfg(feature = "openssl")]
    OpenSsl(super::platform::Platform),
}

impl Tls {
    pub(super) fn new(
        settings: TlsSettings,
        given: Vec<CertificateDer<'static>>,
        lists: Vec<Given>,
        openssl: bool,
    ) -> Result<Self, BuildError> {
        let open = |path: &PathBuf| {
            let opened = KeyLogFile::open(path).map(Arc::new);
            opened.map_err(|source| BuildError::File { path: path.clone(), source })
        };
        let key_log = settings.key_log.as_ref().map(open).transpose()?;
        let observer = settings.observer.clone();
        let (lists_check, responders) = (settings.fetched_lists, settings.responders);
        let revocation = Revocation::new(lists_check, responders, settings.nobody_to_ask, observer);
        let (lists, revocation) = (Arc::new(lists), revocation.map(Arc::new));
        Ok(Self { settings, given, lists, key_log, revocation, openssl, made: OnceLock::new() })
    }

    fn made(&self) -> Result<&Made, TlsError> {
        self.made.get_or_init(|| self.make()).as_ref().map_err(Clone::clone)
    }

    fn make(&self) -> Result<Made, TlsError> {
        if self.openssl {
            return self.make_openssl();
        }
        let provider = Arc::new(self.provider()?);
        let verifier = Arc::new(self.verifier(&provider)?);
        let config = self.config(provider, Arc::clone(&verifier))?;
        Ok(Made::Rustls { connector: Arc::new(config).into(), verifier })
    }

    #[cfg(feature = "openssl")]
    fn make_openssl(&self) -> Result<Made, TlsError> {
        let log = self.key_log.as_ref();
        super::platform::Platform::new(&self.settings, &self.given, log).map(Made::OpenSsl)
    }

    #[cfg(not(feature = "openssl"))]
    #[expect(clippy::unused_self, reason = "with OpenSSL it is used")]
    fn make_openssl(&self) -> Result<Made, TlsError> {
        Err(TlsError::NoProvider)
    }

    fn config(
        &self,
        provider: Arc<CryptoProvider>,
        verifier: Arc<Verifier>,
    ) -> Result<ClientConfig, TlsError> {
        let own = self.settings.identity.as_ref().map(|own| own.certified(&provider));
        let own = own.transpose().map_err(TlsError::Settings)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.settings.versions.supported())
            .map_err(TlsError::Settings)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match own {
            Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own))),
            None => builder.with_no_client_auth(),
        };
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
        let share = self.settings.key_share.as_ref();
        match &self.settings.groups {
            Some(groups) => groups.restrict(&mut provider, share),
            None => Groups::by_version(None, None).restrict(&mut provider, share),
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
        if settings.bundled_roots {
            add_bundled(&mut roots);
        }
        if roots.is_empty() && !settings.accepts_others() {
            return Err(TlsError::NoRoots);
        }
        Ok(Verifier {
            roots: roots.roots,
            given: self.given.clone(),
            algorithms: provider.signature_verification_algorithms,
            allowed: settings.signatures.clone().unwrap_or_default(),
            versions: settings.versions,
            lists: Arc::clone(&self.lists),
            demand_status: settings.revocation == RevocationCheck::Hard,
            flags: settings.flags,
            accepted: settings.accepted.clone(),
            accepted_keys: settings.accepted_keys.clone(),
            policy: settings.policy.clone(),
            observer: settings.observer.clone(),
            revocation: self.revocation.clone(),
        })
    }

    /// Begins a session with `host` on `stream`. What has to be asked about
    /// the server's certificate is asked on connections of their own, without
    /// a proxy.
    ///
    /// # Errors
    ///
    /// [`TlsError::Certificate`] if the server is not who it should be;
    /// trying again does not help. [`TlsError::Broken`] if the stream broke.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream.
    pub async fn connect<S>(&self, host: &str, stream: S) -> Result<TlsSession<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_by(host, stream, &Dialer::new()).await
    }

    /// As [`connect`](Self::connect), but asks by this way.
    pub(crate) async fn connect_by<S>(
        &self,
        host: &str,
        stream: S,
        way: &impl Reach,
    ) -> Result<TlsSession<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.tell(|| TlsEvent::Begun { host: host.to_owned() });
        let outcome = self.begin(host, stream, way).await;
        self.tell(|| match &outcome {
            Ok(session) => session.facts().event(),
            Err(error) => TlsEvent::Failed { reason: error.to_string() },
        });
        outcome
    }

    async fn begin<S>(
        &self,
        host: &str,
        stream: S,
        way: &impl Reach,
    ) -> Result<TlsSession<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (connector, verifier) = match self.made()? {
            Made::Rustls { connector, verifier } => (connector, verifier),
            #[cfg(feature = "openssl")]
            Made::OpenSsl(platform) => return platform.connect(host, stream).await,
        };
        let name = ServerName::try_from(host).map_err(|_| TlsError::Name)?.to_owned();
        let connecting = connector.connect(name.clone(), stream);
        let session = connecting.await.map_err(TlsError::of_handshake)?;
        let connection = session.get_ref().1;
        let shown = connection.peer_certificates().unwrap_or_default();
        if connection.handshake_kind() == Some(HandshakeKind::Resumed) {
            verifier.look_again(&name, shown).map_err(TlsError::Certificate)?;
        }
        if let Some(revocation) = &self.revocation {
            // Boxed: it is a whole client in itself, too large for every handshake
            // to carry along on the stack.
            let vetted = Box::pin(revocation.vet(verifier, &name, shown, way)).await;
            vetted.map_err(TlsError::Certificate)?;
        }
        Ok(TlsSession::rustls(session))
    }

    fn tell(&self, event: impl FnOnce() -> TlsEvent) {
        if let Some(observer) = &self.settings.observer {
            observer.observe(&event());
        }
    }

    /// Whoever hears of each record, if somebody does.
    pub(crate) fn packet_observer(&self) -> Option<Arc<dyn TlsObserver>> {
        self.settings.observer.clone().filter(|_| self.settings.packet_log)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
