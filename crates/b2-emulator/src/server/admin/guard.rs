//! Who may turn the emulator.
//!
//! Only programs on this machine, also when the server listens beyond it. A
//! page in a browser is on this machine too, but not ours: a browser says
//! whose page it is in `Origin`, and a name that was made to point here shows
//! in `Host`.

use http::header::{HOST, ORIGIN};

use crate::model::{Answer, Head, is_loopback};
use crate::server::connection::Peer;

/// The refusal, if there is one.
pub(in crate::server) fn guard(head: &Head, peer: Peer) -> Option<Answer> {
    let refuse = |message: &str| Some(Answer::error(403, "access_denied", message));
    if !peer.is_loopback {
        return refuse("/_emulator/ answers programs on this machine only");
    }
    if head.headers.contains_key(ORIGIN) {
        return refuse("/_emulator/ does not answer web pages");
    }
    match head.headers.get(HOST).map(|host| host.to_str()) {
        None => None,
        Some(Ok(host)) if is_loopback(name_of(host)) => None,
        Some(_) => refuse("/_emulator/ answers to localhost and loopback addresses only"),
    }
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn may(is_loopback: bool, headers: &[(http::HeaderName, &str)]) -> bool {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let uri = "/_emulator/stats".parse().unwrap();
        let head = Head { method: Method::GET, uri, headers, base: String::new() };
        guard(&head, Peer { is_loopback }).is_none()
    }

    #[test]
    fn only_programs_on_this_machine_pass() {
        for host in ["127.0.0.1:80", "localhost", "localhost:8765", "[::1]:80", "[::1]"] {
            assert!(may(true, &[(HOST, host)]), "{host}");
        }
        assert!(may(true, &[]));
        assert!(!may(false, &[(HOST, "127.0.0.1")]));
        assert!(!may(true, &[(HOST, "attacker.example")]));
        assert!(!may(true, &[(HOST, "127.0.0.1"), (ORIGIN, "http://127.0.0.1")]));
    }
}
