//! PKCS#12, also called PFX; stores of Java since version 9 are such files
//! too.

use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::own::{Found, IdentityError};

const FORMAT: &str = "PKCS#12 store";

pub(super) fn read(bytes: &[u8], password: &str) -> Result<Vec<Found>, IdentityError> {
    // The outermost SEQUENCE with version 3: told apart from a wrong password.
    if !looks_like(bytes) {
        return Err(IdentityError::Format(FORMAT));
    }
    let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed);
    let store = store.map_err(|_| IdentityError::Password)?;
    let found = store.entries().filter_map(|(_, entry)| match entry {
        KeyStoreEntry::PrivateKeyChain(chain) => {
            let key = PrivatePkcs8KeyDer::from(chain.key().as_der().to_vec());
            let certificates = chain.certs().iter();
            let chain = certificates.map(|each| CertificateDer::from(each.as_der().to_vec()));
            Some(Found::new(chain.collect(), Some(PrivateKeyDer::from(key))))
        }
        KeyStoreEntry::Certificate(certificate) => {
            let der = CertificateDer::from(certificate.as_der().to_vec());
            Some(Found::new(vec![der], None))
        }
        _ => None,
    });
    Ok(found.collect())
}

/// Whether these bytes begin as such a store does.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let version = |at: usize| bytes.get(at..at + 3) == Some(&[2, 1, 3]);
    bytes.first() == Some(&0x30) && (version(2) || version(3) || version(4) || version(5))
}
