//! Choices that only OpenSSL has, and those that it has not.

use std::path::PathBuf;

use crate::settings::SettingError;

use super::super::backend::Backend;
use super::super::settings::{RevocationCheck, TlsSettings};
use super::ciphers::CipherList;

const NO_REVOCATION: &str = "OpenSSL is not asked about revocation here; use the backend Rustls \
                             (SSLProvider=2)";
const NO_STRENGTH: &str = "OpenSSL takes it from its cipher list; use @STRENGTH, HIGH or names in \
                           OpenSSLCipherList";
const NO_SIGNATURES: &str = "only the internal provider restricts signatures; use @SECLEVEL in \
                             OpenSSLCipherList, or the backend Rustls (SSLProvider=2)";
const NO_SHARE: &str = "OpenSSL makes a key of the first group; put it first in \
                        TLS13SupportedGroups";
const ONE_LIST: &str = "OpenSSL has one list of groups for all versions; name the same in \
                        TLS12SupportedGroups and TLS13SupportedGroups, speak one version, or use \
                        the backend Rustls (SSLProvider=2)";
const NO_BUNDLED: &str = "OpenSSL needs whole certificates, which are not built in; use those of \
                          the system, a file or a folder";
const TWO_LISTS: &str = "there is an OpenSSLCipherList; use one of the two";
const NO_TOKEN: &str = "OpenSSL needs the key itself; use the backend Rustls (SSLProvider=2)";

impl TlsSettings {
    /// The cipher suites that OpenSSL offers before TLS 1.3
    /// (`OpenSSLCipherList`); its default unless told.
    pub fn with_cipher_list(mut self, list: CipherList) -> Self {
        self.cipher_list = Some(list);
        self
    }

    /// Whether OpenSSL would speak TLS with what has been chosen so far.
    pub(crate) fn is_openssl(&self) -> bool {
        self.backend.is_openssl(self).unwrap_or(self.backend == Backend::OpenSsl)
    }

    /// Also trusts the certificates in a folder in which OpenSSL finds them by
    /// the hash of their subject, as `openssl rehash` makes it
    /// (`OpenSSLCADir`). It is read in each handshake, so what is put there
    /// counts at once. A file that is not linked to by its hash is not seen;
    /// [`with_root_certificates_at`](Self::with_root_certificates_at) sees all
    /// files.
    pub fn with_hashed_roots_at(mut self, folder: impl Into<PathBuf>) -> Self {
        self.hashed_roots.push(folder.into());
        self
    }
}

/// Refuses what was chosen and OpenSSL cannot do here.
pub(in super::super) fn check(settings: &TlsSettings) -> Result<(), SettingError> {
    if settings.versions.has_gap() {
        // Of such a choice OpenSSL would speak the oldest versions only.
        let expected = "versions one after the other: OpenSSL can leave out none in between";
        return Err(SettingError::Value { name: "SSLEnabledProtocols", expected });
    }
    let asks = settings.fetched_lists.is_some()
        || !settings.revocation_lists.is_empty()
        || settings.revocation == RevocationCheck::Hard;
    let token = settings.identity.as_ref().is_some_and(|own| own.plain_key().is_none());
    // OpenSSL takes a colon for the end of a folder's name.
    let odd = |folder: &PathBuf| folder.to_str().is_none_or(|name| name.contains([':', '\0']));
    if settings.hashed_roots.iter().any(odd) {
        let expected = "a folder whose name is text without colons";
        return Err(SettingError::Value { name: "OpenSSLCADir", expected });
    }
    let groups_differ = settings.groups.as_ref().is_some_and(|it| it.differ_in(settings.versions));
    let refused = [
        (groups_differ, "a list of groups for each version", ONE_LIST),
        (asks, "a list of revoked certificates", NO_REVOCATION),
        (settings.responders.is_some(), "SSLCheckOCSP", NO_REVOCATION),
        (settings.cipher_bits > 0, "SSLCipherStrength", NO_STRENGTH),
        (settings.signatures.is_some(), "a list of signature algorithms", NO_SIGNATURES),
        (settings.key_share.is_some(), "TLS13KeyShareGroups", NO_SHARE),
        (settings.bundled_roots, "a built-in root certificate", NO_BUNDLED),
        (
            settings.cipher_list.is_some() && settings.suites.is_some(),
            "SSLEnabledCipherSuites",
            TWO_LISTS,
        ),
        (token, "a client certificate whose key is in a token", NO_TOKEN),
    ];
    match refused.into_iter().find(|(is, ..)| *is) {
        Some((_, name, because)) => Err(SettingError::unsupported(name, because)),
        None => Ok(()),
    }
}
