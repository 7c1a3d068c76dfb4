//! Signature algorithms by name.

use rustls::SignatureScheme;

use crate::settings::SettingError;

const NOT_HAD: &str = "rustls checks no signatures of this kind; leave it out";

/// The signature algorithms that are accepted from servers, in handshakes and
/// in the chains of their certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SignatureAlgorithms {
    pub(super) chosen: Vec<SignatureScheme>,
}

impl SignatureAlgorithms {
    /// Algorithms separated by commas, by the names of TLS 1.3 such as
    /// `ecdsa_secp256r1_sha256` or `rsa_pss_sha256`, or those of TLS 1.2 such
    /// as `sha256-rsa`.
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
        Ok(Self { chosen })
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
        assert_eq!(list.chosen.len(), 3);
        let error = SignatureAlgorithms::parse("ed448").unwrap_err();
        assert!(matches!(error, SettingError::Unsupported { .. }));
        let error = SignatureAlgorithms::parse("md5-rsa").unwrap_err();
        assert!(matches!(error, SettingError::Unknown { .. }));
        assert!(SignatureAlgorithms::parse("").is_err());
    }
}
