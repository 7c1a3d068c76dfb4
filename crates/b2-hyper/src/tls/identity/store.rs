//! Certificate stores by their kind.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

use super::super::certificate::Certificate;
use super::keys::PublicKey;
use super::own::{Found, Identity, IdentityError, pick};
use super::{jks, jwk, pem, pkcs7, pkcs12, ssh, xml};
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
    /// 4 and 5: a key store of Java before version 9.
    Jks,
    /// 10 and 13: a public key of SSH, which can only be
    /// [accepted](open_accepted).
    SshPublicKey,
    /// 14 and 15: a private key of PuTTY, without a certificate.
    Ppk,
    /// 16 and 17: an RSA key in XML, perhaps with certificates.
    Xml,
    /// 18 and 19: a JSON Web Key or a set of them, perhaps with certificates.
    Jwk,
    /// 23: a module of PKCS#11, which is opened with
    /// `open_token`.
    Pkcs11,
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
            4 => Ok((Self::Jks, true)),
            5 => Ok((Self::Jks, false)),
            10 => Ok((Self::SshPublicKey, false)),
            11 => Ok((Self::Pkcs7, true)),
            12 => Ok((Self::Pkcs7, false)),
            13 => Ok((Self::SshPublicKey, true)),
            14 => Ok((Self::Ppk, true)),
            15 => Ok((Self::Ppk, false)),
            16 => Ok((Self::Xml, true)),
            17 => Ok((Self::Xml, false)),
            18 => Ok((Self::Jwk, true)),
            19 => Ok((Self::Jwk, false)),
            #[cfg(feature = "pkcs11")]
            23 => Ok((Self::Pkcs11, false)),
            #[cfg(not(feature = "pkcs11"))]
            23 => unsupported("PKCS#11", "it was built without the feature pkcs11; build with it"),
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
                expected: "2 or 3 (PKCS#12), 4 or 5 (JKS), 6 or 7 (PEM), 8 or 9 (certificate), 10 or \
                           13 (SSH public key), 11 or 12 (PKCS#7), 14 or 15 (PPK), 16 or 17 (XML), \
                           18 or 19 (JWK), 23 (PKCS#11), 99 (found out)",
            }),
        }
    }
}

const ANY: &str = "certificate store (PEM, PKCS#12, PKCS#7, JKS, JWK, XML, PPK, SSH or DER)";

/// Whether a store whose kind was to be found out is of no kind at all.
pub(crate) fn is_no_store(error: &IdentityError) -> bool {
    matches!(error, IdentityError::Format(expected) if *expected == ANY)
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
    Identity::select(&read(store, kind, password)?, subject)
}

/// As [`open`], for a store of private keys whose certificate is elsewhere:
/// takes the key of the first certificate of `chain`.
///
/// # Errors
///
/// As for [`open`]; [`IdentityError::Mismatch`] if no key is that of the
/// certificate.
pub fn open_with_certificate(
    store: &[u8],
    kind: StoreType,
    password: &str,
    chain: Vec<CertificateDer<'static>>,
) -> Result<Identity, IdentityError> {
    Identity::combine(&read(store, kind, password)?, chain)
}

/// What is accepted of a server, whatever is wrong with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Accepted {
    /// This certificate.
    Certificate(Box<Certificate>),
    /// Every certificate with this public key.
    PublicKey(PublicKey),
}

/// Opens a store and picks the certificate of `subject`, as [`open`] does, or
/// else the public key in it, to be accepted of a server. No private key has
/// to be there.
///
/// # Errors
///
/// As for [`open`].
///
/// ```
/// use b2_hyper::tls::{Accepted, StoreType, TlsSettings, open_accepted};
///
/// let line = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
/// let mut settings = TlsSettings::new();
/// settings = match open_accepted(line, StoreType::Auto, "", "*")? {
///     Accepted::Certificate(certificate) => settings.dangerous_accept_certificate(*certificate),
///     Accepted::PublicKey(key) => settings.dangerous_accept_public_key(key),
///     _ => settings,
/// };
/// # Ok::<(), b2_hyper::tls::IdentityError>(())
/// ```
pub fn open_accepted(
    store: &[u8],
    kind: StoreType,
    password: &str,
    subject: &str,
) -> Result<Accepted, IdentityError> {
    let found = read(store, kind, password)?;
    let chosen = pick(&found, subject).ok_or(IdentityError::NoCertificate)?;
    if let Some(first) = chosen.chain.first() {
        let read =
            Certificate::from_der(first).map_err(|_| IdentityError::Format("certificate"))?;
        return Ok(Accepted::Certificate(Box::new(read)));
    }
    let of_private = || chosen.key.as_ref().and_then(super::super::provider::public_key);
    let key = chosen.public.clone().or_else(of_private);
    key.map(Accepted::PublicKey).ok_or(IdentityError::NoCertificate)
}

fn read(store: &[u8], kind: StoreType, password: &str) -> Result<Vec<Found>, IdentityError> {
    // A blob may be Base64 instead of bytes.
    let decoded = if pem::looks_like(store) { None } else { base64(store) };
    let store = decoded.as_deref().unwrap_or(store);
    match kind {
        StoreType::Pkcs12 => pkcs12::read(store, password),
        StoreType::Pem => pem::read(store, password),
        StoreType::PublicKey => public(store),
        StoreType::Pkcs7 => pkcs7::read(store),
        StoreType::Jks => jks::read(store, password),
        StoreType::SshPublicKey => ssh::read_public(store),
        StoreType::Ppk => ssh::read_ppk(store, password),
        StoreType::Xml => xml::read(store),
        StoreType::Jwk => jwk::read(store),
        StoreType::Pkcs11 => Err(IdentityError::Unsupported(SettingError::unsupported(
            "PKCS#11 in a file or its content",
            "keys stay in the token; name its module with open_token",
        ))),
        StoreType::Auto => detect(store, password),
    }
}

fn detect(store: &[u8], password: &str) -> Result<Vec<Found>, IdentityError> {
    if ssh::looks_like_public(store) {
        return ssh::read_public(store);
    }
    if ssh::looks_like_ppk(store) {
        return ssh::read_ppk(store, password);
    }
    if jks::looks_like(store) {
        return jks::read(store, password);
    }
    if jwk::looks_like(store) {
        return jwk::read(store);
    }
    if xml::looks_like(store) {
        return xml::read(store);
    }
    if pem::looks_like(store) {
        return match pem::section(store, "PKCS7") {
            Some(_) => pkcs7::read(store),
            None => pem::read(store, password),
        };
    }
    if pkcs12::looks_like(store) {
        return pkcs12::read(store, password);
    }
    public(store).or_else(|_| pkcs7::read(store)).map_err(|_| IdentityError::Format(ANY))
}

fn public(store: &[u8]) -> Result<Vec<Found>, IdentityError> {
    if pem::looks_like(store) {
        return pem::read(store, "");
    }
    let read = Certificate::from_der(store);
    read.map_err(|_| IdentityError::Format("certificate"))?;
    Ok(vec![Found::new(vec![CertificateDer::from(store.to_vec())], None)])
}

/// The bytes of a Base64 text, if it is one.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}
