//! Choices about TLS.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::error::BuildError;
use crate::settings::SettingError;

use super::backend::Backend;
use super::certificate::Certificate;
use super::event::TlsObserver;
use super::group::{Groups, KeyShare};
use super::identity::{Identity, PublicKey};
use super::roots::{certificates, revocation_lists};
use super::session::Tls;
use super::signatures::SignatureAlgorithms;
use super::suites::CipherSuites;
use super::verify::{CertificatePolicy, OverridingPolicy, Policy, SecurityFlags};
use super::versions::Versions;

/// Choices about TLS, from which a [`Tls`] is made.
///
/// ```
/// use b2_hyper::tls::{CipherSuites, TlsSettings, Versions};
///
/// let tls = TlsSettings::new()
///     .with_versions(Versions::tls_1_3())
///     .with_cipher_suites(CipherSuites::parse("TLS_AES_256_GCM_SHA384")?)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct TlsSettings {
    pub(super) backend: Backend,
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) root_paths: Vec<PathBuf>,
    /// Lists of places, of which one has to be there.
    pub(super) root_choices: Vec<Vec<PathBuf>>,
    pub(super) platform_roots: bool,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) versions: Versions,
    pub(super) suites: Option<CipherSuites>,
    pub(super) cipher_bits: u16,
    pub(super) groups: Option<Groups>,
    pub(super) signatures: Option<SignatureAlgorithms>,
    pub(super) resumption: bool,
    pub(super) key_log: Option<PathBuf>,
    pub(super) identity: Option<Identity>,
    pub(super) policy: Option<Policy>,
    pub(super) flags: SecurityFlags,
    pub(super) accepted: Vec<Certificate>,
    pub(super) revocation_lists: Vec<Vec<u8>>,
    pub(super) revocation: RevocationCheck,
    pub(super) fetched_lists: Option<RevocationCheck>,
    pub(super) responders: Option<RevocationCheck>,
    pub(super) nobody_to_ask: bool,
    pub(super) observer: Option<Arc<dyn TlsObserver>>,
    pub(super) packet_log: bool,
    pub(super) key_share: Option<KeyShare>,
    pub(super) bundled_roots: bool,
    pub(super) accepted_keys: Vec<PublicKey>,
    #[cfg(feature = "openssl")]
    pub(super) cipher_list: Option<super::platform::CipherList>,
    #[cfg(feature = "openssl")]
    pub(super) hashed_roots: Vec<PathBuf>,
}

/// What is asked of those who know which certificates are revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationCheck {
    /// A certificate that nobody speaks of is accepted. Whoever can cut this
    /// machine off from those who know can hide a revocation.
    #[default]
    Soft,
    /// A certificate that nobody speaks of is refused.
    Hard,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            backend: Backend::default(),
            roots: Vec::new(),
            root_paths: Vec::new(),
            root_choices: Vec::new(),
            platform_roots: true,
            alpn: Vec::new(),
            versions: Versions::default(),
            suites: None,
            cipher_bits: 0,
            groups: None,
            signatures: None,
            resumption: true,
            key_log: None,
            identity: None,
            policy: None,
            flags: SecurityFlags::none(),
            accepted: Vec::new(),
            revocation_lists: Vec::new(),
            revocation: RevocationCheck::default(),
            fetched_lists: None,
            responders: None,
            nobody_to_ask: false,
            observer: None,
            packet_log: false,
            key_share: None,
            bundled_roots: false,
            accepted_keys: Vec::new(),
            #[cfg(feature = "openssl")]
            cipher_list: None,
            #[cfg(feature = "openssl")]
            hashed_roots: Vec::new(),
        }
    }
}

impl TlsSettings {
    /// The roots of the system and the defaults of the library.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which library speaks TLS; [`Backend::Automatic`] unless told.
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Also trusts the certificates in `pem`, for example that of an emulator:
    /// whomever they vouch for, and a server that shows one of them itself.
    pub fn with_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.push(pem.as_ref().to_vec());
        self
    }

    /// Also trusts the certificates in a file in PEM, or in all files of a
    /// folder. Files of a folder that hold no certificate are left out. They
    /// are read when the [`Tls`] is built.
    pub fn with_root_certificates_at(mut self, path: impl Into<PathBuf>) -> Self {
        self.root_paths.push(path.into());
        self
    }

    /// As [`with_root_certificates_at`](Self::with_root_certificates_at), for
    /// several places of which not every system has all (`SSLCACertFilePaths`):
    /// those that are not there are left out, and it is an error if none is.
    pub fn with_root_certificates_at_any<P: Into<PathBuf>>(
        mut self,
        paths: impl IntoIterator<Item = P>,
    ) -> Self {
        self.root_choices.push(paths.into_iter().map(Into::into).collect());
        self
    }

    /// Whether to trust the root certificates of the operating system, on
    /// Unix those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name; yes unless
    /// told, and never without the feature `platform-roots`. OpenSSL finds
    /// them itself.
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

    /// The versions that are spoken; 1.2 and 1.3 unless told.
    pub fn with_versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// The cipher suites that are offered; all unless told.
    pub fn with_cipher_suites(mut self, suites: CipherSuites) -> Self {
        self.suites = Some(suites);
        self
    }

    /// The shortest key of a cipher that is offered, in bits; 0, the default,
    /// leaves all, and more than 256 none.
    pub fn with_cipher_strength(mut self, bits: u16) -> Self {
        self.cipher_bits = bits;
        self
    }

    /// The groups of the key exchange that are offered; those of the library
    /// unless told. OpenSSL takes certificates of their curves only in TLS 1.2.
    pub fn with_groups(mut self, groups: Groups) -> Self {
        self.groups = Some(groups);
        self
    }

    /// The signature algorithms that are accepted; all of rustls unless told.
    pub fn with_signature_algorithms(mut self, algorithms: SignatureAlgorithms) -> Self {
        self.signatures = Some(algorithms);
        self
    }

    /// Whether a session may be resumed by the next connection, which saves
    /// half of the handshake and tells the server that it is the same client;
    /// yes unless told, and never with OpenSSL.
    pub fn with_session_reuse(mut self, reuse: bool) -> Self {
        self.resumption = reuse;
        self
    }

    /// A file that the secrets of all sessions are appended to. Whoever reads
    /// it can read the traffic: it is for looking at one's own. A link, and on
    /// Unix a file that others than its owner may read or write, is an error
    /// of [`build`](Self::build).
    pub fn with_key_log(mut self, file: impl Into<PathBuf>) -> Self {
        self.key_log = Some(file.into());
        self
    }

    /// The certificate that is shown to servers that ask for one, but not to
    /// proxies.
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// How long the key of the own certificate may take to sign, unless that
    /// was told.
    #[cfg(feature = "pkcs11")]
    pub(crate) fn with_usual_signing_timeout(mut self, timeout: Duration) -> Self {
        self.identity = self.identity.map(|own| own.with_usual_signing_timeout(timeout));
        self
    }

    /// Only tokens take time.
    #[cfg(not(feature = "pkcs11"))]
    pub(crate) fn with_usual_signing_timeout(self, _: Duration) -> Self {
        self
    }

    /// For a proxy, which is not whom the own certificate is meant for.
    pub(crate) fn without_identity(mut self) -> Self {
        self.identity = None;
        self
    }

    /// Asks `policy` about each certificate of a server. It can refuse what
    /// would be accepted, and sees what is refused, but cannot accept it. Of
    /// several policies the last one counts.
    pub fn with_certificate_policy(mut self, policy: impl CertificatePolicy) -> Self {
        self.policy = Some(Policy::Refusing(Arc::new(policy)));
        self
    }

    /// A list of revoked certificates (CRL), in PEM or DER. A certificate
    /// that one of the lists revokes is refused, and so is one whose list is
    /// too old.
    pub fn with_revocation_list(mut self, list: impl AsRef<[u8]>) -> Self {
        self.revocation_lists.push(list.as_ref().to_vec());
        self
    }

    /// What is asked of the lists that were given.
    pub fn with_revocation_check(mut self, check: RevocationCheck) -> Self {
        self.revocation = check;
        self
    }

    /// Fetches the lists of revoked certificates that the certificates of the
    /// server's chain name (`SSLCheckCRL`), between the handshake and the
    /// first byte of a request; nothing is fetched unless told.
    ///
    /// A list is fetched over plain HTTP, by the way that requests to `http`
    /// URLs take, within 5 seconds and the time for connections, up to
    /// 16 MiB, and kept until its successor is due, but for 7 days at most. A certificate that a list
    /// revokes is refused, and so is one whose list is out of date or not
    /// signed by its issuer. With [`Soft`](RevocationCheck::Soft) a certificate
    /// that names no list, or none that can be had, is accepted; with
    /// [`Hard`](RevocationCheck::Hard) it is refused, but an authority in the
    /// chain need not name one. It holds for the certificate of a TLS proxy
    /// too, about which is asked directly; behind a firewall nobody can be.
    pub fn with_fetched_revocation_lists(mut self, check: RevocationCheck) -> Self {
        self.fetched_lists = Some(check);
        self
    }

    /// Asks a responder whether the certificate of the server is revoked
    /// (`SSLCheckOCSP`): takes the answer that the server sends along, or else
    /// asks the responder that the certificate names, between the handshake
    /// and the first byte of a request; nobody is asked unless told.
    ///
    /// An answer counts if the issuer, or whoever it has made a responder, has
    /// signed it, and while it says that it holds; it is kept that long, but for
    /// 7 days at most. With
    /// [`Soft`](RevocationCheck::Soft) a certificate that names no responder,
    /// or none that answers or knows it, is accepted; with
    /// [`Hard`](RevocationCheck::Hard) it is refused. An answer that must not
    /// be believed refuses it either way. The way and the limits are those of
    /// [`with_fetched_revocation_lists`](Self::with_fetched_revocation_lists),
    /// but for a length of 256 KiB.
    pub fn with_responder_check(mut self, check: RevocationCheck) -> Self {
        self.responders = Some(check);
        self
    }

    /// For a proxy that is not reached directly: nobody can be asked about its
    /// certificate without going round what is before it. What it staples
    /// counts, and what is demanded beyond that is missing.
    pub(crate) fn with_nobody_to_ask(mut self) -> Self {
        self.nobody_to_ask = true;
        self
    }

    /// Tells `observer` each step of each handshake.
    pub fn with_observer(mut self, observer: impl TlsObserver) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Whether the observer hears of each record too (`LogSSLPackets`); no
    /// unless told. It costs little, and shows nothing of what is inside.
    pub fn with_packet_log(mut self, log: bool) -> Self {
        self.packet_log = log;
        self
    }

    /// The group of which a key is made before the handshake; the first that is
    /// offered unless told.
    pub fn with_key_share(mut self, share: KeyShare) -> Self {
        self.key_share = Some(share);
        self
    }

    /// Whether to trust the root certificates of Mozilla that are built in
    /// with the feature `bundled-roots`; no unless told. They are as old as
    /// the release that they came with.
    #[cfg(feature = "bundled-roots")]
    pub fn with_bundled_roots(mut self, trust: bool) -> Self {
        self.bundled_roots = trust;
        self
    }

    /// As [`with_certificate_policy`](Self::with_certificate_policy), but
    /// `policy` may accept what is refused, for example after a person was
    /// shown the fingerprint. Whatever it accepts is as good as verified:
    /// whoever can make it accept a certificate can read everything.
    pub fn dangerous_certificate_policy(mut self, policy: impl OverridingPolicy) -> Self {
        self.policy = Some(Policy::Overriding(Arc::new(policy)));
        self
    }

    /// Whether somebody may be accepted for whom no root vouches.
    pub(super) fn accepts_others(&self) -> bool {
        !self.accepted.is_empty()
            || !self.accepted_keys.is_empty()
            || self.flags != SecurityFlags::none()
            || self.policy.as_ref().is_some_and(Policy::overrides)
    }

    /// Accepts every certificate that has this public key, whatever else is
    /// wrong with it and whichever host shows it.
    pub fn dangerous_accept_public_key(mut self, key: PublicKey) -> Self {
        self.accepted_keys.push(key);
        self
    }

    /// Accepts this one certificate, whatever is wrong with it and whichever
    /// host shows it.
    pub fn dangerous_accept_certificate(mut self, certificate: Certificate) -> Self {
        self.accepted.push(certificate);
        self
    }

    /// Leaves out checks of the certificates of servers.
    pub fn dangerous_ignore(mut self, flags: SecurityFlags) -> Self {
        self.flags = flags;
        self
    }

    /// Reads what was given. The certificates of the system are read at the
    /// first handshake, and never again.
    ///
    /// # Errors
    ///
    /// If a certificate or list that was given cannot be read, the file of the
    /// key log not be opened, the [`Backend`] cannot do what was chosen, or no
    /// group of the [`KeyShare`] is among the [`Groups`].
    pub fn build(&self) -> Result<Tls, BuildError> {
        let openssl = self.backend.is_openssl(self)?;
        self.check_key_share()?;
        let mut given = Vec::new();
        for text in &self.roots {
            given.extend(certificates(text)?);
        }
        for path in &self.root_paths {
            given.extend(super::roots::at(path)?);
        }
        for paths in &self.root_choices {
            given.extend(super::roots::at_any(paths)?);
        }
        #[cfg(feature = "openssl")]
        for path in &self.hashed_roots {
            // OpenSSL would not say that a folder is not there.
            let looked = std::fs::read_dir(path).map(drop);
            looked.map_err(|source| BuildError::File { path: path.clone(), source })?;
        }
        let lists = revocation_lists(&self.revocation_lists)?;
        Tls::new(self.clone(), given, lists, openssl)
    }
}

impl TlsSettings {
    /// A share of groups that must not be offered could only be ignored, or
    /// offer them in spite of the list.
    fn check_key_share(&self) -> Result<(), SettingError> {
        match (&self.groups, &self.key_share) {
            (Some(groups), Some(share)) if groups.leave_out(share) => {
                let expected = "a group of TLS13SupportedGroups; add one of these there, or leave \
                                one of the two settings empty";
                Err(SettingError::Value { name: "TLS13KeyShareGroups", expected })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("backend", &self.backend)
            .field("platform_roots", &self.platform_roots)
            .field("versions", &self.versions)
            .field("identity", &self.identity)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}
