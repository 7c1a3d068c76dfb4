//! TLS against certificates made for the occasion.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod server;

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use authority::{Authority, OK, answering, default_provider, serve};
use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, ResponseBody, Transport};
use b2_hyper::connect::ConnectionFacts;
use b2_hyper::tls::{CertificateFault, TlsError};
use b2_hyper::{BuildError, HyperTransport};
use bytes::Bytes;
use rcgen::CertificateParams;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;

fn trusting(pem: &str) -> HyperTransport {
    HyperTransport::builder()
        .with_platform_roots(false)
        .with_root_certificates_pem(pem)
        .build()
        .unwrap()
}

async fn post(
    transport: &HyperTransport,
    url: String,
    len: usize,
) -> Result<http::Response<ResponseBody>, TransportError> {
    let body = RequestBody::from_bytes(Bytes::from(vec![7; len]));
    let request = http::Request::post(url).body(body).unwrap();
    transport.send(request, Instant::now() + Duration::from_secs(10)).await
}

async fn collect(mut body: ResponseBody) -> Result<Vec<u8>, (Vec<u8>, TransportError)> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => return Err((bytes, error)),
        }
    }
    Ok(bytes)
}

/// Checks that a request fails in the handshake.
async fn refused(transport: &HyperTransport, url: String) -> TlsError {
    let error = post(transport, url, 1000).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Tls, Sent::Nothing), "{error:?}");
    error.source.as_deref().unwrap().downcast_ref::<TlsError>().unwrap().clone()
}

/// Checks that a request fails because of the server's certificate.
async fn fault(transport: &HyperTransport, url: String) -> CertificateFault {
    match refused(transport, url).await {
        TlsError::Certificate(fault) => fault,
        other => panic!("not about the certificate: {other:?}"),
    }
}

#[tokio::test]
async fn a_root_that_was_given_is_trusted_and_the_connection_reused() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost", "127.0.0.1"], |number, session| {
        while let Some(body) = server::request(session)? {
            let text = format!("{number}:{}", body.len());
            write!(session, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())?;
        }
        Ok(())
    });
    let transport = trusting(&authority.pem);
    for (url, len, text) in [
        (format!("https://localhost:{port}/"), 1_000_000, "0:1000000"),
        (format!("https://LOCALHOST:{port}/x"), 0, "0:0"),
        (format!("https://127.0.0.1:{port}/"), 5, "1:5"),
        (format!("https://localhost:{port}/"), 3_000_000, "0:3000000"),
    ] {
        let answer = post(&transport, url, len).await.unwrap();
        assert_eq!(collect(answer.into_body()).await.unwrap(), text.as_bytes());
    }
}

#[tokio::test]
async fn an_answer_knows_the_session_that_carried_it() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let transport = trusting(&authority.pem);
    let mut ports = Vec::new();
    for _ in 0..2 {
        let answer = post(&transport, format!("https://localhost:{port}/"), 1).await.unwrap();
        let facts = Arc::clone(answer.extensions().get::<Arc<ConnectionFacts>>().unwrap());
        assert_eq!((facts.peer_address.port(), facts.proxies), (port, 0));
        assert_eq!(facts.http_version, http::Version::HTTP_11);
        ports.push(facts.local_address.port());
        let tls = facts.tls.as_ref().unwrap();
        assert_eq!((tls.version, tls.cipher_suite), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"));
        assert_eq!((tls.cipher, tls.cipher_bits), ("AES-256-GCM", 256));
        assert_eq!((&*tls.key_exchange, tls.key_exchange_bits), ("X25519", 255));
        assert_eq!((tls.certificates.len(), tls.resumed), (1, false));
        collect(answer.into_body()).await.unwrap();
    }
    assert_eq!(ports[0], ports[1], "the second answer came over the same connection");
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let port = Authority::new().serve(&["localhost"], answering);
    let url = format!("https://localhost:{port}/");
    let other = trusting(&Authority::new().pem);
    assert_eq!(fault(&other, url.clone()).await, CertificateFault::UnknownIssuer);
    let system = HyperTransport::new().unwrap();
    assert_eq!(fault(&system, url).await, CertificateFault::UnknownIssuer);
}

#[tokio::test]
async fn another_name_is_refused() {
    let authority = Authority::new();
    let port = authority.serve(&["b2.example", "10.1.2.3"], answering);
    for host in ["localhost", "127.0.0.1"] {
        let found = fault(&trusting(&authority.pem), format!("https://{host}:{port}/")).await;
        assert_eq!(found, CertificateFault::WrongName);
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let port = serve(authority.server(params), answering).port();
    let found = fault(&trusting(&authority.pem), format!("https://localhost:{port}/")).await;
    assert_eq!(found, CertificateFault::Expired);
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_is_a_matter_of_tls() {
    let authority = Authority::new();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
    let verifier = verifier.build().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let config = authority.server_that(params, |it| it.with_client_cert_verifier(verifier));
    let port = serve(config, answering).port();
    // In TLS 1.3 the client learns of it only after its handshake is over.
    let url = format!("https://localhost:{port}/");
    let error = post(&trusting(&authority.pem), url, 1000).await.unwrap_err();
    assert_eq!(error.kind, Kind::Tls, "{error:?}");
}

#[tokio::test]
async fn no_roots_at_all_are_a_clear_error() {
    let port = Authority::new().serve(&["localhost"], answering);
    let transport = HyperTransport::builder().with_platform_roots(false).build().unwrap();
    let cause = refused(&transport, format!("https://localhost:{port}/")).await;
    assert!(matches!(cause, TlsError::NoRoots), "{cause:?}");
}

#[tokio::test]
async fn what_does_not_speak_tls_is_refused() {
    let plain = server::listen(|_, mut stream| {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    });
    let transport = trusting(&Authority::new().pem);
    let cause = refused(&transport, format!("https://{plain}/")).await;
    assert!(matches!(cause, TlsError::Protocol(_)), "{cause:?}");
}

/// Nobody refused anything: the next attempt may go better.
#[tokio::test]
async fn a_handshake_that_breaks_off_is_a_failed_connection() {
    let mute = server::listen(|_, _| Ok(()));
    let transport = trusting(&Authority::new().pem);
    let error = post(&transport, format!("https://{mute}/"), 1000).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Connect, Sent::Nothing), "{error:?}");
}

#[tokio::test]
async fn a_handshake_without_end_is_given_up() {
    let address = server::listen(|_, mut stream| stream.read_to_end(&mut Vec::new()).map(drop));
    let transport = HyperTransport::builder()
        .with_root_certificates_pem(Authority::new().pem)
        .with_connect_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let error = post(&transport, format!("https://{address}/"), 1).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Timeout, Sent::Nothing));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "no connection was made within 200ms");
}

#[tokio::test]
async fn an_early_answer_is_found_behind_a_reset() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], |_, session| {
        server::head(session)?;
        session.read_exact(&mut [0; 10_000])?;
        session
            .write_all(b"HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad")?;
        // Dropped with megabytes unread: the system sends a reset.
        Ok(())
    });
    let transport = trusting(&authority.pem);
    for _ in 0..20 {
        let url = format!("https://localhost:{port}/");
        let answer = post(&transport, url, 50_000_000).await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(collect(answer.into_body()).await.unwrap(), b"bad");
    }
}

#[tokio::test]
async fn a_cut_without_goodbye_is_not_an_end() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], |_, session| {
        server::request(session)?;
        // Without a length the answer ends with the connection, and TLS has to
        // say that this was meant.
        session.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonly this")?;
        session.flush()
    });
    let url = format!("https://localhost:{port}/");
    let answer = post(&trusting(&authority.pem), url, 1).await.unwrap();
    let (bytes, error) = collect(answer.into_body()).await.unwrap_err();
    assert_eq!((&*bytes, error.kind), (&b"only this"[..], Kind::Interrupted), "{error:?}");
}

#[tokio::test]
async fn a_session_closed_behind_the_reactors_back_is_not_used() {
    let authority = Authority::new();
    let (closed, watch) = std::sync::mpsc::channel();
    let closed = std::sync::Mutex::new(closed);
    let port = authority.serve(&["localhost"], move |number, session| {
        server::request(session)?;
        session.write_all(OK)?;
        session.conn.send_close_notify();
        session.flush()?;
        session.sock.shutdown(std::net::Shutdown::Both)?;
        closed.lock().unwrap().send(number).unwrap();
        Ok(())
    });
    let transport = trusting(&authority.pem);
    for number in 0..5 {
        let url = format!("https://localhost:{port}/");
        let answer = post(&transport, url, 1000).await.unwrap();
        assert_eq!(collect(answer.into_body()).await.unwrap(), b"ok");
        // Blocks the only thread on purpose.
        assert_eq!(watch.recv_timeout(Duration::from_secs(10)), Ok(number));
    }
}

#[test]
fn certificates_that_cannot_be_read_are_refused_at_once() {
    let build = |pem: &str| HyperTransport::builder().with_root_certificates_pem(pem).build();
    assert!(matches!(build("").unwrap_err(), BuildError::NoCertificate));
    assert!(matches!(build("nothing of the kind").unwrap_err(), BuildError::NoCertificate));
    let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    assert!(matches!(build(broken).unwrap_err(), BuildError::Pem(_)));
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(build(other).unwrap_err(), BuildError::Certificate(_)));
}
