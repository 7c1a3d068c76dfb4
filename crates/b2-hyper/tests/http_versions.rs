//! Versions of HTTP and headers, as servers see them.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod named;
mod server;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authority::{Authority, answering};
use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, ResponseBody, Transport};
use b2_hyper::connect::ConnectionFacts;
use b2_hyper::{Builder, HeaderOverrides, HttpVersion, HyperTransport};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::CertificateParams;
use tokio_rustls::TlsAcceptor;

/// What a server knows of a request.
#[derive(Debug)]
struct Seen {
    version: Version,
    host: Option<String>,
    headers: HeaderMap,
    body: usize,
}

/// A server of HTTP/2 that gives back what came.
async fn h2_server(authority: &Authority) -> (u16, Receiver<Seen>) {
    let (told, seen) = channel();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let mut config = (*authority.server(params)).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = Arc::new(Mutex::new(told));
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, told) = (acceptor.clone(), Arc::clone(&told));
            tokio::spawn(async move {
                let Ok(tls) = acceptor.accept(tcp).await else { return };
                let service =
                    hyper::service::service_fn(move |request| echo(request, Arc::clone(&told)));
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(tls), service).await;
            });
        }
    });
    (port, seen)
}

async fn echo(
    request: Request<Incoming>,
    told: Arc<Mutex<std::sync::mpsc::Sender<Seen>>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    if head.uri.path() == "/refuse" {
        return Ok(Response::builder().status(401).body(Full::from("early")).unwrap());
    }
    let body = body.collect().await?.to_bytes();
    let seen = Seen {
        version: head.version,
        host: head.uri.authority().map(ToString::to_string),
        headers: head.headers,
        body: body.len(),
    };
    let _ = told.lock().unwrap().send(seen);
    Ok(Response::new(Full::new(body)))
}

async fn post(
    transport: &HyperTransport,
    url: &str,
    len: usize,
) -> Result<Response<ResponseBody>, TransportError> {
    let body = RequestBody::from_bytes(Bytes::from(vec![7; len]));
    let request = Request::post(url).header("user-agent", "own").body(body).unwrap();
    transport.send(request, Instant::now() + Duration::from_secs(20)).await
}

async fn collect(mut body: ResponseBody) -> usize {
    let mut came = 0;
    while let Some(chunk) = body.chunk().await {
        came += chunk.unwrap().len();
    }
    came
}

fn facts(answer: &Response<ResponseBody>) -> ConnectionFacts {
    ConnectionFacts::clone(answer.extensions().get::<Arc<ConnectionFacts>>().unwrap())
}

fn speaking(version: HttpVersion, authority: &Authority) -> HyperTransport {
    HyperTransport::builder()
        .with_platform_roots(false)
        .with_root_certificates_pem(&authority.pem)
        .with_http_version(version)
        .build()
        .unwrap()
}

#[tokio::test]
async fn http_2_carries_bodies_and_its_connection_is_used_again() {
    let authority = Authority::new();
    let (port, seen) = h2_server(&authority).await;
    let transport = speaking(HttpVersion::Http2Only, &authority);
    let url = format!("https://localhost:{port}/x?y=%20");
    let mut addresses = Vec::new();
    for len in [0, 5, 10_000_000, 3] {
        let answer = post(&transport, &url, len).await.unwrap();
        let facts = facts(&answer);
        assert_eq!((answer.version(), facts.http_version), (Version::HTTP_2, Version::HTTP_2));
        assert_eq!(facts.tls.unwrap().alpn.as_deref(), Some(&b"h2"[..]));
        addresses.push(facts.local_address);
        assert_eq!(collect(answer.into_body()).await, len);
        let seen = seen.recv_timeout(Duration::from_secs(5)).unwrap();
        assert_eq!((seen.version, seen.body), (Version::HTTP_2, len));
        assert_eq!(seen.host.unwrap(), format!("localhost:{port}"));
        assert_eq!(seen.headers["content-length"], len.to_string());
        assert!(!seen.headers.contains_key("host"));
    }
    addresses.dedup();
    assert_eq!(addresses.len(), 1, "one connection");
}

#[tokio::test]
async fn http_2_finds_an_early_answer_and_the_next_one_too() {
    let authority = Authority::new();
    let (port, _seen) = h2_server(&authority).await;
    let transport = speaking(HttpVersion::Http2Only, &authority);
    let refuse = format!("https://localhost:{port}/refuse");
    let answer = post(&transport, &refuse, 50_000_000).await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(collect(answer.into_body()).await, 5);
    let answer = post(&transport, &format!("https://localhost:{port}/"), 9).await.unwrap();
    assert_eq!(collect(answer.into_body()).await, 9);
}

#[tokio::test]
async fn http_2_falls_back_if_it_may() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let url = format!("https://localhost:{port}/");
    let answer = post(&speaking(HttpVersion::Http2, &authority), &url, 5).await.unwrap();
    assert_eq!(facts(&answer).http_version, Version::HTTP_11);
    let error = post(&speaking(HttpVersion::Http2Only, &authority), &url, 5).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Tls, Sent::Nothing), "{error:?}");
}

#[tokio::test]
async fn http_2_and_its_fallback_have_names() {
    let authority = Authority::new();
    let old = authority.serve(&["localhost"], answering);
    let (new, _seen) = h2_server(&authority).await;
    let roots = format!("SSLServerCACerts={}", authority.pem);
    for (fallback, reaches_old) in
        [("AllowHTTPFallback=True", true), ("AllowHTTPFallback=False", false)]
    {
        let transport = named::with(&[&roots, "HTTPVersion=2.0", fallback]);
        let answer = post(&transport, &format!("https://localhost:{new}/"), 5).await.unwrap();
        assert_eq!(facts(&answer).http_version, Version::HTTP_2, "{fallback}");
        let outcome = post(&transport, &format!("https://localhost:{old}/"), 5).await;
        let expected = if reaches_old { Ok(Version::HTTP_11) } else { Err(Kind::Tls) };
        let version = outcome.map(|answer| answer.version()).map_err(|error| error.kind);
        assert_eq!(version, expected, "{fallback}");
    }
}

/// A server that tells heads and answers.
fn telling() -> (SocketAddr, Receiver<String>) {
    let (told, heads) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |_, mut stream| {
        while let Some(head) = server::head(&mut stream)? {
            let _ = told.lock().unwrap().send(head);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
        Ok(())
    });
    (address, heads)
}

async fn head_of(builder: Builder) -> (String, String) {
    let (server, heads) = telling();
    let transport = builder.build().unwrap();
    let url = format!("http://{server}/x");
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let answer = post(&transport, &url, 0).await.unwrap();
        addresses.push(facts(&answer).local_address);
        collect(answer.into_body()).await;
    }
    let reused = if addresses[0] == addresses[1] { "reused" } else { "new" };
    (heads.recv_timeout(Duration::from_secs(5)).unwrap(), reused.to_owned())
}

#[tokio::test]
async fn http_1_0_is_said_on_the_wire() {
    let (head, _) = head_of(HyperTransport::builder().with_http_version(HttpVersion::Http10)).await;
    assert!(head.starts_with("POST /x HTTP/1.0\r\n"), "{head}");
    let (head, reused) = head_of(HyperTransport::builder()).await;
    assert!(head.starts_with("POST /x HTTP/1.1\r\n"), "{head}");
    assert_eq!(reused, "reused");
    let without = HyperTransport::builder().with_http_version(HttpVersion::Http2);
    assert!(head_of(without).await.0.starts_with("POST /x HTTP/1.1\r\n"));
}

#[tokio::test]
async fn headers_are_replaced_and_added() {
    let headers = HeaderOverrides::new().with_user_agent("backup/1.0").unwrap();
    let headers = headers.with_authorization("Bearer mine").unwrap();
    let headers = headers.with_lines("X-Site: 7\r\nX-Site: 8").unwrap();
    let (head, _) = head_of(HyperTransport::builder().with_headers(headers)).await;
    for line in ["user-agent: backup/1.0", "authorization: Bearer mine", "x-site: 7", "x-site: 8"] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
    assert!(!head.contains("user-agent: own"), "{head}");
}

#[tokio::test]
async fn without_keep_alive_each_request_has_its_connection() {
    let headers = HeaderOverrides::new().with_keep_alive(false);
    let (head, reused) = head_of(HyperTransport::builder().with_headers(headers)).await;
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    assert_eq!(reused, "new");
}

/// A server of HTTP/2 that says how long the blocks of headers are, by
/// reading the frames itself; it answers each request with nothing.
async fn block_lengths(authority: &Authority) -> (u16, Receiver<usize>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (told, lengths) = channel();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let mut config = (*authority.server(params)).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await?;
        let mut tls = acceptor.accept(tcp).await?;
        tls.read_exact(&mut [0; 24]).await?;
        // Our settings: none.
        tls.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
        loop {
            let mut head = [0; 9];
            tls.read_exact(&mut head).await?;
            let len = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            tls.read_exact(&mut vec![0; len]).await?;
            match head[3] {
                // Theirs, which are to be acknowledged.
                4 if head[4] == 0 => tls.write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0]).await?,
                1 => {
                    let _ = told.send(len);
                    // `:status 200`, end of stream and of headers.
                    let mut answer = vec![0, 0, 1, 1, 5];
                    answer.extend_from_slice(&head[5..9]);
                    answer.push(0x88);
                    tls.write_all(&answer).await?;
                }
                _ => {}
            }
        }
        #[expect(unreachable_code, reason = "it says what errors are")]
        std::io::Result::Ok(())
    });
    (port, lengths)
}

/// The lengths of the headers of two requests that are the same.
async fn twice(builder: Builder) -> (usize, usize) {
    let authority = Authority::new();
    let (port, lengths) = block_lengths(&authority).await;
    let transport = builder
        .with_platform_roots(false)
        .with_root_certificates_pem(&authority.pem)
        .with_http_version(HttpVersion::Http2Only)
        .build()
        .unwrap();
    for _ in 0..2 {
        let request = Request::get(format!("https://localhost:{port}/"))
            .header("x-site", "a-value-that-takes-its-place")
            .body(RequestBody::from_bytes(Bytes::new()))
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let answer = transport.send(request, deadline).await.unwrap();
        assert_eq!(answer.status(), 200);
        collect(answer.into_body()).await;
    }
    let hear = || lengths.recv_timeout(Duration::from_secs(5)).unwrap();
    (hear(), hear())
}

#[tokio::test]
async fn headers_that_are_named_are_written_out_each_time() {
    let with = |headers| HyperTransport::builder().with_headers(headers);
    let (first, second) = twice(HyperTransport::builder()).await;
    // By then both tables have all of them: a byte each.
    assert!(second < 10, "{first}, {second}");
    let named = HeaderOverrides::new().with_unindexed("x-other, X-Site").unwrap();
    let by_name = named::builder(&["HTTP2HeadersWithoutIndexing=x-other, X-Site"]);
    for builder in [with(named), by_name] {
        let (first, second) = twice(builder).await;
        assert!(second > 25, "{first}, {second}");
    }
    // So are those with secrets, unnamed.
    let secret = HeaderOverrides::new().with_authorization("a-token-that-takes-its-place").unwrap();
    let (first, second) = twice(with(secret)).await;
    assert!(second > 25, "{first}, {second}");
    assert!(HeaderOverrides::new().with_unindexed("a b").is_err());
}

#[tokio::test]
async fn a_date_is_asked_about_with_get_alone() {
    let date = "Sat, 29 Oct 2017 19:43:31 GMT";
    let headers = || HeaderOverrides::new().with_if_modified_since("Sun, 06 Nov 1994 08:49:37 GMT");
    assert!(HeaderOverrides::new().with_if_modified_since("yesterday").is_err());
    let (server, heads) = telling();
    let transport = HyperTransport::builder().with_headers(headers().unwrap()).build().unwrap();
    for (method, own, expected) in [
        ("GET", None, Some("Sun, 06 Nov 1994 08:49:37 GMT")),
        ("HEAD", None, Some("Sun, 06 Nov 1994 08:49:37 GMT")),
        ("GET", Some(date), Some(date)),
        ("POST", None, None),
    ] {
        let mut request = Request::builder().method(method).uri(format!("http://{server}/"));
        if let Some(own) = own {
            request = request.header("if-modified-since", own);
        }
        let request = request.body(RequestBody::from_bytes(Bytes::new())).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        collect(transport.send(request, deadline).await.unwrap().into_body()).await;
        let head = heads.recv_timeout(Duration::from_secs(5)).unwrap();
        let found = head.lines().find_map(|line| line.strip_prefix("if-modified-since: "));
        assert_eq!(found, expected, "{method}: {head}");
    }
}

#[tokio::test]
async fn without_keep_alive_http_2_uses_no_connection_again_either() {
    let authority = Authority::new();
    let (port, _seen) = h2_server(&authority).await;
    let url = format!("https://localhost:{port}/");
    for (keep, same) in [("True", true), ("False", false)] {
        let mut settings = b2_hyper::settings::Settings::default();
        for text in ["HTTPVersion=2.0", &format!("KeepAlive={keep}")] {
            settings.apply(text).unwrap();
        }
        let builder = settings.builder().unwrap().with_root_certificates_pem(&authority.pem);
        let transport = builder.with_platform_roots(false).build().unwrap();
        let mut ports = Vec::new();
        for _ in 0..2 {
            let answer = post(&transport, &url, 5).await.unwrap();
            assert_eq!(answer.version(), Version::HTTP_2);
            ports.push(facts(&answer).local_address);
            assert_eq!(collect(answer.into_body()).await, 5);
        }
        assert_eq!(ports[0] == ports[1], same, "{keep}");
    }
}
