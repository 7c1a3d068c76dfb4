//! The numbers of errors, each made to happen on real sockets.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod server;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use authority::{Authority, OK, Session, answering, default_provider, serve};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::connect::{Family, SocketOptions};
use b2_hyper::proxy::{Proxy, ProxyRules};
use b2_hyper::settings::Settings;
use b2_hyper::tls::{StoreType, open};
use b2_hyper::{Builder, HyperTransport};
use bytes::Bytes;
use rcgen::CertificateParams;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConnection};

const SOON: Duration = Duration::from_secs(10);

/// The number of the error that ends a request, or 0.
async fn code(builder: Builder, url: impl AsRef<str>) -> u32 {
    code_of(&builder.build().unwrap(), url.as_ref()).await
}

async fn code_of(transport: &HyperTransport, url: &str) -> u32 {
    let body = RequestBody::from_bytes(Bytes::from_static(b"x"));
    let request = http::Request::post(url).body(body).unwrap();
    match transport.send(request, Instant::now() + SOON).await {
        Err(error) => error.class_code(),
        Ok(answer) => {
            let mut body = answer.into_body();
            while let Some(chunk) = body.chunk().await {
                if let Err(error) = chunk {
                    return error.class_code();
                }
            }
            0
        }
    }
}

fn builder() -> Builder {
    HyperTransport::builder()
}

fn trusting(authority: &Authority) -> Builder {
    builder().with_platform_roots(false).with_root_certificates_pem(&authority.pem)
}

/// A port on which nobody listens.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn an_answer_is_no_error() {
    let address = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(OK)
    });
    assert_eq!(code(builder(), format!("http://{address}/")).await, 0);
}

#[tokio::test]
async fn addresses_that_cannot_be_reached() {
    let port = free_port();
    assert_eq!(code(builder(), format!("http://127.0.0.1:{port}/")).await, 10_061);
    assert_eq!(code(builder(), "http://127.0.0.1:0/").await, 116);
    assert_eq!(code(builder(), "/only/a/path").await, 152);
    assert_eq!(code(builder(), "ftp://127.0.0.1/").await, 153);
    let bound = |options| builder().with_socket_options(options);
    // 203.0.113.0/24 is for documents, and so no address of any machine.
    let foreign = SocketOptions::new().with_local_address([203, 0, 113, 7].into());
    assert_eq!(code(bound(foreign), "http://127.0.0.1:1/").await, 10_049);
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = SocketOptions::new()
        .with_local_address(Ipv4Addr::LOCALHOST.into())
        .with_local_port(taken.local_addr().unwrap().port());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    assert_eq!(code(bound(taken), url).await, 10_048);
}

#[tokio::test]
async fn the_address_of_no_server() {
    for host in ["0.0.0.0", "[::]"] {
        assert_eq!(code(builder(), format!("http://{host}:{}/", free_port())).await, 102, "{host}");
    }
}

#[tokio::test]
async fn names_without_an_address() {
    // Without a network there is no name server to say so.
    let unknown = code(builder(), "http://no-such-host.invalid/").await;
    assert!([11_001, 11_002].contains(&unknown), "{unknown}");
    assert_eq!(code(builder().with_family(Family::V6), "http://127.0.0.1:1/").await, 11_004);
}

#[tokio::test]
async fn connections_that_break() {
    let dropping = server::listen(|_, mut stream| server::request(&mut stream).map(drop));
    assert_eq!(code(builder(), format!("http://{dropping}/")).await, 1120);
    // What was sent and never read makes the system reset the connection.
    let resetting = server::listen(|_, stream| stream.peek(&mut [0]).map(drop));
    assert_eq!(code(builder(), format!("http://{resetting}/")).await, 10_054);
    let short = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort")
    });
    assert_eq!(code(builder(), format!("http://{short}/")).await, 1120);
    let senseless = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"220 mail.example ESMTP\r\n")
    });
    assert_eq!(code(builder(), format!("http://{senseless}/")).await, 151);
}

#[tokio::test]
async fn what_takes_too_long() {
    let mute = server::listen(|_, mut stream| stream.read_to_end(&mut Vec::new()).map(drop));
    let short = Duration::from_millis(100);
    let url = format!("http://{mute}/");
    let impatient = builder().with_inactivity_timeout(short).with_silence_before_head(false);
    assert_eq!(code(impatient, &url).await, 201);
    assert_eq!(code(builder().with_total_timeout(short), &url).await, 301);
    let tls = trusting(&Authority::new()).with_connect_timeout(short);
    assert_eq!(code(tls, format!("https://{mute}/")).await, 301);
    let transport = builder().build().unwrap();
    let interrupting = async {
        tokio::time::sleep(short).await;
        transport.interrupt();
    };
    assert_eq!(tokio::join!(code_of(&transport, &url), interrupting).0, 301);
}

#[tokio::test]
async fn proxies_that_refuse() {
    for answer in [
        &b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"[..],
        b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
        b"",
    ] {
        let proxy = server::listen(move |_, mut stream| {
            server::head(&mut stream)?;
            stream.write_all(answer)
        });
        let proxy = Proxy::http("127.0.0.1", proxy.port());
        let through = builder().with_proxy(ProxyRules::all(proxy));
        let text = String::from_utf8_lossy(answer);
        assert_eq!(code(through, "https://api.example/").await, 118, "{text}");
    }
}

#[tokio::test]
async fn certificates_that_are_refused() {
    let authority = Authority::new();
    let url = |port| format!("https://localhost:{port}/");
    let port = authority.serve(&["localhost"], answering);
    assert_eq!(code(trusting(&authority), url(port)).await, 0);
    assert_eq!(code(trusting(&Authority::new()), url(port)).await, 274);
    assert_eq!(code(builder().with_platform_roots(false), url(port)).await, 271);
    let port = authority.serve(&["other.example"], answering);
    assert_eq!(code(trusting(&authority), url(port)).await, 280);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let demanding = authority.server_that(params, |it| it.with_client_cert_verifier(verifier));
    let port = serve(demanding, answering).port();
    assert_eq!(code(trusting(&authority), url(port)).await, 281);
}

#[tokio::test]
async fn handshakes_and_sessions_that_fail() {
    let authority = Authority::new();
    let plain = server::listen(|_, mut stream| stream.write_all(b"HTTP/1.1 400 Bad\r\n\r\n"));
    assert_eq!(code(trusting(&authority), format!("https://{plain}/")).await, 276);
    let config = authority.server(CertificateParams::new(["localhost".to_owned()]).unwrap());
    let garbling = server::listen(move |_, stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut session = Session::new(connection, stream);
        server::request(&mut session)?;
        // A record of application data that no key of the session opens.
        session.sock.write_all(&[&[23, 3, 3, 0, 32][..], &[7; 32]].concat())?;
        io::copy(&mut session.sock, &mut io::sink()).map(drop)
    });
    let url = format!("https://localhost:{}/", garbling.port());
    assert_eq!(code(trusting(&authority), url).await, 284);
}

#[test]
fn what_fails_before_any_request() {
    let store = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/rsa.p12");
    let bytes = std::fs::read(store).unwrap();
    let code = |password: &str, subject: &str| {
        open(&bytes, StoreType::Pkcs12, password, subject).unwrap_err().class_code()
    };
    assert_eq!(code("wrong", "*"), 273);
    assert_eq!(code("secret", "CN=somebody else"), 272);
    let mut settings = Settings::default();
    settings.apply(&format!("SSLCertStore={store}")).unwrap();
    settings.apply("SSLCertStorePassword=wrong").unwrap();
    assert_eq!(settings.builder().unwrap_err().class_code(), 273);
    settings.apply("SSLCertStore=/no/such/store.p12").unwrap();
    assert_eq!(settings.builder().unwrap_err().class_code(), 271);
    let build = |builder: Builder| builder.build().unwrap_err().class_code();
    assert_eq!(build(builder().with_root_certificates_pem("no certificate")), 272);
    assert_eq!(Settings::default().apply("Nonsense=1").unwrap_err().class_code(), 600);
    assert_eq!(Proxy::from_url("gopher://proxy.example").unwrap_err().class_code(), 118);
}
