//! TLS: whom to trust, and the handshake.

use std::io;
use std::sync::Arc;

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

/// What is needed for a handshake; an error text if there can be none.
pub(crate) struct Tls(Result<TlsConnector, NoTls>);

/// Why no `https` URL can be reached.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum NoTls {
    #[error("b2-hyper was built without cryptography (feature aws-lc-rs or ring)")]
    NoProvider,
    #[error("no root certificate is trusted: the system has none and none was given")]
    NoRoots,
    #[error("the host of the URL is neither a name nor an address")]
    Name,
}

impl Tls {
    /// Trusts the certificates in `pem` and, if `platform` is set, those of
    /// the operating system.
    pub(crate) fn new(pem: &[Vec<u8>], platform: bool) -> Result<Self, BuildError> {
        let mut roots = RootCertStore::empty();
        for text in pem {
            add_pem(&mut roots, text)?;
        }
        if platform {
            add_platform(&mut roots);
        }
        if roots.is_empty() {
            // Not an error yet: who talks to an emulator without TLS inside a
            // bare container needs no certificates.
            return Ok(Self(Err(NoTls::NoRoots)));
        }
        let Some(provider) = provider() else {
            return Ok(Self(Err(NoTls::NoProvider)));
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| BuildError::Tls(Box::new(error)))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Ok(TlsConnector::from(Arc::new(config)))))
    }

    pub(crate) async fn handshake(
        &self,
        host: &str,
        socket: Socket,
    ) -> Result<Session, TransportError> {
        let connector = self.0.as_ref().map_err(|reason| failed(*reason))?;
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

fn add_pem(roots: &mut RootCertStore, text: &[u8]) -> Result<(), BuildError> {
    let mut any = false;
    for certificate in CertificateDer::pem_slice_iter(text) {
        let certificate = certificate.map_err(|error| BuildError::Pem(Box::new(error)))?;
        roots.add(certificate).map_err(|error| BuildError::Certificate(Box::new(error)))?;
        any = true;
    }
    if any { Ok(()) } else { Err(BuildError::NoCertificate) }
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
