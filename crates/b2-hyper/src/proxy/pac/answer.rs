//! What a script answers.

use crate::proxy::Proxy;
use crate::proxy::host::is_host;

/// The longest answer, in bytes; those of real scripts have some dozens.
pub(super) const LONGEST: usize = 8 * 1024;
const MOST: usize = 16;
const LONGEST_COMPLAINT: usize = 200;

/// The ways that an answer such as `PROXY a:8080; DIRECT` names, in order;
/// `None` is the direct one. Nothing at all means that, too. Ways that are not
/// known are left out; if no other is left, so is everything.
///
/// No more than 16 are taken: each may cost a share of the time to connect.
pub(super) fn ways(text: &str) -> Vec<Option<Proxy>> {
    let mut named = text.split(';').map(str::trim).filter(|way| !way.is_empty()).peekable();
    if named.peek().is_none() {
        return vec![None];
    }
    named.filter_map(way).take(MOST).collect()
}

/// What a script complains of, as one line of at most 200 characters.
pub(super) fn complaint(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let shown = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    shown.take(LONGEST_COMPLAINT).collect()
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
    if !is_host(host) {
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
        assert!(shown("PROXY a:x; nonsense; PROXY a\u{1}b").is_empty());
        assert_eq!(shown(&"PROXY a;".repeat(1000)).len(), MOST);
    }

    #[test]
    fn a_complaint_is_a_short_line() {
        assert_eq!(complaint("a\u{1b}[1m\r\nb"), "a [1m");
        assert_eq!(complaint(&"ä".repeat(1000)).chars().count(), LONGEST_COMPLAINT);
    }
}
