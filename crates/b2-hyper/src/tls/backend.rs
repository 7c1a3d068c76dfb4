//! Which library speaks TLS.

use crate::settings::SettingError;

use super::settings::TlsSettings;
#[cfg(feature = "openssl")]
use super::suites::CipherSuites;

#[cfg(not(feature = "openssl"))]
const NO_OPENSSL: &str = "it was built without the feature openssl; build it with that, or use 0 \
                          or 2 (rustls)";
#[cfg(feature = "openssl")]
const NOT_RUSTLS: &str = "rustls has nothing like it; choose the backend OpenSsl or Automatic \
                          (SSLProvider 1 or 0)";

/// Which library speaks TLS: `SSLProvider`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// rustls, but for what only OpenSSL has if it is built in: versions
    /// before TLS 1.2, its suites, a cipher list, a folder of hashed roots.
    #[default]
    Automatic,
    /// rustls, the internal provider.
    Rustls,
    /// The OpenSSL of the system, the platform provider.
    ///
    /// It is for servers that speak nothing else. It resumes no sessions, so
    /// each connection costs a whole handshake. It cannot ask about
    /// revocation, choose signature algorithms or use keys in tokens: what it
    /// cannot do is an error of [`build`](TlsSettings::build).
    #[cfg(feature = "openssl")]
    OpenSsl,
}

impl Backend {
    /// The numbers of `SSLProvider`: 0 automatic, 1 the platform's, 2 the
    /// internal one.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unsupported`] for 1 without the feature `openssl`,
    /// [`SettingError::Value`] for other numbers.
    pub fn from_number(number: u32) -> Result<Self, SettingError> {
        match number {
            0 => Ok(Self::Automatic),
            #[cfg(feature = "openssl")]
            1 => Ok(Self::OpenSsl),
            #[cfg(not(feature = "openssl"))]
            1 => Err(SettingError::unsupported("SSLProvider=1", NO_OPENSSL)),
            2 => Ok(Self::Rustls),
            _ => {
                let expected = "0 automatic, 1 the platform's (OpenSSL) or 2 the internal one";
                Err(SettingError::Value { name: "SSLProvider", expected })
            }
        }
    }

    /// Whether OpenSSL it is, for `settings` that fit.
    #[cfg(feature = "openssl")]
    pub(super) fn is_openssl(self, settings: &TlsSettings) -> Result<bool, SettingError> {
        let special = if settings.versions.has_old() {
            Some("a version before TLS 1.2")
        } else if settings.suites.as_ref().is_some_and(CipherSuites::need_openssl) {
            Some("a cipher suite of OpenSSL alone")
        } else if settings.cipher_list.is_some() {
            Some("OpenSSLCipherList")
        } else if !settings.hashed_roots.is_empty() {
            Some("a folder of hashed roots")
        } else {
            None
        };
        match (self, special) {
            (Self::Rustls, Some(name)) => Err(SettingError::unsupported(name, NOT_RUSTLS)),
            (Self::Rustls, None) => Ok(false),
            (Self::OpenSsl, _) | (Self::Automatic, Some(_)) => {
                super::platform::check(settings)?;
                Ok(true)
            }
            (Self::Automatic, None) => {
                // Without cryptography there is no rustls to speak of.
                let rustls = cfg!(any(feature = "aws-lc-rs", feature = "ring"));
                if !rustls {
                    super::platform::check(settings)?;
                }
                Ok(!rustls)
            }
        }
    }

    #[cfg(not(feature = "openssl"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "with OpenSSL it may fail")]
    pub(super) fn is_openssl(self, _: &TlsSettings) -> Result<bool, SettingError> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_backends_and_the_platforms_needs_its_feature() {
        assert_eq!(Backend::from_number(0).unwrap(), Backend::Automatic);
        assert_eq!(Backend::from_number(2).unwrap(), Backend::Rustls);
        assert!(matches!(Backend::from_number(3), Err(SettingError::Value { .. })));
        #[cfg(feature = "openssl")]
        assert_eq!(Backend::from_number(1).unwrap(), Backend::OpenSsl);
        #[cfg(not(feature = "openssl"))]
        {
            let error = Backend::from_number(1).unwrap_err();
            assert!(error.to_string().contains("feature openssl"), "{error}");
        }
    }
}
