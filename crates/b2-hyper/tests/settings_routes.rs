//! Settings of proxies and firewalls by name, as these see them.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod firsts;
mod named;
#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod server;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use b2_core::error::TransportErrorKind as Kind;
use firsts::{first_bytes, telling};
use named::{SOON, get, with};

const DIRECT: &str = "http://127.0.0.1:%/x";
const ELSEWHERE: &str = "http://b2.example/x";
const ENCRYPTED: &str = "https://b2.example/x";

#[tokio::test]
async fn proxies_and_firewalls() {
    let proxy = ["ProxyServer=127.0.0.1", "ProxyPort=%"];
    let of = |more: &[&'static str]| [&proxy[..], more].concat();
    for (texts, expected) in [
        (of(&[]), "GET http://b2.example/x HTTP/1.1\r\n"),
        (of(&["ProxyUser=ada", "ProxyPassword=secret"]), "Basic YWRhOnNlY3JldA=="),
        (of(&["ProxyUser=ada", "ProxyPassword=secret", "ProxyAuthScheme=4"]), "NTLM TlRMTVNTUAAB"),
        (of(&["ProxyAuthScheme=2", "ProxyAuthorization=Bearer given"]), "Bearer given\r\n"),
        (of(&["ProxySSL=0"]), "GET http://b2.example/x HTTP/1.1\r\n"),
        (of(&["ProxySSL=2"]), "GET http://b2.example/x HTTP/1.1\r\n"),
        (of(&["ProxySSL=3"]), "CONNECT b2.example:80 HTTP/1.1\r\n"),
        (of(&["ProxySSL=1"]), "\u{16}\u{3}\u{1}"),
        (
            vec![
                "FirewallType=1",
                "FirewallHost=127.0.0.1",
                "FirewallPort=%",
                "FirewallData=X-Site: 7",
            ],
            "x-site: 7\r\n",
        ),
        (
            vec![
                "FirewallType=1",
                "FirewallHost=127.0.0.1",
                "FirewallPort=%",
                "FirewallUser=ada",
                "FirewallPassword=secret",
            ],
            "Basic YWRhOnNlY3JldA==",
        ),
        (vec!["FirewallType=3", "FirewallHost=127.0.0.1", "FirewallPort=%"], "\u{5}\u{1}\0"),
        (
            vec!["FirewallType=10", "FirewallHost=127.0.0.1", "FirewallPort=%", "FirewallUser=ada"],
            "\u{4}\u{1}\0P\0\0\0\u{1}ada\0b2.example\0",
        ),
    ] {
        let bytes = first_bytes(&texts, ELSEWHERE).await;
        assert!(bytes.contains(expected), "{texts:?}: {bytes:?}");
    }
    let known = ["ProxyUser=ada", "ProxyPassword=secret"];
    for scheme in ["ProxyAuthScheme=0", "ProxyAuthScheme=3"] {
        let texts = [&of(&["ProxyAuthorization=Bearer given", scheme])[..], &known].concat();
        let bytes = first_bytes(&texts, ELSEWHERE).await;
        assert!(!bytes.contains("given"), "{scheme}: {bytes}");
        assert_eq!(bytes.contains("Basic YWRhOnNlY3JldA=="), scheme.ends_with('0'), "{bytes}");
    }
    let texts = ["ProxyServer=127.0.0.1", "ProxyPort=1", "ProxyExceptionsList=127.0.0.1"];
    assert!(first_bytes(&texts, DIRECT).await.starts_with("GET /x "));
    let texts = ["FirewallType=0", "FirewallHost=127.0.0.1", "FirewallPort=1"];
    assert!(first_bytes(&texts, DIRECT).await.starts_with("GET /x "));
    let others = of(&["ProxyExceptionsList=127.0.0.1;*.b2.example"]);
    assert!(first_bytes(&others, ELSEWHERE).await.starts_with("GET http://b2.example/x "));
}

/// To an `https` URL there is always a tunnel; 1 alone speaks TLS to the proxy.
#[tokio::test]
async fn proxy_ssl_says_how_the_proxy_itself_is_spoken_to() {
    for (text, expected) in [
        ("ProxySSL=0", "CONNECT b2.example:443 HTTP/1.1\r\n"),
        ("ProxySSL=1", "\u{16}\u{3}\u{1}"),
        ("ProxySSL=2", "CONNECT b2.example:443 HTTP/1.1\r\n"),
        ("ProxySSL=3", "CONNECT b2.example:443 HTTP/1.1\r\n"),
    ] {
        let texts = ["ProxyServer=127.0.0.1", "ProxyPort=%", text];
        let bytes = first_bytes(&texts, ENCRYPTED).await;
        assert!(bytes.starts_with(expected), "{text}: {bytes:?}");
    }
}

#[tokio::test]
async fn a_firewall_of_socks_4_is_told_an_address_and_a_user() {
    let texts = ["FirewallType=2", "FirewallHost=127.0.0.1", "FirewallPort=%", "FirewallUser=ada"];
    // The name is looked up here: this version knows none.
    let bytes = first_bytes(&texts, "http://localhost:81/x").await;
    assert_eq!(bytes, "\u{4}\u{1}\0Q\u{7f}\0\0\u{1}ada\0");
}

/// A server that says these things, one after each time that it reads, and
/// tells what it has read.
fn reciting(says: &'static [&'static [u8]]) -> (u16, std::sync::mpsc::Receiver<Vec<u8>>) {
    let (told, heard) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |_, mut stream| {
        for said in says {
            let mut read = vec![0; 10_000];
            let len = stream.read(&mut read)?;
            read.truncate(len);
            let _ = told.lock().unwrap().send(read);
            stream.write_all(said)?;
        }
        stream.read(&mut [0]).map(drop)
    });
    (address.port(), heard)
}

/// By RFC 1929, when the firewall asks for it.
#[tokio::test]
async fn a_firewall_of_socks_5_is_told_the_password() {
    const DONE: &[u8] = b"\x05\0\0\x01\0\0\0\0\0\0";
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (port, heard) = reciting(&[b"\x05\x02", b"\x01\0", DONE, OK]);
    let port = format!("FirewallPort={port}");
    let user = ["FirewallUser=ada", "FirewallPassword=secret"];
    let transport = with(&["FirewallType=3", "FirewallHost=127.0.0.1", &port, user[0], user[1]]);
    get(&transport, ELSEWHERE).await.unwrap();
    let hear = || heard.recv_timeout(SOON).unwrap();
    assert!(hear()[2..].contains(&2), "a password was offered");
    assert_eq!(hear(), b"\x01\x03ada\x06secret");
    assert!(hear().windows(10).any(|part| part == b"b2.example"));
    assert!(hear().starts_with(b"GET /x HTTP/1.1\r\n"));
}

/// The usual one of SOCKS; that of tunnels is one which few may listen at.
#[cfg(target_os = "linux")] // Elsewhere 127.16.10.80 may be no address of this machine.
#[tokio::test]
async fn a_firewall_without_a_port_is_at_the_usual_one() {
    let listener = TcpListener::bind("127.16.10.80:1080").unwrap();
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut first = [0];
            stream.read_exact(&mut first).unwrap();
            told.send(first[0]).unwrap();
        }
    });
    for (kind, version) in [("FirewallType=2", 4), ("FirewallType=3", 5), ("FirewallType=10", 4)] {
        let transport = with(&[kind, "FirewallHost=127.16.10.80"]);
        get(&transport, "http://127.0.0.1:81/").await.unwrap_err();
        assert_eq!(heard.recv_timeout(SOON), Ok(version), "{kind}");
    }
}

#[tokio::test]
async fn digest_is_a_number() {
    const ASK: &[u8] = b"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\nProxy-Authenticate: \
          Digest realm=\"site\", qop=\"auth\", nonce=\"abc\"\r\n\r\n";
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (port, heard) = reciting(&[ASK, OK, OK]);
    let port = format!("ProxyPort={port}");
    let user = ["ProxyUser=ada", "ProxyPassword=secret"];
    let transport = with(&["ProxyServer=127.0.0.1", &port, user[0], user[1], "ProxyAuthScheme=1"]);
    get(&transport, ELSEWHERE).await.unwrap();
    let hear = || String::from_utf8(heard.recv_timeout(SOON).unwrap()).unwrap();
    let (asking, telling) = (hear(), hear());
    assert!(!asking.contains("proxy-authorization"), "{asking}");
    for part in ["Digest username=\"ada\"", "realm=\"site\"", "nonce=\"abc\"", "response=\""] {
        assert!(telling.contains(part), "{telling}");
    }
    assert!(!telling.contains("secret") && !telling.contains("c2VjcmV0"), "{telling}");
}

/// Runs a test of this program again, with these variables alone.
fn again(test: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env_clear();
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Variables of the environment cannot be changed while others run, so another
/// process has them.
#[tokio::test]
async fn proxies_of_the_environment_are_used_if_told() {
    const SELF: &str = "proxies_of_the_environment_are_used_if_told";
    const CHILD: &str = "B2_HYPER_TEST_DETECT";
    if let Ok(text) = std::env::var(CHILD) {
        let excepted = std::env::var("no_proxy").is_ok();
        let expected = if text == "True" && !excepted { Ok(()) } else { Err(Kind::Resolve) };
        let transport = with(&[&format!("ProxyAutoDetect={text}")]);
        let outcome = get(&transport, "http://b2.invalid/x").await.map(drop);
        assert_eq!(outcome.map_err(|error| error.kind), expected);
        return;
    }
    let (proxy, firsts) = telling();
    let url = format!("http://ada:secret@{proxy}");
    again(SELF, &[(CHILD, "False"), ("http_proxy", &url)]);
    assert!(firsts.try_recv().is_err(), "nobody is asked unless told");
    again(SELF, &[(CHILD, "True"), ("http_proxy", &url)]);
    let first = String::from_utf8(firsts.recv_timeout(SOON).unwrap()).unwrap();
    assert!(first.starts_with("GET http://b2.invalid/x HTTP/1.1\r\n"), "{first}");
    assert!(first.contains("Basic YWRhOnNlY3JldA=="), "{first}");
    again(SELF, &[(CHILD, "True"), ("http_proxy", &url), ("no_proxy", "b2.invalid")]);
    assert!(firsts.try_recv().is_err(), "an exception");
}

/// What settings say about proxies holds for those of the environment.
#[tokio::test]
async fn proxies_of_the_environment_are_told_what_settings_say() {
    const SELF: &str = "proxies_of_the_environment_are_told_what_settings_say";
    const CHILD: &str = "B2_HYPER_TEST_SETTINGS";
    if let Ok(lines) = std::env::var(CHILD) {
        let texts: Vec<_> = lines.lines().chain(["ProxyAutoDetect=True"]).collect();
        let _ = get(&with(&texts), ELSEWHERE).await;
        return;
    }
    const PLAIN: &str = "GET http://b2.example/x HTTP/1.1\r\n";
    // What the proxy wants is found out before a body is on its way.
    const ASKED: &str = "HEAD http://b2.example:80/ HTTP/1.1\r\n";
    const ADA: &str = "\r\nproxy-authorization: Basic YWRhOnNlY3JldA==\r\n";
    const GIVEN: &str = "\r\nproxy-authorization: Bearer given\r\n";
    let named = "ProxyUser=ada\nProxyPassword=secret";
    for (settings, login, begin, told) in [
        ("ProxyAuthScheme=0", "ada:secret@", PLAIN, Some(ADA)),
        ("ProxyAuthScheme=1", "ada:secret@", ASKED, None),
        ("ProxyAuthScheme=3", "ada:secret@", PLAIN, None),
        ("ProxyAuthScheme=4", "ada:secret@", ASKED, Some("authorization: NTLM TlRMTVNTUAAB")),
        (named, "", PLAIN, Some(ADA)),
        ("ProxyUser=eve\nProxyPassword=no", "ada:secret@", PLAIN, Some(ADA)),
        ("ProxyAuthorization=Bearer given", "", PLAIN, Some(GIVEN)),
        ("ProxyAuthorization=Bearer given", "ada:secret@", PLAIN, Some(ADA)),
        ("ProxyAuthorization=Bearer given\nProxyAuthScheme=2", "ada:secret@", PLAIN, Some(GIVEN)),
        ("ProxyAuthorization=Bearer given\nProxyAuthScheme=3", "", PLAIN, None),
        ("ProxySSL=3", "", "CONNECT b2.example:80 HTTP/1.1\r\n", None),
        ("ProxySSL=1", "", "\u{16}\u{3}\u{1}", None),
    ] {
        let (proxy, firsts) = telling();
        let url = format!("http://{login}{proxy}");
        again(SELF, &[(CHILD, settings), ("http_proxy", &url)]);
        let first = firsts.recv_timeout(SOON).unwrap();
        let first = String::from_utf8_lossy(&first);
        assert!(first.starts_with(begin), "{settings}: {first}");
        match told {
            Some(told) => assert!(first.contains(told), "{settings}: {first}"),
            None => assert!(!first.contains("authorization"), "{settings}: {first}"),
        }
    }
    let (proxy, firsts) = telling();
    again(SELF, &[(CHILD, "ProxySSL=2"), ("http_proxy", &format!("https://{proxy}"))]);
    assert!(firsts.recv_timeout(SOON).unwrap().starts_with(PLAIN.as_bytes()));
}
