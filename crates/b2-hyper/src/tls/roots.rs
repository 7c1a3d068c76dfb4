//! Whom to trust.

use std::path::{Path, PathBuf};

use super::file;
use super::revocation::Given;
use crate::error::BuildError;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

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

#[cfg(feature = "bundled-roots")]
pub(super) fn add_bundled(roots: &mut RootCertStore) {
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
}

#[cfg(not(feature = "bundled-roots"))]
pub(super) fn add_bundled(_: &mut RootCertStore) {}

/// The certificates in a file, or in all files of a folder.
pub(super) fn at(path: &Path) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let failed = |source| BuildError::File { path: path.to_path_buf(), source };
    if !path.is_dir() {
        return certificates(&file::read(path).map_err(failed)?);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // Folders of certificates have indexes and links in them.
        if path.is_file() {
            let text = file::read(&path).map_err(failed)?;
            found.extend(certificates(&text).unwrap_or_default());
        }
    }
    if found.is_empty() { Err(BuildError::NoCertificate) } else { Ok(found) }
}

/// The certificates in those places that are there.
pub(super) fn at_any(paths: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let mut there = paths.iter().filter(|path| path.exists()).peekable();
    if there.peek().is_none() {
        return Err(BuildError::NoRootFile(paths.to_vec()));
    }
    let mut found: Vec<_> = Vec::new();
    for path in there {
        // Some are links to others.
        found.extend(at(path)?.into_iter().filter(|der| !found.contains(der)).collect::<Vec<_>>());
    }
    Ok(found)
}

/// The lists of revoked certificates in PEM or DER.
pub(super) fn revocation_lists(given: &[Vec<u8>]) -> Result<Vec<Given>, BuildError> {
    let mut lists = Vec::new();
    for bytes in given {
        let mut ders: Vec<_> =
            CertificateRevocationListDer::pem_slice_iter(bytes).flatten().collect();
        if ders.is_empty() {
            ders.push(CertificateRevocationListDer::from(bytes.clone()));
        }
        for der in ders {
            let list = Given::read(&der);
            lists.push(list.map_err(|error| BuildError::RevocationList(Box::new(error)))?);
        }
    }
    Ok(lists)
}
