//! Settings by name, and what comes of them on the wire.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod firsts;
mod named;
mod server;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use authority::{Authority, answering};
use b2_core::error::{Sent, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::settings::Settings;
use bytes::Bytes;
use firsts::{first_bytes, telling};
use named::{SOON, get, with};

const DIRECT: &str = "http://127.0.0.1:%/x";

#[tokio::test]
async fn headers_and_versions() {
    for (text, expected) in [
        ("UserAgent=backup/1.0", "user-agent: backup/1.0\r\n"),
        ("Authorization=Bearer mine", "authorization: Bearer mine\r\n"),
        ("other_headers=X-Site: 7", "x-site: 7\r\n"),
        ("KeepAlive=False", "connection: close\r\n"),
        ("HTTPVersion=1.0", "GET /x HTTP/1.0\r\n"),
        ("HTTPVersion=1.1", "GET /x HTTP/1.1\r\n"),
    ] {
        let bytes = first_bytes(&[text], DIRECT).await;
        assert!(bytes.contains(expected), "{text}: {bytes}");
    }
}

/// HTTP/2 is spoken over TLS, and who asks for it by name asks for TLS.
#[tokio::test]
async fn http_2_by_name_refuses_plain_urls() {
    let (server, firsts) = telling();
    for fallback in ["AllowHTTPFallback=True", "AllowHTTPFallback=False"] {
        let transport = with(&["HTTPVersion=2.0", fallback]);
        let error = get(&transport, &format!("http://{server}/x")).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (Kind::Refused, Sent::Nothing), "{fallback}");
        let said = error.source.as_deref().unwrap().to_string();
        assert!(said.contains("https") && said.contains("HTTPVersion=1.1"), "{said}");
    }
    assert!(firsts.try_recv().is_err(), "something was sent");
}

#[tokio::test]
async fn times() {
    let silent = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome")?;
        stream.read(&mut [0]).map(drop)
    });
    for texts in [&["Timeout=1"][..], &["Timeout=1", "AbsoluteTimeout=True"]] {
        let begun = Instant::now();
        let error = get(&with(texts), &format!("http://{silent}/")).await.unwrap_err();
        assert_eq!(error.kind, Kind::Timeout, "{texts:?}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{texts:?}");
    }
    let slow = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n")?;
        for _ in 0..12 {
            std::thread::sleep(Duration::from_millis(250));
            stream.write_all(b"x")?;
        }
        stream.read(&mut [0]).map(drop)
    });
    let url = format!("http://{slow}/");
    get(&with(&["Timeout=2"]), &url).await.unwrap();
    let error = get(&with(&["Timeout=2", "AbsoluteTimeout=True"]), &url).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
}

/// How long a request waits, by a clock that is turned on whenever everybody
/// waits, whose own deadline are 1000 seconds.
async fn waits(texts: &[&str], url: &str) -> u64 {
    // Somebody has to be trusted, whatever the system has.
    let roots = format!("SSLServerCACerts={}", Authority::new().pem);
    let transport = with(&[texts, &[&*roots]].concat());
    let begun = tokio::time::Instant::now();
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let deadline = begun.into_std() + Duration::from_secs(1000);
    let error = transport.send(request, deadline).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout, "{texts:?}");
    begun.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_for_connecting_and_for_waiting_too() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", mute.local_addr().unwrap());
    for (texts, seconds) in [
        (&[][..], 20),
        (&["Timeout=5"], 5),
        (&["Timeout=60"], 60),
        (&["Timeout=120"], 120),
        (&["Timeout=0"], 1000),
        (&["Timeout=120", "ConnectionTimeout=7"], 7),
        (&["ConnectionTimeout=7"], 7),
        (&["Timeout=300", "AbsoluteTimeout=True"], 300),
        (&["Timeout=0", "AbsoluteTimeout=True"], 1000),
    ] {
        assert_eq!(waits(texts, &url).await, seconds, "{texts:?}");
    }
    // A server that takes connections and requests, and is silent.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    for (texts, seconds) in [
        (&[][..], 1000),
        (&["Timeout=10"], 10),
        (&["Timeout=60"], 60),
        (&["Timeout=0"], 1000),
        (&["Timeout=10", "ConnectionTimeout=7"], 10),
        (&["Timeout=90", "AbsoluteTimeout=True"], 90),
    ] {
        assert_eq!(waits(texts, &url).await, seconds, "{texts:?}");
    }
}

#[tokio::test]
async fn tls() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let url = format!("https://localhost:{port}/");
    let roots = format!("SSLServerCACerts={}", authority.pem);
    let facts = async |texts: &[&str]| {
        let transport = with(&[&[&*roots][..], texts].concat());
        get(&transport, &url).await.unwrap().tls.unwrap()
    };
    assert_eq!(facts(&["SSLEnabledProtocols=3072"]).await.version, "TLSv1.2");
    assert_eq!(facts(&["SSLEnabledProtocols=12288"]).await.version, "TLSv1.3");
    let suite = "TLS_CHACHA20_POLY1305_SHA256";
    let chosen = format!("SSLEnabledCipherSuites={suite}");
    assert_eq!(facts(&[&chosen, "SSLEnabledProtocols=0x3000"]).await.cipher_suite, suite);
    assert_eq!(facts(&["TLS13SupportedGroups=ecdhe_secp384r1"]).await.key_exchange_bits, 384);
    let error = get(&with(&[&roots, "TLS13SignatureAlgorithms=rsa_pss_sha256"]), &url).await;
    assert_eq!(error.unwrap_err().kind, Kind::Tls);

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    facts(&[&format!("SSLKeyLogFile={}", file("keys"))]).await;
    assert!(std::fs::read_to_string(file("keys")).unwrap().contains("CLIENT_TRAFFIC_SECRET_0 "));
    std::fs::write(file("ca.pem"), &authority.pem).unwrap();
    for name in ["SSLCACertFilePaths", "OpenSSLCAFile"] {
        get(&with(&[&format!("{name}={}", file("ca.pem"))]), &url).await.unwrap();
    }

    assert_eq!(get(&with(&[]), &url).await.unwrap_err().kind, Kind::Tls);
    get(&with(&["SSLSecurityFlags=0x10"]), &url).await.unwrap();
    let shown = facts(&[]).await.certificates.remove(0);
    let shown = b2_hyper::tls::Certificate::from_der(&shown).unwrap().pem();
    get(&with(&[&format!("ssl_accept_server_cert_encoded={shown}")]), &url).await.unwrap();

    for (text, resumed) in [("ReuseSSLSession=True", true), ("ReuseSSLSession=False", false)] {
        let transport = with(&[&roots, "KeepAlive=False", text]);
        get(&transport, &url).await.unwrap();
        let again = get(&transport, &url).await.unwrap().tls.unwrap();
        assert_eq!(again.resumed, resumed, "{text}");
    }
}

#[test]
fn what_cannot_be_built_says_which_setting() {
    for (texts, expected) in [
        (&["ssl_cert_store=/no/such/file", "ssl_cert_store_type=2"][..], "cannot be read"),
        (&["ssl_cert_store=nonsense"], "cannot be read"),
        (&["ssl_cert_store=nonsense", "ssl_cert_store_type=3"], "not a readable"),
        (&["SSLAcceptServerCert=nonsense"], "SSLAcceptServerCert"),
        (&["FirewallType=1", "FirewallHost=a", "FirewallData=nonsense"], "header"),
        (&["FirewallType=1"], "FirewallHost"),
    ] {
        let mut settings = Settings::default();
        for text in texts {
            settings.apply(text).unwrap();
        }
        let error = settings.builder().unwrap_err().to_string();
        assert!(error.contains(expected), "{texts:?}: {error}");
    }
}

/// A server that answers with these heads, one after the other, and tells
/// what it was asked.
fn speaking(heads: &'static [&'static str]) -> (SocketAddr, Receiver<String>) {
    let (told, seen) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |_, mut stream| {
        for head in heads.iter().cycle() {
            let Some(request) = server::head(&mut stream)? else { return Ok(()) };
            let _ = told.lock().unwrap().send(request);
            stream.write_all(head.as_bytes())?;
        }
        Ok(())
    });
    (address, seen)
}

#[tokio::test]
async fn redirects_dates_and_compression() {
    const MOVED: &str = "HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
    let (address, seen) = speaking(&[MOVED]);
    let url = format!("http://{address}/");
    get(&with(&["FollowRedirects=0"]), &url).await.unwrap();
    assert_eq!(seen.try_iter().count(), 1);
    for (mode, limit) in [(1, 2), (2, 5)] {
        let mode = format!("FollowRedirects={mode}");
        let transport = with(&[&mode, &format!("MaxRedirectAttempts={limit}")]);
        assert_eq!(get(&transport, &url).await.unwrap_err().kind, Kind::Refused);
        assert_eq!(seen.try_iter().count(), limit + 1);
    }

    const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (address, seen) = speaking(&[MOVED, DONE]);
    let request = http::Request::post(format!("http://{address}/"));
    let request = request.body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let transport = with(&["FollowRedirects=1", "GetOn302Redirect=True"]);
    transport.send(request, Instant::now() + SOON).await.unwrap();
    assert!(seen.recv_timeout(SOON).unwrap().starts_with("POST / "));
    assert!(seen.recv_timeout(SOON).unwrap().starts_with("GET /x "));

    let (address, seen) = speaking(&[DONE]);
    let date = "IfModifiedSince=Sun, 06 Nov 1994 08:49:37 GMT";
    for (texts, accepted) in [
        (&["AllowHTTPCompression=True", "AcceptEncoding=deflate"][..], Some("deflate")),
        (&["AllowHTTPCompression=True"], Some("gzip, deflate")),
        (&["AllowHTTPCompression=False", "AcceptEncoding=deflate"], None),
        (&[], None),
    ] {
        let transport = with(&[&[date][..], texts].concat());
        let request = http::Request::get(format!("http://{address}/"));
        let mut request = request.body(RequestBody::from_bytes(Bytes::new())).unwrap();
        request.extensions_mut().insert(b2_core::mark::Document::new());
        transport.send(request, Instant::now() + SOON).await.unwrap();
        let head = seen.recv_timeout(SOON).unwrap();
        assert!(
            head.contains("\r\nif-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
            "{head}"
        );
        let found = head.lines().find_map(|line| line.strip_prefix("accept-encoding: "));
        assert_eq!(found, accepted, "{texts:?}: {head}");
    }
}

#[test]
fn what_b2_does_not_take_is_refused_with_the_reason() {
    let mut settings = Settings::default();
    for (text, reason) in [
        ("CompressHTTPRequest=True", "B2 takes no compressed requests"),
        ("UseChunkedEncoding=True", "Content-Length"),
        ("ChunkSize=16384", "Content-Length"),
        ("AcceptEncoding=br", "gzip, deflate"),
        ("FollowRedirects=3", "0 never"),
        ("LogLevel=4", "0 none"),
        ("IfModifiedSince=yesterday", "a date of HTTP"),
        ("HTTP2HeadersWithoutIndexing=a b", "names of headers"),
    ] {
        let error = settings.apply(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(settings, Settings::default());
}

#[cfg(not(feature = "pac"))]
#[test]
fn without_the_feature_a_script_is_refused_with_the_reason() {
    let mut settings = Settings::default();
    settings.apply("ProxyAutoDetect=True").unwrap();
    settings.apply("ProxyAutoConfigURL=http://x/").unwrap();
    let error = settings.builder().unwrap_err().to_string();
    assert!(error.contains("feature `pac`"), "{error}");
    settings.apply("UseProxyAutoConfigURL=False").unwrap();
    let _built = settings.builder().unwrap();
}
