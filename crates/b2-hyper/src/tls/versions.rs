//! Versions of TLS.

use rustls::SupportedProtocolVersion;

use crate::settings::SettingError;

const TLS_1_3: u32 = 0x3000;
const TLS_1_2: u32 = 0x0c00;
const TLS_1_1: u32 = 0x0300;
const TLS_1_0: u32 = 0x00c0;
const SSL_3: u32 = 0x0030;
const SSL_2: u32 = 0x000c;

/// The versions of TLS that are spoken; 1.2 and 1.3 unless told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Versions {
    tls_1_2: bool,
    tls_1_3: bool,
}

impl Default for Versions {
    fn default() -> Self {
        Self { tls_1_2: true, tls_1_3: true }
    }
}

impl Versions {
    /// TLS 1.3 alone.
    pub fn tls_1_3() -> Self {
        Self { tls_1_2: false, tls_1_3: true }
    }

    /// TLS 1.2 alone.
    pub fn tls_1_2() -> Self {
        Self { tls_1_2: true, tls_1_3: false }
    }

    /// The versions of the bits of `SSLEnabledProtocols`: `0x3000` (12288) is
    /// TLS 1.3, `0xC00` (3072) is TLS 1.2, and sums of them are both.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unsupported`] if older versions are among them: rustls
    /// has none. [`SettingError::Value`] if there is no version at all or an
    /// unknown bit.
    pub fn from_bits(bits: u32) -> Result<Self, SettingError> {
        const OLD: &str = "rustls has no version before TLS 1.2; use 3072 (TLS 1.2), 12288 \
                           (TLS 1.3) or their sum";
        for (version, name) in
            [(SSL_2, "SSL 2"), (SSL_3, "SSL 3"), (TLS_1_0, "TLS 1.0"), (TLS_1_1, "TLS 1.1")]
        {
            if bits & version != 0 {
                return Err(SettingError::unsupported(name, OLD));
            }
        }
        let known = bits & !(TLS_1_2 | TLS_1_3) == 0;
        let chosen = Self { tls_1_2: bits & TLS_1_2 != 0, tls_1_3: bits & TLS_1_3 != 0 };
        if known && (chosen.tls_1_2 || chosen.tls_1_3) {
            return Ok(chosen);
        }
        Err(SettingError::Value {
            name: "SSLEnabledProtocols",
            expected: "3072 (TLS 1.2), 12288 (TLS 1.3) or their sum",
        })
    }

    /// The bits of `SSLEnabledProtocols`.
    #[must_use]
    pub fn bits(self) -> u32 {
        u32::from(self.tls_1_2) * TLS_1_2 + u32::from(self.tls_1_3) * TLS_1_3
    }

    pub(super) fn supported(self) -> Vec<&'static SupportedProtocolVersion> {
        let mut all = Vec::new();
        if self.tls_1_3 {
            all.push(&rustls::version::TLS13);
        }
        if self.tls_1_2 {
            all.push(&rustls::version::TLS12);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_versions_and_old_ones_are_refused_by_name() {
        assert_eq!(Versions::from_bits(3072).unwrap(), Versions::tls_1_2());
        assert_eq!(Versions::from_bits(12288).unwrap(), Versions::tls_1_3());
        assert_eq!(Versions::from_bits(15360).unwrap().bits(), 15360);
        for (bits, name) in [(4032, "TLS 1.0"), (768, "TLS 1.1"), (48, "SSL 3"), (12, "SSL 2")] {
            let error = Versions::from_bits(bits).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
        for bits in [0, 1, 3073] {
            assert!(matches!(Versions::from_bits(bits), Err(SettingError::Value { .. })), "{bits}");
        }
    }
}
