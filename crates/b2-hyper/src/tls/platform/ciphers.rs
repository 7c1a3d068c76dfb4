//! Cipher lists in the words of OpenSSL.

use openssl::ssl::{SslContextBuilder, SslMethod};

use crate::settings::SettingError;

/// Suites without a certificate or without a cipher are no option.
const NEVER: &str = ":!aNULL:!eNULL";

/// A cipher list of OpenSSL, for versions before TLS 1.3: `OpenSSLCipherList`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct CipherList(String);

impl CipherList {
    /// A list such as `ECDHE+AESGCM:AES128-SHA`, as `openssl ciphers` takes
    /// it; names in it that OpenSSL does not know are left out. Suites that
    /// ask for no certificate or encrypt nothing are never offered, even if
    /// they are named.
    ///
    /// With `@SECLEVEL=` the list also sets the least strength of keys,
    /// signatures and certificates. `@SECLEVEL=0` takes all that there is,
    /// certificates with broken signatures among it: whoever can forge one
    /// can read everything.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if no suite is left.
    ///
    /// ```
    /// use b2_hyper::tls::CipherList;
    ///
    /// assert!(CipherList::parse("ECDHE+AESGCM:AES128-SHA").is_ok());
    /// assert!(CipherList::parse("aNULL").is_err());
    /// ```
    pub fn parse(list: &str) -> Result<Self, SettingError> {
        let list = format!("{}{NEVER}", list.trim().trim_end_matches(':'));
        let expected = "a cipher list as `openssl ciphers` takes it, with at least one suite that \
                        has a certificate and a cipher";
        let wrong = SettingError::Value { name: "OpenSSLCipherList", expected };
        // The binding panics at one.
        if list.contains('\0') {
            return Err(wrong);
        }
        let tried = SslContextBuilder::new(SslMethod::tls_client())
            .and_then(|mut context| context.set_cipher_list(&list));
        tried.map_err(|_| wrong)?;
        Ok(Self(list))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it says how strong things have to be.
    pub(super) fn sets_level(&self) -> bool {
        self.0.contains("@SECLEVEL")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_needs_a_suite_that_protects() {
        for good in ["DEFAULT", "ALL:@SECLEVEL=0", "AES128-SHA:NO-SUCH-SUITE", "HIGH:"] {
            assert!(CipherList::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "NO-SUCH-SUITE", "aNULL", "eNULL:@SECLEVEL=0", "ADH-AES128-SHA", "a\0b"] {
            let error = CipherList::parse(bad).unwrap_err();
            assert!(matches!(error, SettingError::Value { .. }), "{bad}: {error}");
        }
    }
}
