//! What has to work through every proxy: a body up and an answer down, to an
//! `http` and to an `https` URL, and the connection is used again.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use b2_core::error::TransportError;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::connect::ConnectionFacts;
use b2_hyper::proxy::{Proxy, ProxyRules};
use bytes::Bytes;

use crate::authority::Authority;
use crate::server;

const SIZE: usize = 3_000_000;

/// Servers to be reached.
pub(crate) struct Places {
    pub(crate) http: String,
    pub(crate) https: String,
    pub(crate) roots: String,
}

impl Places {
    pub(crate) fn new() -> Self {
        let authority = Authority::new();
        let plain = server::listen(|_, mut stream| answer(&mut stream));
        let port = authority.serve(&["127.0.0.1", "localhost"], |_, session| answer(session));
        Self {
            http: format!("http://127.0.0.1:{}/x", plain.port()),
            https: format!("https://127.0.0.1:{port}/x"),
            roots: authority.pem,
        }
    }

    pub(crate) fn through(&self, proxy: Proxy, more_roots: &str) -> HyperTransport {
        HyperTransport::builder()
            .with_root_certificates_pem(format!("{}\n{more_roots}", self.roots))
            .with_platform_roots(false)
            .with_proxy(ProxyRules::all(proxy))
            .build()
            .unwrap()
    }
}

/// Gives back what came, and says who asked and how.
fn answer<S: Read + Write>(stream: &mut S) -> io::Result<()> {
    while let Some(head) = server::head(stream)? {
        let length = head.to_ascii_lowercase();
        let length = length
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
        let mut body = vec![0; length.map_or(0, |text| text.parse().unwrap())];
        stream.read_exact(&mut body)?;
        assert!(!head.contains("roxy-authorization"), "secrets of the proxy came here: {head}");
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(&body)?;
        stream.flush()?;
    }
    Ok(())
}

/// Sends a body there and back.
pub(crate) async fn round(
    transport: &HyperTransport,
    url: &str,
) -> Result<ConnectionFacts, TransportError> {
    let sent: Vec<u8> = (0..SIZE).map(|index| (index * 7 % 251) as u8).collect();
    let request = http::Request::post(url).body(RequestBody::from_bytes(sent.clone().into()));
    let deadline = Instant::now() + Duration::from_secs(20);
    let answer = transport.send(request.unwrap(), deadline).await?;
    let facts = ConnectionFacts::clone(answer.extensions().get::<Arc<ConnectionFacts>>().unwrap());
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let mut came = Vec::new();
    while let Some(chunk) = body.chunk().await {
        came.extend_from_slice(&Bytes::from(chunk?));
    }
    assert!(came == sent, "what came back is not what was sent");
    Ok(facts)
}

/// Twice to each of `urls`, the second time over the same connection.
pub(crate) async fn travel(transport: &HyperTransport, urls: &[&str]) {
    for url in urls {
        let first = round(transport, url).await.unwrap();
        let second = round(transport, url).await.unwrap();
        assert_eq!(first.local_address, second.local_address, "{url}");
        assert_eq!(first.proxies, 1);
        assert_eq!(first.tls.is_some(), url.starts_with("https"));
    }
}
