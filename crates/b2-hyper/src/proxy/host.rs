//! Names of hosts, before they are told to anyone.

use std::net::IpAddr;

use super::error::ProxyError;

/// The characters of other parts of a URL.
const OTHERS: &[u8] = b"/?#@\\\"<>^`{|}[]%";

/// Whether `text` can be the name or address of a host. A line break would be
/// another line in a request to a proxy, and in a log.
pub(crate) fn is_host(text: &str) -> bool {
    if text.contains(':') {
        // An address, perhaps with the interface that it is reached by.
        let (address, zone) = text.split_once('%').unwrap_or((text, "x"));
        let zone = !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return zone && address.parse::<IpAddr>().is_ok();
    }
    let fits = |byte: u8| byte.is_ascii_graphic() && !OTHERS.contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(fits)
}

/// A host and a port, as URLs and heads have them.
pub(super) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Whether a proxy can be asked for this host.
pub(super) fn check(host: &str) -> Result<(), ProxyError> {
    let wrong = "what should be the name of a host is none";
    if is_host(host) { Ok(()) } else { Err(ProxyError::Unsuitable(wrong)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses_and_nothing_else() {
        for host in ["b2.example", "a_b-c.example.", "127.0.0.1", "::1", "fe80::1%eth0"] {
            assert!(is_host(host), "{host}");
        }
        for text in [
            "",
            "p\r\nX-Evil: 1",
            "p\nx",
            "a b",
            "a\0",
            "a\u{7f}",
            "user@host",
            "a/b",
            "a:80",
            "[::1]",
            "::1%a\r\nb",
            "grün.example",
        ] {
            assert!(!is_host(text), "{text:?}");
        }
        assert!(!is_host(&"a".repeat(256)));
    }
}
