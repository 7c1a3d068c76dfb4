//! Versions of HTTP.

use crate::settings::SettingError;

/// The version of HTTP that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpVersion {
    /// 1.0; for servers and proxies that know no better.
    Http10,
    /// 1.1.
    #[default]
    Http11,
    /// 2 where a server speaks it over TLS, and 1.1 elsewhere.
    Http2,
    /// 2 or 1.1 over TLS, whichever a server speaks: a URL without TLS is
    /// refused.
    Http2OrHttp11,
    /// 2 or nothing: a server that does not speak it over TLS is an error, and
    /// so is a URL without TLS.
    Http2Only,
}

impl HttpVersion {
    /// The version of `HTTPVersion`: `1.0`, `1.1` or `2.0`, which may fall
    /// back to 1.1 if `fallback` allows it, but not to a URL without TLS.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unsupported`] for `3.0`, and [`SettingError::Value`]
    /// for anything else.
    pub fn parse(text: &str, fallback: bool) -> Result<Self, SettingError> {
        match text {
            "1.0" => Ok(Self::Http10),
            "1.1" => Ok(Self::Http11),
            "2.0" | "2" if fallback => Ok(Self::Http2OrHttp11),
            "2.0" | "2" => Ok(Self::Http2Only),
            "3.0" | "3" => {
                let because = "B2 does not speak it and the libraries for it are experimental; \
                               use 2.0";
                Err(SettingError::unsupported("HTTP/3", because))
            }
            _ => Err(SettingError::Value { name: "HTTPVersion", expected: "1.0, 1.1 or 2.0" }),
        }
    }

    /// Whether it is spoken over TLS alone.
    pub(crate) fn needs_tls(self) -> bool {
        matches!(self, Self::Http2OrHttp11 | Self::Http2Only)
    }

    /// What is offered in a TLS handshake.
    pub(crate) fn alpn(self) -> Vec<Vec<u8>> {
        let names: &[&[u8]] = match self {
            Self::Http10 => &[b"http/1.0", b"http/1.1"],
            Self::Http11 => &[b"http/1.1"],
            Self::Http2 | Self::Http2OrHttp11 => &[b"h2", b"http/1.1"],
            Self::Http2Only => &[b"h2"],
        };
        names.iter().map(|name| name.to_vec()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_versions() {
        assert_eq!(HttpVersion::parse("2.0", true).unwrap(), HttpVersion::Http2OrHttp11);
        assert_eq!(HttpVersion::parse("2.0", false).unwrap(), HttpVersion::Http2Only);
        assert_eq!(HttpVersion::parse("1.0", true).unwrap(), HttpVersion::Http10);
        let error = HttpVersion::parse("3.0", true).unwrap_err();
        assert!(error.to_string().ends_with("use 2.0"), "{error}");
        assert!(matches!(HttpVersion::parse("0.9", true), Err(SettingError::Value { .. })));
    }
}
