//! Compressed answers.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod server;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use b2_core::error::{TransportError, TransportErrorKind as Kind};
use b2_core::mark::Document;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::observe::{Log, LogKind, LogLevel};
use b2_hyper::{ContentError, Decompression, HyperTransport, Received};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::{HeaderMap, Request};

const SOON: Duration = Duration::from_secs(20);

/// A server that gives these headers and this body, and tells the heads of
/// requests. Each connection serves any number of them.
fn serving(headers: &str, body: Vec<u8>) -> (SocketAddr, Receiver<(usize, String)>) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n\r\n", body.len());
    let (told, heads) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |number, mut stream| {
        while let Some(request) = server::head(&mut stream)? {
            let _ = told.lock().unwrap().send((number, request));
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)?;
        }
        Ok(())
    });
    (address, heads)
}

fn opening(decompression: Decompression) -> HyperTransport {
    HyperTransport::builder().with_decompression(decompression).build().unwrap()
}

async fn get(
    transport: &HyperTransport,
    address: SocketAddr,
    change: impl FnOnce(&mut Request<RequestBody>),
) -> Result<(HeaderMap, Vec<u8>, u64), TransportError> {
    let request = Request::get(format!("http://{address}/"));
    let mut request = request.body(RequestBody::from_bytes(Bytes::new())).unwrap();
    change(&mut request);
    let answer = transport.send(request, Instant::now() + SOON).await?;
    let (head, mut body) = answer.into_parts();
    let received = head.extensions.get::<Received>().unwrap().clone();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok((head.headers, bytes, received.bytes()))
}

fn document(request: &mut Request<RequestBody>) {
    request.extensions_mut().insert(Document::new());
}

#[tokio::test]
async fn a_log_shows_what_was_decompressed_without_its_secrets_and_nothing_of_the_rest() {
    let answer = b"{\"accountId\":\"shown\",\"authorizationToken\":\"canary\"}";
    for (coding, body) in [("gzip", gzip(answer)), ("deflate", zlib(answer))] {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log = Log::new(LogLevel::Debug, move |line| kept.lock().unwrap().push(line));
        let (address, _heads) = serving(&format!("Content-Encoding: {coding}"), body.clone());
        let builder = HyperTransport::builder().with_observer(log);
        let transport = builder.with_decompression(Decompression::new()).build().unwrap();
        let (_, read, received) = get(&transport, address, document).await.unwrap();
        assert_eq!((&*read, received), (&answer[..], body.len() as u64));
        let bodies = || {
            let lines = std::mem::take(&mut *lines.lock().unwrap());
            let bodies = lines.into_iter().filter(|line| line.kind == LogKind::ResponseBody);
            bodies.map(|line| line.message).collect::<Vec<_>>()
        };
        assert_eq!(bodies(), [r#"{"accountId":"shown","authorizationToken":".."}"#]);
        // The same bytes, which nobody here has asked to be compressed.
        let (_, read, _) = get(&transport, address, |_| ()).await.unwrap();
        assert_eq!(read, body);
        assert_eq!(bodies(), [format!("({} bytes that are no text)", body.len())]);
    }
}

fn text() -> Vec<u8> {
    (0..40_000).flat_map(|number| format!("{{\"file\":{number}}},").into_bytes()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bare(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn documents_are_asked_for_and_opened_in_each_form() {
    let text = text();
    for (name, body) in [
        ("gzip", gzip(&text)),
        ("x-gzip", [gzip(&text[..1000]), gzip(&text[1000..])].concat()),
        ("deflate", zlib(&text)),
        ("deflate", bare(&text)),
        ("identity", text.clone()),
    ] {
        let len = body.len() as u64;
        let (address, heads) = serving(&format!("Content-Encoding: {name}"), body);
        let transport = opening(Decompression::new());
        for _ in 0..2 {
            let (headers, bytes, received) = get(&transport, address, document).await.unwrap();
            assert!(bytes == text, "{name}");
            assert_eq!(received, len, "what came over the wire");
            let (connection, head) = heads.recv_timeout(SOON).unwrap();
            assert!(head.contains("\r\naccept-encoding: gzip, deflate\r\n"), "{head}");
            assert_eq!(connection, 0, "the connection is used again");
            if name != "identity" {
                assert!(!headers.contains_key("content-encoding"));
                assert!(!headers.contains_key("content-length"));
            }
        }
    }
    let (address, heads) = serving("X-Plain: yes", text.clone());
    let transport = opening(Decompression::new().with_accept("deflate").unwrap());
    assert!(get(&transport, address, document).await.unwrap().1 == text);
    assert!(heads.recv_timeout(SOON).unwrap().1.contains("\r\naccept-encoding: deflate\r\n"));
}

#[tokio::test]
async fn nothing_else_is_asked_for_or_touched() {
    let body = gzip(&text());
    let (address, heads) = serving("Content-Encoding: gzip", body.clone());
    let range = |request: &mut Request<RequestBody>| {
        document(request);
        request.headers_mut().insert("range", "bytes=0-9".parse().unwrap());
    };
    let own = |request: &mut Request<RequestBody>| {
        document(request);
        request.headers_mut().insert("accept-encoding", "br".parse().unwrap());
    };
    let transport = opening(Decompression::new());
    let file = get(&transport, address, |_| {}).await.unwrap();
    let ranged = get(&transport, address, range).await.unwrap();
    let unasked = get(&HyperTransport::new().unwrap(), address, document).await.unwrap();
    for (headers, bytes, _) in [&file, &ranged, &unasked] {
        assert!(*bytes == body);
        assert_eq!(headers["content-encoding"], "gzip");
        let head = heads.recv_timeout(SOON).unwrap().1;
        assert!(!head.contains("accept-encoding"), "{head}");
    }
    let (_, bytes, _) = get(&transport, address, own).await.unwrap();
    assert!(bytes == body);
    assert!(heads.recv_timeout(SOON).unwrap().1.contains("\r\naccept-encoding: br\r\n"));
}

#[tokio::test]
async fn a_file_of_b2_stays_as_it_is_stored() {
    let body = gzip(b"stored like this");
    let headers = "Content-Encoding: gzip\r\nX-Bz-Content-Sha1: none";
    let (address, _heads) = serving(headers, body.clone());
    let transport = opening(Decompression::new());
    let (headers, bytes, _) = get(&transport, address, document).await.unwrap();
    assert!(bytes == body);
    assert_eq!(headers["content-encoding"], "gzip");
}

fn cause(error: &TransportError) -> &ContentError {
    assert_eq!(error.kind, Kind::Protocol, "{error:?}");
    error.source.as_deref().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn damage_is_an_error_and_never_half_a_document() {
    let whole = gzip(&text());
    let mut flipped = whole.clone();
    let end = flipped.len() - 5;
    flipped[end] ^= 1;
    for (name, body) in [
        ("gzip", whole[..whole.len() / 2].to_vec()),
        ("gzip", whole[..whole.len() - 1].to_vec()),
        ("gzip", flipped),
        ("gzip", b"no gzip at all".to_vec()),
        ("deflate", zlib(&text())[..100].to_vec()),
        ("deflate", bare(&text())[..100].to_vec()),
    ] {
        let (address, _heads) = serving(&format!("Content-Encoding: {name}"), body);
        let error = get(&opening(Decompression::new()), address, document).await.unwrap_err();
        assert!(matches!(cause(&error), ContentError::Damaged(_)), "{error:?}");
    }
    let (address, _heads) =
        serving("Content-Encoding: deflate", [zlib(b"x"), b"more".to_vec()].concat());
    let error = get(&opening(Decompression::new()), address, document).await.unwrap_err();
    assert!(matches!(cause(&error), ContentError::Beyond), "{error:?}");
    let (address, _heads) = serving("Content-Encoding: br", whole);
    let error = get(&opening(Decompression::new()), address, document).await.unwrap_err();
    assert!(matches!(cause(&error), ContentError::Encoding), "{error:?}");
}

#[tokio::test]
async fn what_grows_too_much_is_given_up() {
    let (address, _heads) = serving("Content-Encoding: gzip", gzip(&vec![0; 200 << 20]));
    let error = get(&opening(Decompression::new()), address, document).await.unwrap_err();
    assert!(matches!(cause(&error), ContentError::Bomb { ratio: 200 }), "{error:?}");
    let (address, _heads) = serving("Content-Encoding: gzip", gzip(&text()));
    let short = Decompression::new().with_limit(1000);
    let error = get(&opening(short), address, document).await.unwrap_err();
    assert!(matches!(cause(&error), ContentError::TooLong { limit: 1000 }), "{error:?}");
}

#[tokio::test]
async fn nothing_is_nothing_in_any_form() {
    for name in ["gzip", "deflate"] {
        let (address, _heads) = serving(&format!("Content-Encoding: {name}"), Vec::new());
        let transport = opening(Decompression::new());
        assert!(get(&transport, address, document).await.unwrap().1.is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_breaks_says_so_itself() {
    let body = gzip(&text());
    let address = server::listen(move |_, mut stream| {
        server::head(&mut stream)?;
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(&body[..500])
    });
    let error = get(&opening(Decompression::new()), address, document).await.unwrap_err();
    assert_eq!(error.kind, Kind::Interrupted, "{error:?}");
}
