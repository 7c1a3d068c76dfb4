//! Certificate stores by their kind.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

use super::own::{Found, Identity, IdentityError};
use super::{pem, pkcs7, pkcs12};
use crate::settings::SettingError;

/// The kind of a certificate store, with the numbers of `ssl_cert_store_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreType {
    /// 2 and 3: PKCS#12.
    Pkcs12,
    /// 6 and 7: a private key in PEM, with its certificates.
    Pem,
    /// 8 and 9: a certificate in PEM or DER, without a key.
    PublicKey,
    /// 11 and 12: the certificates of a PKCS#7 message, without a key.
    Pkcs7,
    /// 99: found out from the content.
    Auto,
}

impl StoreType {
    /// The kind of a number, and whether the store is named by its file.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unsupported`] for kinds that cannot be read here, with
    /// what to do instead, and [`SettingError::Value`] for no kind at all.
    pub fn from_number(number: u32) -> Result<(Self, bool), SettingError> {
        let unsupported = |name, because| Err(SettingError::unsupported(name, because));
        match number {
            2 => Ok((Self::Pkcs12, true)),
            3 => Ok((Self::Pkcs12, false)),
            6 => Ok((Self::Pem, true)),
            7 => Ok((Self::Pem, false)),
            8 => Ok((Self::PublicKey, true)),
            9 => Ok((Self::PublicKey, false)),
            11 => Ok((Self::Pkcs7, true)),
            12 => Ok((Self::Pkcs7, false)),
            99 => Ok((Self::Auto, true)),
            0 | 1 => unsupported(
                "the store of Windows",
                "it is not reachable without its own library; export the certificate to PKCS#12",
            ),
            21 | 22 => unsupported(
                "BCFKS",
                "no library reads it; convert it to PKCS#12 with keytool -importkeystore",
            ),
            _ => Err(SettingError::Value {
                name: "ssl_cert_store_type",
                expected: "2 or 3 (PKCS#12), 6 or 7 (PEM), 8 or 9 (certificate), 11 or 12 (PKCS#7), \
                           99 (found out)",
            }),
        }
    }
}

/// Opens a store that is at hand and picks the certificate of `subject`: `*`
/// or nothing is the first with a key, otherwise the whole subject or a part
/// of it, whatever the case.
///
/// # Errors
///
/// [`IdentityError::Password`] if the password is wrong;
/// [`IdentityError::Format`] if the store is of another kind.
///
/// ```
/// use b2_hyper::tls::{IdentityError, StoreType, open};
///
/// let error = open(b"nothing of the kind", StoreType::Auto, "", "*").unwrap_err();
/// assert!(matches!(error, IdentityError::Format(_)));
/// ```
pub fn open(
    store: &[u8],
    kind: StoreType,
    password: &str,
    subject: &str,
) -> Result<Identity, IdentityError> {
    // A blob may be Base64 instead of bytes.
    let decoded = if pem::looks_like(store) { None } else { base64(store) };
    let store = decoded.as_deref().unwrap_or(store);
    let found = match kind {
        StoreType::Pkcs12 => pkcs12::read(store, password)?,
        StoreType::Pem => pem::read(store, password)?,
        StoreType::PublicKey => public(store)?,
        StoreType::Pkcs7 => pkcs7::read(store)?,
        StoreType::Auto => detect(store, password)?,
    };
    Identity::select(found, subject)
}

fn detect(store: &[u8], password: &str) -> Result<Vec<Found>, IdentityError> {
    if pem::looks_like(store) {
        return match pem::section(store, "PKCS7") {
            Some(_) => pkcs7::read(store),
            None => pem::read(store, password),
        };
    }
    if pkcs12::looks_like(store) {
        return pkcs12::read(store, password);
    }
    public(store)
        .or_else(|_| pkcs7::read(store))
        .map_err(|_| IdentityError::Format("certificate store (PEM, PKCS#12, PKCS#7 or DER)"))
}

fn public(store: &[u8]) -> Result<Vec<Found>, IdentityError> {
    if pem::looks_like(store) {
        return pem::read(store, "");
    }
    let read = super::super::certificate::Certificate::from_der(store);
    read.map_err(|_| IdentityError::Format("certificate"))?;
    Ok(vec![Found { chain: vec![CertificateDer::from(store.to_vec())], key: None }])
}

/// The bytes of a Base64 text, if it is one.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}
