//! What a script answers.

use crate::proxy::Proxy;

/// The ways that an answer such as `PROXY a:8080; DIRECT` names, in order;
/// `None` is the direct one. Nothing at all means that, too. Ways that are not
/// known are left out; if no other is left, so is everything.
pub(super) fn ways(text: &str) -> Vec<Option<Proxy>> {
    let named: Vec<_> = text.split(';').map(str::trim).filter(|way| !way.is_empty()).collect();
    if named.is_empty() {
        return vec![None];
    }
    named.into_iter().filter_map(way).collect()
}

fn way(text: &str) -> Option<Option<Proxy>> {
    let mut words = text.split_whitespace();
    let kind = words.next()?.to_ascii_uppercase();
    if kind == "DIRECT" {
        return Some(None);
    }
    let place = words.next().filter(|_| words.next().is_none())?;
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !port.contains(']') => {
            (host, Some(port.parse().ok()?))
        }
        _ => (place, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return None;
    }
    let port = |usual| port.unwrap_or(usual);
    Some(Some(match &*kind {
        "PROXY" | "HTTP" => Proxy::http(host, port(80)),
        "HTTPS" => Proxy::http(host, port(443)).with_tls(true),
        // The name without a version is from the time when there was but 4;
        // 4A is the same for addresses, and asks the proxy about names.
        "SOCKS" | "SOCKS4" => Proxy::socks4a(host, port(1080)),
        "SOCKS5" => Proxy::socks5(host, port(1080)),
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let show = |way: Option<Proxy>| match way {
            None => "direct".to_owned(),
            Some(proxy) => format!("{:?} {} {}", proxy.kind(), proxy.host(), proxy.port()),
        };
        ways(text).into_iter().map(show).collect()
    }

    #[test]
    fn ways_are_read_in_order() {
        let text = "PROXY a:1; https b ;SOCKS c; SOCKS5 [::1]:9;QUIC x:1; PROXY; DIRECT";
        assert_eq!(
            shown(text),
            ["Http a 1", "Http b 443", "Socks4a c 1080", "Socks5 ::1 9", "direct"]
        );
        assert_eq!(shown(" "), ["direct"]);
        assert!(shown("PROXY a:x; nonsense").is_empty());
    }
}
