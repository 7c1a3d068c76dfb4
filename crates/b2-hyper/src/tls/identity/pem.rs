//! Certificates and keys in PEM.

use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::keys::PublicKey;
use super::own::{Found, IdentityError};
use super::{ssh, work};

const FORMAT: &str = "PEM";

/// All certificates as one chain, with the key if there is one.
pub(super) fn read(text: &[u8], password: &str) -> Result<Vec<Found>, IdentityError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let chain = chain.map_err(|_| IdentityError::Format(FORMAT))?;
    if let Some(section) = section(text, ssh::LABEL) {
        let mut found = ssh::read_openssh(&section, password)?;
        found.iter_mut().for_each(|found| found.chain.clone_from(&chain));
        return Ok(found);
    }
    let key = match PrivateKeyDer::from_pem_slice(text) {
        Ok(key) => Some(key),
        Err(rustls::pki_types::pem::Error::NoItemsFound) => encrypted(text, password)?,
        Err(_) => return Err(IdentityError::Format(FORMAT)),
    };
    let public = section(text, "PUBLIC KEY").map(PublicKey::from_der);
    if chain.is_empty() && key.is_none() && public.is_none() {
        return Err(IdentityError::Format(FORMAT));
    }
    Ok(vec![Found { public, ..Found::new(chain, key) }])
}

fn encrypted(text: &[u8], password: &str) -> Result<Option<PrivateKeyDer<'static>>, IdentityError> {
    let Some(der) = section(text, "ENCRYPTED PRIVATE KEY") else { return Ok(None) };
    let info = EncryptedPrivateKeyInfoRef::try_from(&*der);
    let info = info.map_err(|_| IdentityError::Format(FORMAT))?;
    work::check(&info.encryption_algorithm)?;
    let key = info.decrypt(password).map_err(|_| IdentityError::Password)?;
    Ok(Some(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into()))
}

/// Whether a text looks like PEM.
pub(super) fn looks_like(text: &[u8]) -> bool {
    let begin = b"-----BEGIN ";
    text.windows(begin.len()).take(64 * 1024).any(|window| window == begin)
}

/// The bytes of the first section with this label.
pub(super) fn section(text: &[u8], label: &str) -> Option<Vec<u8>> {
    let text = str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (inside, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let inside: String = inside.split_whitespace().collect();
    super::store::base64(inside.as_bytes())
}
