//! Signature algorithms by name.

use rustls::SignatureScheme;

use super::versions::Versions;
use crate::settings::SettingError;

const NOT_HAD: &str = "rustls checks no signatures of this kind; leave it out";

/// The signature algorithms that are accepted from servers, in handshakes and
/// in the chains of their certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct SignatureAlgorithms {
    /// `None` for all that there are.
    tls12: Option<Vec<SignatureScheme>>,
    tls13: Option<Vec<SignatureScheme>>,
}

impl SignatureAlgorithms {
    /// Algorithms separated by commas, by the names of TLS 1.3 such as
    /// `ecdsa_secp256r1_sha256` or `rsa_pss_sha256`, or those of TLS 1.2 such
    /// as `sha256-rsa`. They are for all versions;
    /// [`by_version`](Self::by_version) tells them apart.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unknown`] for a name that is none, and
    /// [`SettingError::Unsupported`] for one that rustls does not have.
    pub fn parse(names: &str) -> Result<Self, SettingError> {
        let mut chosen = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            chosen.extend_from_slice(find(name)?);
        }
        if chosen.is_empty() {
            let expected = "names of signature algorithms separated by commas";
            return Err(SettingError::Value { name: "TLS13SignatureAlgorithms", expected });
        }
        Ok(Self { tls12: Some(chosen.clone()), tls13: Some(chosen) })
    }

    /// Some for TLS 1.2 and others for TLS 1.3; where there are none, all are
    /// accepted.
    ///
    /// A client sends one list, so a server is told of those of all versions
    /// that are spoken, those of TLS 1.2 first. The signature of its handshake
    /// has to be one of the version that it has chosen: one that takes another
    /// in TLS 1.2 is refused. In the chain of its certificate any of the list
    /// may stand.
    pub fn by_version(tls12: Option<Self>, tls13: Option<Self>) -> Self {
        Self {
            tls12: tls12.and_then(|algorithms| algorithms.tls12),
            tls13: tls13.and_then(|algorithms| algorithms.tls13),
        }
    }

    pub(super) fn allows_in_1_2(&self, scheme: SignatureScheme) -> bool {
        self.tls12.as_ref().is_none_or(|chosen| chosen.contains(&scheme))
    }

    pub(super) fn allows_in_1_3(&self, scheme: SignatureScheme) -> bool {
        self.tls13.as_ref().is_none_or(|chosen| chosen.contains(&scheme))
    }

    /// Whether it is told to servers, if these versions are spoken.
    pub(super) fn offers(&self, scheme: SignatureScheme, versions: Versions) -> bool {
        versions.tls_1_2 && self.allows_in_1_2(scheme)
            || versions.tls_1_3 && self.allows_in_1_3(scheme)
    }
}

fn find(name: &str) -> Result<&'static [SignatureScheme], SettingError> {
    use SignatureScheme as S;
    Ok(match name {
        "ed25519" => &[S::ED25519],
        "ecdsa_secp256r1_sha256" => &[S::ECDSA_NISTP256_SHA256],
        "ecdsa_secp384r1_sha384" => &[S::ECDSA_NISTP384_SHA384],
        "ecdsa_secp521r1_sha512" => &[S::ECDSA_NISTP521_SHA512],
        "rsa_pkcs1_sha256" => &[S::RSA_PKCS1_SHA256],
        "rsa_pkcs1_sha384" => &[S::RSA_PKCS1_SHA384],
        "rsa_pkcs1_sha512" => &[S::RSA_PKCS1_SHA512],
        "rsa_pss_sha256" => &[S::RSA_PSS_SHA256],
        "rsa_pss_sha384" => &[S::RSA_PSS_SHA384],
        "rsa_pss_sha512" => &[S::RSA_PSS_SHA512],
        // In TLS 1.2 a hash may go with any curve.
        "sha256-ecdsa" => &[S::ECDSA_NISTP256_SHA256],
        "sha384-ecdsa" => &[S::ECDSA_NISTP384_SHA384],
        "sha512-ecdsa" => &[S::ECDSA_NISTP521_SHA512],
        "sha256-rsa" => &[S::RSA_PKCS1_SHA256, S::RSA_PSS_SHA256],
        "sha384-rsa" => &[S::RSA_PKCS1_SHA384, S::RSA_PSS_SHA384],
        "sha512-rsa" => &[S::RSA_PKCS1_SHA512, S::RSA_PSS_SHA512],
        "ed448" | "sha224-ecdsa" | "sha224-rsa" | "sha1-ecdsa" | "sha1-rsa" | "sha512-dsa"
        | "sha384-dsa" | "sha256-dsa" | "sha224-dsa" | "sha1-dsa" => {
            return Err(SettingError::unsupported(name, NOT_HAD));
        }
        _ => return Err(SettingError::unknown("signature algorithm", name)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_names_are_understood() {
        let list = SignatureAlgorithms::parse("ed25519, sha256-rsa").unwrap();
        assert_eq!((list.tls12.as_ref().unwrap().len(), &list.tls12), (3, &list.tls13));
        let error = SignatureAlgorithms::parse("ed448").unwrap_err();
        assert!(matches!(error, SettingError::Unsupported { .. }));
        let error = SignatureAlgorithms::parse("md5-rsa").unwrap_err();
        assert!(matches!(error, SettingError::Unknown { .. }));
        assert!(SignatureAlgorithms::parse("").is_err());
        let apart = SignatureAlgorithms::by_version(Some(list), None);
        let other = SignatureScheme::ECDSA_NISTP256_SHA256;
        assert!(!apart.allows_in_1_2(other) && apart.allows_in_1_3(other));
        assert!(!apart.offers(other, Versions::tls_1_2()));
        assert!(apart.offers(other, Versions::default()));
    }
}
