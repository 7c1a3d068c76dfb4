//! Whom to trust.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::BuildError;

/// The certificates in a PEM text, each fit to be a root.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, BuildError> {
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
pub(super) fn add_platform(roots: &mut RootCertStore) {
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
}

#[cfg(not(feature = "platform-roots"))]
pub(super) fn add_platform(_: &mut RootCertStore) {}
