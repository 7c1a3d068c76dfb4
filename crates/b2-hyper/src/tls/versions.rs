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
    pub(super) tls_1_0: bool,
    pub(super) tls_1_1: bool,
    pub(super) tls_1_2: bool,
    pub(super) tls_1_3: bool,
}

impl Default for Versions {
    fn default() -> Self {
        Self { tls_1_2: true, tls_1_3: true, ..Self::NONE }
    }
}

impl Versions {
    const NONE: Self = Self { tls_1_0: false, tls_1_1: false, tls_1_2: false, tls_1_3: false };

    /// TLS 1.3 alone.
    pub fn tls_1_3() -> Self {
        Self { tls_1_3: true, ..Self::NONE }
    }

    /// TLS 1.2 alone.
    pub fn tls_1_2() -> Self {
        Self { tls_1_2: true, ..Self::NONE }
    }

    /// TLS 1.1 alone, which is broken and which only OpenSSL speaks: see
    /// [`tls_1_0`](Self::tls_1_0).
    #[cfg(feature = "openssl")]
    pub fn tls_1_1() -> Self {
        Self { tls_1_1: true, ..Self::NONE }
    }

    /// TLS 1.0 alone, which is broken and which only OpenSSL speaks.
    ///
    /// # Danger
    ///
    /// Whoever is on the way may be able to read and change what is sent,
    /// tokens included. To speak it at all, OpenSSL is put to its security
    /// level 0, at which it takes short keys and MD5 and SHA-1 in handshakes,
    /// and it takes them in those of newer versions too if they are offered
    /// along. Offer it to a server that has nothing else, and to no other.
    /// Certificates are judged as strictly as ever.
    #[cfg(feature = "openssl")]
    pub fn tls_1_0() -> Self {
        Self { tls_1_0: true, ..Self::NONE }
    }

    /// The versions of the bits of `SSLEnabledProtocols`: `0x3000` (12288) is
    /// TLS 1.3, `0xC00` (3072) is TLS 1.2, and sums of them are both. With the
    /// feature `openssl`, `0x300` (768) is TLS 1.1 and `0xC0` (192) is TLS 1.0,
    /// and either of them is a danger: see `Versions::tls_1_0`.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unsupported`] for versions that cannot be had: those of
    /// SSL, and TLS 1.0 and 1.1 without the feature `openssl`.
    /// [`SettingError::Value`] if there is no version at all or an unknown
    /// bit.
    pub fn from_bits(bits: u32) -> Result<Self, SettingError> {
        const NO_SSL: &str = "no maintained library speaks it; use 3072 (TLS 1.2), 12288 \
                              (TLS 1.3) or their sum";
        const OLD: &str = "rustls has no version before TLS 1.2 and it was built without the \
                           feature openssl; use 3072 (TLS 1.2), 12288 (TLS 1.3) or their sum, or \
                           build it with that feature";
        let old = !cfg!(feature = "openssl");
        for (version, name, refused, because) in [
            (SSL_2, "SSL 2", true, NO_SSL),
            (SSL_3, "SSL 3", true, NO_SSL),
            (TLS_1_0, "TLS 1.0", old, OLD),
            (TLS_1_1, "TLS 1.1", old, OLD),
        ] {
            if refused && bits & version != 0 {
                return Err(SettingError::unsupported(name, because));
            }
        }
        let known = bits & !(TLS_1_0 | TLS_1_1 | TLS_1_2 | TLS_1_3) == 0;
        let chosen = Self {
            tls_1_0: bits & TLS_1_0 != 0,
            tls_1_1: bits & TLS_1_1 != 0,
            tls_1_2: bits & TLS_1_2 != 0,
            tls_1_3: bits & TLS_1_3 != 0,
        };
        if known && chosen != Self::NONE {
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
        u32::from(self.tls_1_0) * TLS_1_0
            + u32::from(self.tls_1_1) * TLS_1_1
            + u32::from(self.tls_1_2) * TLS_1_2
            + u32::from(self.tls_1_3) * TLS_1_3
    }

    /// Whether one is left out between two that are spoken.
    #[cfg(feature = "openssl")]
    pub(super) fn has_gap(self) -> bool {
        let spoken = [self.tls_1_0, self.tls_1_1, self.tls_1_2, self.tls_1_3];
        let first = spoken.iter().position(|spoken| *spoken);
        let last = spoken.iter().rposition(|spoken| *spoken);
        let (Some(first), Some(last)) = (first, last) else { return false };
        spoken[first..last].contains(&false)
    }

    /// Whether a version before TLS 1.2 is among them.
    #[cfg(feature = "openssl")]
    pub(super) fn has_old(self) -> bool {
        self.tls_1_0 || self.tls_1_1
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
        for (bits, name) in [(48, "SSL 3"), (12, "SSL 2")] {
            let error = Versions::from_bits(bits).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
        for (bits, name) in [(4032, "TLS 1.0"), (768, "TLS 1.1")] {
            let outcome = Versions::from_bits(bits);
            if cfg!(feature = "openssl") {
                assert_eq!(outcome.unwrap().bits(), bits);
            } else {
                let text = outcome.unwrap_err().to_string();
                assert!(text.starts_with(name) && text.contains("feature openssl"), "{text}");
            }
        }
        for bits in [0, 1, 3073] {
            assert!(matches!(Versions::from_bits(bits), Err(SettingError::Value { .. })), "{bits}");
        }
    }
}
