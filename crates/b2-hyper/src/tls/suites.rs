//! Cipher suites by name.

use rustls::CipherSuite;
use rustls::crypto::CryptoProvider;

use crate::settings::SettingError;

use super::strength::cipher;

/// The suites that can be had.
const AVAILABLE: [CipherSuite; 9] = [
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// The parts that the names of all other suites are made of.
const KEY_EXCHANGES: [&str; 8] = [
    "TLS_RSA",
    "TLS_DHE_RSA",
    "TLS_DHE_DSS",
    "TLS_ECDH_RSA",
    "TLS_ECDH_ECDSA",
    "TLS_ECDHE_RSA",
    "TLS_ECDHE_ECDSA",
    "TLS_DH_anon",
];
const CIPHERS: [(&str, &str); 9] = [
    ("AES_256_GCM_SHA384", NO_EXCHANGE),
    ("AES_128_GCM_SHA256", NO_EXCHANGE),
    ("AES_256_CBC_SHA384", NO_CBC),
    ("AES_256_CBC_SHA256", NO_CBC),
    ("AES_128_CBC_SHA256", NO_CBC),
    ("AES_256_CBC_SHA", NO_CBC),
    ("AES_128_CBC_SHA", NO_CBC),
    ("3DES_EDE_CBC_SHA", NO_OLD),
    ("DES_CBC_SHA", NO_OLD),
];
const NO_EXCHANGE: &str = "rustls has no key exchange without forward secrecy and no finite-field \
                           one in TLS 1.2; use the same cipher with ECDHE, TLS 1.3, or an OpenSSL \
                           that has it (feature openssl)";
const NO_CBC: &str = "rustls has no CBC suites; use one with GCM or CHACHA20_POLY1305, or an \
                      OpenSSL that has it (feature openssl)";
const NO_OLD: &str = "no maintained library has this cipher; use one with GCM";
const NOBODY: &str = "whoever speaks it may be anybody; use one with a certificate";

/// The cipher suites that are offered, by their registered names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct CipherSuites {
    chosen: Vec<Suite>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Suite {
    /// Both libraries have it.
    Both(CipherSuite),
    /// Only OpenSSL has one of this name.
    #[cfg(feature = "openssl")]
    OpenSsl(String),
}

impl CipherSuites {
    /// Suites by their registered names, separated by semicolons, such as
    /// `TLS_AES_256_GCM_SHA384;TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; `*` is
    /// all that can be had. `CALG_AES_128` and `CALG_AES_256` are all with
    /// keys of that length. With the feature `openssl` those that only OpenSSL
    /// has may be named too; then it is OpenSSL who speaks.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unknown`] for a name that is none, and
    /// [`SettingError::Unsupported`] for one that cannot be had: the error says
    /// what to use instead.
    pub fn parse(names: &str) -> Result<Self, SettingError> {
        let mut chosen = Vec::new();
        for name in names.split([';', ',']).map(str::trim).filter(|name| !name.is_empty()) {
            let found = find(name)?;
            let new: Vec<_> = found.into_iter().filter(|suite| !chosen.contains(suite)).collect();
            chosen.extend(new);
        }
        if chosen.is_empty() {
            let expected = "names of cipher suites separated by semicolons, or *";
            return Err(SettingError::Value { name: "SSLEnabledCipherSuites", expected });
        }
        Ok(Self { chosen })
    }

    /// The same for OpenSSL: those before TLS 1.3, and those of it.
    #[cfg(feature = "openssl")]
    pub(super) fn openssl_lists(&self) -> (String, String) {
        let name = |suite: &Suite| match suite {
            Suite::Both(suite) => cipher(*suite).0.to_owned(),
            Suite::OpenSsl(name) => name.clone(),
        };
        let all = self.chosen.iter().map(name);
        let (old, new): (Vec<_>, Vec<_>) = all.partition(|name| name.contains("_WITH_"));
        let old: Vec<_> = old.iter().map(|name| openssl::ssl::cipher_name(name)).collect();
        (old.join(":"), new.join(":"))
    }

    /// Whether there is one that rustls has not.
    #[cfg(feature = "openssl")]
    pub(super) fn need_openssl(&self) -> bool {
        self.chosen.iter().any(|suite| matches!(suite, Suite::OpenSsl(_)))
    }

    pub(super) fn restrict(&self, provider: &mut CryptoProvider) {
        provider.cipher_suites.retain(|suite| self.chosen.contains(&Suite::Both(suite.suite())));
    }
}

/// Leaves suites whose cipher has keys of at least `bits`.
pub(super) fn restrict_strength(provider: &mut CryptoProvider, bits: u16) {
    provider.cipher_suites.retain(|suite| cipher(suite.suite()).2 >= bits);
}

fn find(name: &str) -> Result<Vec<Suite>, SettingError> {
    let both = |wanted: &dyn Fn(CipherSuite) -> bool| {
        AVAILABLE.into_iter().filter(|suite| wanted(*suite)).map(Suite::Both).collect::<Vec<_>>()
    };
    match name {
        "*" | "CALG_AES" => return Ok(both(&|_| true)),
        "CALG_AES_128" => return Ok(both(&|suite| cipher(suite).2 == 128)),
        "CALG_AES_256" => return Ok(both(&|suite| cipher(suite).2 == 256)),
        _ => {}
    }
    if let Some(suite) = AVAILABLE.iter().find(|suite| cipher(**suite).0 == name) {
        return Ok(vec![Suite::Both(*suite)]);
    }
    if name.starts_with("CALG_") {
        let because = "the names of Windows stand for no suite of rustls; use CALG_AES_128, \
                       CALG_AES_256 or registered names";
        return Err(SettingError::unsupported(name, because));
    }
    if name.ends_with("_WITH_RC4_128_MD5") || name.ends_with("_WITH_RC4_128_SHA") {
        return Err(SettingError::unsupported(name, NO_OLD));
    }
    let parts = name.split_once("_WITH_").filter(|(key, _)| KEY_EXCHANGES.contains(key));
    let known = parts.and_then(|(_, rest)| CIPHERS.iter().find(|(cipher, _)| *cipher == rest));
    match known {
        Some(_) if name.starts_with("TLS_DH_anon") => Err(SettingError::unsupported(name, NOBODY)),
        #[cfg(feature = "openssl")]
        Some(_) if openssl_has(name) => Ok(vec![Suite::OpenSsl(name.to_owned())]),
        Some((_, because)) => Err(SettingError::unsupported(name, because)),
        None => Err(SettingError::unknown("cipher suite", name)),
    }
}

/// Whether the OpenSSL of this system has been built with a suite.
#[cfg(feature = "openssl")]
fn openssl_has(name: &str) -> bool {
    use openssl::ssl::{SslContextBuilder, SslMethod, cipher_name};
    let known = cipher_name(name);
    let context = SslContextBuilder::new(SslMethod::tls_client());
    known != "(NONE)" && context.is_ok_and(|mut it| it.set_cipher_list(known).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_suites_known_names_have_a_reason_and_others_are_unknown() {
        let two = "TLS_AES_256_GCM_SHA384; TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        assert_eq!(CipherSuites::parse(two).unwrap().chosen.len(), 2);
        assert_eq!(CipherSuites::parse("*").unwrap().chosen.len(), 9);
        assert_eq!(CipherSuites::parse("CALG_AES_128").unwrap().chosen.len(), 3);
        for known in [
            "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_RSA_WITH_RC4_128_MD5",
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
            "CALG_3DES",
        ] {
            let error = CipherSuites::parse(known).unwrap_err();
            assert!(matches!(error, SettingError::Unsupported { .. }), "{known}: {error}");
        }
        for old in [
            "TLS_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_DHE_DSS_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
        ] {
            let parsed = CipherSuites::parse(&format!("{old};TLS_AES_128_GCM_SHA256"));
            #[cfg(feature = "openssl")]
            assert!(parsed.unwrap().need_openssl(), "{old}");
            #[cfg(not(feature = "openssl"))]
            assert!(parsed.unwrap_err().to_string().contains("feature openssl"), "{old}");
        }
        for unknown in ["TLS_NULL", "aes", "TLS_RSA_WITH_FOO"] {
            let error = CipherSuites::parse(unknown).unwrap_err();
            assert!(matches!(error, SettingError::Unknown { .. }), "{unknown}: {error}");
        }
        assert!(matches!(CipherSuites::parse(" ; "), Err(SettingError::Value { .. })));
    }
}
