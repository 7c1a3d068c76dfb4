//! What proxies see, and what servers behind them see.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod server;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::connect::{ConnectionFacts, ResolveError};
use b2_hyper::observe::{Log, LogLevel};
use b2_hyper::proxy::{AuthScheme, Exceptions, Proxy, ProxyError, ProxyRules};
use bytes::Bytes;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const ASK: &str = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: ";
const SOON: Duration = Duration::from_secs(10);

/// A server that answers everything and tells the heads that it has read.
fn telling() -> (SocketAddr, Receiver<String>) {
    let (told, heads) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |_, mut stream| {
        while let Some(head) = server::head(&mut stream)? {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            stream.read_exact(&mut vec![0; length.map_or(0, |text| text.parse().unwrap())])?;
            let _ = told.lock().unwrap().send(head);
            stream.write_all(OK)?;
        }
        Ok(())
    });
    (address, heads)
}

/// A proxy that opens a tunnel for who is `known` and asks others who they
/// are; tells the heads that it has read.
fn tunnelling(known: Option<&'static str>) -> (SocketAddr, Receiver<String>) {
    let (told, heads) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |_, mut stream| {
        while let Some(head) = server::head(&mut stream)? {
            let _ = told.lock().unwrap().send(head.clone());
            if known.is_none_or(|known| head.contains(known)) {
                stream.write_all(b"HTTP/1.1 200 Go on\r\nVia: 1.1 test\r\n\r\n")?;
                let target = head.split(' ').nth(1).unwrap().to_owned();
                return splice(stream, TcpStream::connect(target)?);
            }
            write!(stream, "{ASK}Basic realm=\"x\"\r\nContent-Length: 4\r\n\r\nwho?")?;
        }
        Ok(())
    });
    (address, heads)
}

fn splice(client: TcpStream, server: TcpStream) -> std::io::Result<()> {
    let (mut up, mut down) = ((client.try_clone()?, server.try_clone()?), (server, client));
    std::thread::spawn(move || std::io::copy(&mut up.0, &mut up.1));
    std::io::copy(&mut down.0, &mut down.1).map(drop)
}

fn through(proxy: Proxy) -> HyperTransport {
    HyperTransport::builder().with_proxy(ProxyRules::all(proxy)).build().unwrap()
}

fn at(address: SocketAddr) -> Proxy {
    Proxy::http(address.ip().to_string(), address.port())
}

async fn post(transport: &HyperTransport, url: &str) -> Result<ConnectionFacts, TransportError> {
    let body = RequestBody::from_bytes(Bytes::from_static(b"body"));
    let request = http::Request::post(url).header("authorization", "b2-token").body(body).unwrap();
    let answer = transport.send(request, Instant::now() + SOON).await?;
    assert_eq!(answer.status(), 200);
    let facts = ConnectionFacts::clone(answer.extensions().get::<Arc<ConnectionFacts>>().unwrap());
    let mut body = answer.into_body();
    while let Some(chunk) = body.chunk().await {
        chunk?;
    }
    Ok(facts)
}

fn cause(error: &TransportError) -> &ProxyError {
    error.source.as_deref().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn a_proxy_reads_whole_urls_and_who_is_asking() {
    let (proxy, heads) = telling();
    let transport = through(at(proxy).with_credentials("Aladdin", "open sesame"));
    let facts = post(&transport, "http://b2.example/a/b?c=%20").await.unwrap();
    assert_eq!((facts.peer_address, facts.proxies), (proxy, 1));
    let head = heads.recv_timeout(SOON).unwrap();
    assert!(head.starts_with("POST http://b2.example/a/b?c=%20 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nhost: b2.example\r\n"), "{head}");
    // The example of RFC 7617.
    let known = "\r\nproxy-authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n";
    assert!(head.contains(known), "{head}");
}

#[tokio::test]
async fn a_tunnel_is_asked_for_and_what_goes_through_it_is_untouched() {
    let (proxy, asked) = tunnelling(None);
    let (server, heads) = telling();
    let proxy = at(proxy)
        .with_tunnel(true)
        .with_credentials("ada", "secret")
        .with_header("X-Site", "seven")
        .unwrap();
    post(&through(proxy), &format!("http://{server}/x")).await.unwrap();
    let head = asked.recv_timeout(SOON).unwrap();
    assert!(
        head.starts_with(&format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n")),
        "{head}"
    );
    assert!(head.contains("\r\nx-site: seven\r\n") && head.contains("Basic YWRhOnNlY3JldA=="));
    assert!(!head.contains("b2-token"), "{head}");
    let head = heads.recv_timeout(SOON).unwrap();
    assert!(head.starts_with("POST /x HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("YWRhOnNlY3JldA==") && !head.contains("x-site"), "{head}");
}

#[tokio::test]
async fn a_given_token_goes_as_it_is() {
    let (proxy, asked) = tunnelling(Some("proxy-authorization: Bearer given"));
    let (server, _heads) = telling();
    let proxy = at(proxy).with_tunnel(true).with_token("Bearer given").unwrap();
    post(&through(proxy), &format!("http://{server}/")).await.unwrap();
    assert!(asked.recv_timeout(SOON).is_ok());
    assert!(asked.try_recv().is_err(), "it was told at once, not when asked");
}

#[tokio::test]
async fn wrong_credentials_are_an_error_that_names_the_schemes_and_no_secret() {
    let (proxy, _asked) = tunnelling(Some("nobody knows"));
    let (server, heads) = telling();
    for scheme in [AuthScheme::Basic, AuthScheme::Digest, AuthScheme::Ntlm, AuthScheme::None] {
        let proxy = at(proxy).with_credentials("canary-user", "canary-password");
        let transport = through(proxy.with_tunnel(true).with_scheme(scheme));
        let error = post(&transport, &format!("http://{server}/")).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (Kind::Connect, Sent::Nothing));
        let ProxyError::Credentials { offered } = cause(&error) else { panic!("{error:?}") };
        assert_eq!(offered, "Basic");
        assert!(!format!("{error:?}{error}").contains("canary"));
    }
    assert!(heads.try_recv().is_err(), "nothing reached the server");
}

#[tokio::test]
async fn a_proxy_that_reads_requests_and_does_not_know_us_is_an_error_of_the_connection() {
    let proxy = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        write!(stream, "{ASK}Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
    });
    let error = post(&through(at(proxy)), "http://b2.example/").await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Connect, Sent::Nothing));
    assert!(matches!(cause(&error), ProxyError::Credentials { .. }), "{error:?}");
}

#[tokio::test]
async fn other_refusals_and_nonsense_are_told_apart() {
    let (server, _heads) = telling();
    for (answer, status) in [
        (&b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"[..], Some(403)),
        (b"\x05\xff", None),
        (b"HTTP/1.1 200 OK\r\n\r\nout of turn", None),
        (b"", None),
    ] {
        let proxy = server::listen(move |_, mut stream| {
            server::head(&mut stream)?;
            stream.write_all(answer)
        });
        let transport = through(at(proxy).with_tunnel(true));
        let error = post(&transport, &format!("http://{server}/")).await.unwrap_err();
        match (cause(&error), status) {
            (ProxyError::Status(found), Some(expected)) => assert_eq!(*found, expected),
            (ProxyError::Protocol(_), None) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_proxy_that_never_ends_its_answer_is_given_up() {
    let proxy = server::listen(|_, mut stream| {
        server::head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"X-More: and more\r\n")?;
        }
    });
    let error = post(&through(at(proxy).with_tunnel(true)), "http://b2.example/").await;
    assert!(matches!(cause(&error.unwrap_err()), ProxyError::Protocol(_)));
}

#[tokio::test]
async fn exceptions_are_reached_directly() {
    let (server, _heads) = telling();
    let nobody = Proxy::http("127.0.0.1", 1);
    let rules = ProxyRules::all(nobody).with_exceptions(Exceptions::parse("127.0.0.0/8"));
    let transport = HyperTransport::builder().with_proxy(rules).build().unwrap();
    let facts = post(&transport, &format!("http://{server}/")).await.unwrap();
    assert_eq!((facts.peer_address, facts.proxies), (server, 0));
}

#[tokio::test]
async fn a_proxy_behind_a_firewall_is_reached_through_it() {
    let (firewall, asked) = tunnelling(None);
    let (proxy, heads) = telling();
    let transport = HyperTransport::builder()
        .with_firewall(at(firewall))
        .with_proxy(ProxyRules::all(at(proxy)))
        .build()
        .unwrap();
    let facts = post(&transport, "http://b2.example/").await.unwrap();
    assert_eq!((facts.peer_address, facts.proxies), (firewall, 2));
    assert!(asked.recv_timeout(SOON).unwrap().starts_with(&format!("CONNECT {proxy} ")));
    assert!(heads.recv_timeout(SOON).unwrap().starts_with("POST http://b2.example/ "));
}

#[tokio::test]
async fn what_is_no_host_is_told_to_no_proxy_and_no_log() {
    let (proxy, asked) = tunnelling(None);
    for host in ["p\r\nX-Evil: 1", "a b", "a/b", ""] {
        for kind in [Proxy::http, Proxy::socks4a, Proxy::socks5] {
            let mut stream = tokio::net::TcpStream::connect(proxy).await.unwrap();
            let proxy = kind("127.0.0.1".to_owned(), proxy.port());
            let error = proxy.tunnel(&mut stream, host, 443).await.unwrap_err();
            assert!(matches!(error, ProxyError::Unsuitable(_)), "{error:?}");
        }
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log = Log::new(LogLevel::Verbose, move |line| kept.lock().unwrap().push(line.message));
        let transport = HyperTransport::builder()
            .with_firewall(at(proxy))
            .with_proxy(ProxyRules::all(Proxy::http(host, 80)))
            .with_observer(log)
            .build()
            .unwrap();
        let error = post(&transport, "http://b2.example/").await.unwrap_err();
        assert!(matches!(cause(&error), ProxyError::Unsuitable(_)), "{error:?}");
        assert!(!format!("{:?}", lines.lock().unwrap()).contains("Evil"));
    }
    assert!(asked.try_recv().is_err(), "nothing was asked");
}

/// SOCKS 4 is told addresses, so the name is looked up here.
#[tokio::test]
async fn why_a_name_has_no_address_for_socks_4_is_told() {
    let proxy =
        server::listen(|_, mut stream| std::io::copy(&mut stream, &mut std::io::sink()).map(drop));
    let transport = through(Proxy::socks4("127.0.0.1", proxy.port()));
    for (host, mut expected) in [
        ("no-such-name.invalid", vec![ResolveError::NoHost, ResolveError::NoAnswer]),
        ("[::1]", vec![ResolveError::NoAddress("")]),
    ] {
        let error = post(&transport, &format!("http://{host}/")).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (Kind::Resolve, Sent::Nothing), "{error:?}");
        let ProxyError::Resolve(io) = cause(&error) else { panic!("{error:?}") };
        let found = io.get_ref().unwrap().downcast_ref::<ResolveError>().unwrap();
        let kind = std::mem::discriminant::<ResolveError>;
        expected.retain(|expected| kind(expected) == kind(found));
        assert!(!expected.is_empty(), "{found:?}");
    }
}

#[tokio::test]
async fn each_connection_to_a_proxy_that_digests_has_a_nonce_of_its_own() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    let proxy = server::listen(move |number, mut stream| {
        while let Some(head) = server::head(&mut stream)? {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            stream.read_exact(&mut vec![0; length.map_or(0, |text| text.parse().unwrap())])?;
            assert!(!head.contains("canary"), "{head}");
            if head.contains(&format!("nonce=\"{number}\"")) {
                kept.lock().unwrap().push(head);
                stream.write_all(OK)?;
            } else {
                write!(stream, "{ASK}Digest realm=\"x\", qop=\"auth\", nonce=\"{number}\"\r\n")?;
                stream.write_all(b"Content-Length: 0\r\n\r\n")?;
            }
        }
        Ok(())
    });
    let proxy = at(proxy).with_credentials("ada", "x").with_scheme(AuthScheme::Digest);
    let transport = through(proxy.with_header("x-proxy-alone", "canary").unwrap());
    let both = || async {
        let one = post(&transport, "http://b2.example/");
        tokio::try_join!(one, post(&transport, "http://b2.example/"))
    };
    both().await.unwrap();
    both().await.unwrap();
    for head in &*heads.lock().unwrap() {
        assert!(head.contains("nc=00000001") || head.contains("nc=00000002"), "{head}");
    }
}

/// A request keeps it when the proxy that it was meant for turns out to be
/// gone, and then goes another way.
#[tokio::test]
async fn what_is_for_a_proxy_goes_to_no_server() {
    let (server, heads) = telling();
    let (proxy, _asked) = tunnelling(None);
    for transport in [HyperTransport::new().unwrap(), through(at(proxy).with_tunnel(true))] {
        let request = http::Request::get(format!("http://{server}/"))
            .header("proxy-authorization", "Basic canary")
            .body(RequestBody::from_bytes(Bytes::new()));
        transport.send(request.unwrap(), Instant::now() + SOON).await.unwrap();
        let head = heads.recv_timeout(SOON).unwrap();
        assert!(!head.contains("canary"), "{head}");
    }
}
