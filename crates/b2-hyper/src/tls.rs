//! TLS: whom to trust, and the handshake.

use std::io;
use std::sync::{Arc, OnceLock};

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use hyper_util::rt::TokioIo;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::error::BuildError;
use crate::socket::Socket;
use crate::stream::Session;

/// What is needed for a handshake.
///
/// The certificates of the system are read at the first handshake: there are
/// over a hundred, and whoever talks to an emulator without TLS needs none.
pub(crate) struct Tls {
    given: Vec<CertificateDer<'static>>,
    platform: bool,
    connector: OnceLock<Result<TlsConnector, NoTls>>,
}

/// Why no `https` URL can be reached.
#[derive(Clone, Debug, thiserror::Error)]
enum NoTls {
    #[error("b2-hyper was built without cryptography (feature aws-lc-rs or ring)")]
    NoProvider,
    #[error("no root certificate is trusted: the system has none and none was given")]
    NoRoots,
    #[error("the provider of the cryptography supports no version of TLS that is needed")]
    NoVersion(#[source] rustls::Error),
    #[error("the host of the URL is neither a name nor an address")]
    Name,
}

impl Tls {
    /// Trusts the certificates in `pem` and, if `platform` is set, those of
    /// the operating system.
    pub(crate) fn new(pem: &[Vec<u8>], platform: bool) -> Result<Self, BuildError> {
        let mut given = Vec::new();
        for text in pem {
            given.extend(certificates(text)?);
        }
        Ok(Self { given, platform, connector: OnceLock::new() })
    }

    fn connector(&self) -> Result<&TlsConnector, &NoTls> {
        self.connector.get_or_init(|| self.connect_with()).as_ref()
    }

    fn connect_with(&self) -> Result<TlsConnector, NoTls> {
        let mut roots = RootCertStore::empty();
        // Each was added to a store once before, when it was given.
        roots.add_parsable_certificates(self.given.iter().cloned());
        if self.platform {
            add_platform(&mut roots);
        }
        if roots.is_empty() {
            return Err(NoTls::NoRoots);
        }
        let mut config = ClientConfig::builder_with_provider(provider().ok_or(NoTls::NoProvider)?)
            .with_safe_default_protocol_versions()
            .map_err(NoTls::NoVersion)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }

    pub(crate) async fn handshake(
        &self,
        host: &str,
        socket: Socket,
    ) -> Result<Session, TransportError> {
        let connector = self.connector().map_err(|reason| failed(reason.clone()))?;
        let name = ServerName::try_from(host).map_err(|_| failed(NoTls::Name))?.to_owned();
        // Twice, because hyper-rustls keeps the socket as hyper wants to see it.
        let socket = TokioIo::new(TokioIo::new(socket));
        connector.connect(name, socket).await.map_err(refused)
    }
}

/// One side did not accept the other, or the line broke meanwhile.
fn refused(error: io::Error) -> TransportError {
    if error.kind() == io::ErrorKind::InvalidData {
        return failed(error);
    }
    TransportError::new(TransportErrorKind::Connect, Sent::Nothing).with_source(error)
}

fn failed(cause: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(TransportErrorKind::Tls, Sent::Nothing).with_source(cause)
}

/// The certificates in a PEM text, each fit to be a root.
fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(text) {
        let certificate = certificate.map_err(|error| BuildError::Pem(Box::new(error)))?;
        let mut roots = RootCertStore::empty();
        let added = roots.add(certificate.clone());
        added.map_err(|error| BuildError::Certificate(Box::new(error)))?;
        found.push(certificate);
    }
    if found.is_empty() { Err(BuildError::NoCertificate) } else { Ok(found) }
}

/// A store with a certificate that rustls cannot read is still a good store.
#[cfg(feature = "platform-roots")]
fn add_platform(roots: &mut RootCertStore) {
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
}

#[cfg(not(feature = "platform-roots"))]
fn add_platform(_: &mut RootCertStore) {}

/// The provider is passed explicitly: a library must not choose one for the
/// whole process.
#[cfg(feature = "aws-lc-rs")]
fn provider() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn provider() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
fn provider() -> Option<Arc<CryptoProvider>> {
    None
}
