//! Where a request goes.

use std::fmt;

use http::{HeaderValue, Uri};

use crate::error::Refusal;

/// Requests to the same target may share a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    /// Host name or address, an IPv6 address without its brackets.
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
}

impl Target {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Refusal> {
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            None if uri.host().is_none() => return Err(Refusal::Server),
            _ => return Err(Refusal::Scheme),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(Refusal::Server)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or_else(|| default_port(tls));
        if port == 0 {
            return Err(Refusal::Port);
        }
        Ok(Self { tls, host: host.into(), port })
    }

    /// The value of the `Host` header.
    pub(crate) fn host_header(&self) -> Result<HeaderValue, Refusal> {
        HeaderValue::try_from(self.to_string()).map_err(|_| Refusal::Server)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port != default_port(self.tls) {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Result<Target, Refusal> {
        Target::of(&uri.parse().unwrap())
    }

    #[test]
    fn the_host_header_has_only_unusual_ports() {
        for (uri, host) in [
            ("https://api.example/b2api", "api.example"),
            ("https://api.example:443/", "api.example"),
            ("http://api.example:443/", "api.example:443"),
            ("http://user@API.example:8080", "api.example:8080"),
            ("http://[::1]:8080/", "[::1]:8080"),
            ("http://[::1]/", "[::1]"),
        ] {
            assert_eq!(target(uri).unwrap().to_string(), host, "{uri}");
        }
    }

    #[test]
    fn other_schemes_and_relative_urls_are_refused() {
        assert!(matches!(target("/only/a/path"), Err(Refusal::Server)));
        for uri in ["ftp://api.example/", "example.com"] {
            assert!(matches!(target(uri), Err(Refusal::Scheme)), "{uri}");
        }
    }

    #[test]
    fn no_server_listens_on_port_0() {
        for uri in ["http://api.example:0/", "https://[::1]:0/"] {
            assert!(matches!(target(uri), Err(Refusal::Port)), "{uri}");
        }
    }

    #[test]
    fn the_same_name_in_plain_and_in_tls_are_two_targets() {
        assert_ne!(target("http://a:1/").unwrap(), target("https://a:1/").unwrap());
        assert_eq!(target("http://A/x").unwrap(), target("http://a:80/y").unwrap());
    }
}
