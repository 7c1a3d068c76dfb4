//! Connections that break or stop within the handshake, or between it and the
//! first request, where HTTP/2 already sends something.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod server;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use authority::Authority;
use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::pace::RateLimit;
use b2_hyper::proxy::{Proxy, ProxyRules};
use b2_hyper::tls::{Backend, ServerChain, TlsEvent, TlsSettings, Verdict, Versions};
use b2_hyper::{HttpVersion, HyperTransport};
use bytes::Bytes;
use rcgen::CertificateParams;
use rustls::ServerConnection;

/// A server that agrees on HTTP/2, and then does this.
fn h2_server<F>(authority: &Authority, then: F) -> SocketAddr
where
    F: Fn(TcpStream) + Send + Sync + 'static,
{
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let mut config = (*authority.server(params)).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);
    server::listen(move |_, mut stream| {
        let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
        while session.is_handshaking() || session.wants_write() {
            session.complete_io(&mut stream)?;
        }
        then(stream);
        Ok(())
    })
}

/// A server that sends all it has to say in the handshake, and resets the
/// connection before it could hear the last of ours.
fn resetting_server(authority: &Authority) -> SocketAddr {
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let config = authority.server(params);
    server::listen(move |_, mut stream| {
        let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
        while !session.wants_write() {
            session.read_tls(&mut stream)?;
            session.process_new_packets().unwrap();
        }
        while session.wants_write() {
            session.write_tls(&mut stream)?;
        }
        std::thread::sleep(Duration::from_millis(200));
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))
    })
}

const BACKENDS: &[Backend] = &[
    Backend::Rustls,
    #[cfg(feature = "openssl")]
    Backend::OpenSsl,
];

/// Both libraries in both versions.
fn settings(authority: &Authority) -> Vec<TlsSettings> {
    let versions = [Versions::tls_1_2(), Versions::tls_1_3()];
    let each = BACKENDS.iter().flat_map(|backend| versions.map(|version| (*backend, version)));
    each.map(|(backend, versions)| {
        TlsSettings::new()
            .with_platform_roots(false)
            .with_root_certificates_pem(&authority.pem)
            .with_backend(backend)
            .with_versions(versions)
    })
    .collect()
}

async fn get(transport: &HyperTransport, port: u16, patience: Duration) -> TransportError {
    let url = format!("https://localhost:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let sending = transport.send(request, Instant::now() + patience);
    let ended = tokio::time::timeout(Duration::from_secs(15), sending).await;
    ended.unwrap_or_else(|_| panic!("it never ends")).unwrap_err()
}

#[tokio::test]
async fn a_reset_right_after_the_handshake_is_an_error_at_once() {
    let authority = Authority::new();
    let server = h2_server(&authority, |stream| {
        // Time to read the last message of the handshake.
        std::thread::sleep(Duration::from_millis(100));
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    for settings in settings(&authority) {
        let name = format!("{settings:?}");
        // The reset has to be there before the first byte of HTTP/2 is sent.
        let settings = settings.with_observer(|event: &TlsEvent| {
            if matches!(event, TlsEvent::Established { .. }) {
                std::thread::sleep(Duration::from_millis(300));
            }
        });
        let builder = HyperTransport::builder().with_tls(settings).with_max_connections(1);
        let transport = builder.with_http_version(HttpVersion::Http2Only).build().unwrap();
        // With one place only, a connection that is not given up blocks all.
        for _ in 0..2 {
            let begun = Instant::now();
            let error = get(&transport, server.port(), Duration::from_secs(10)).await;
            assert_eq!((error.kind, error.sent), (Kind::Interrupted, Sent::Nothing), "{name}");
            assert!(begun.elapsed() < Duration::from_secs(5), "{name}: {:?}", begun.elapsed());
        }
    }
}

#[tokio::test]
async fn a_reset_within_the_handshake_is_an_error_at_once() {
    let authority = Authority::new();
    let server = resetting_server(&authority);
    for settings in settings(&authority) {
        let name = format!("{settings:?}");
        // The reset has to be there before the last message is sent.
        let settings = settings.with_certificate_policy(|_: &ServerChain| {
            std::thread::sleep(Duration::from_millis(500));
            Verdict::Default
        });
        let proxy = Proxy::http("localhost", server.port()).with_tls(true);
        for rules in [ProxyRules::none(), ProxyRules::all(proxy)] {
            let builder = HyperTransport::builder().with_tls(settings.clone());
            let transport = builder.with_proxy(rules.clone()).build().unwrap();
            let begun = Instant::now();
            let error = get(&transport, server.port(), Duration::from_secs(10)).await;
            let found = (error.kind, error.sent);
            assert_eq!(found, (Kind::Connect, Sent::Nothing), "{name} {rules:?}: {error:?}");
            assert!(begun.elapsed() < Duration::from_secs(5), "{name}: {:?}", begun.elapsed());
        }
    }
}

/// Makes a transport that cannot send a byte as soon as it is connected.
fn stopped(settings: TlsSettings) -> HyperTransport {
    let limit = RateLimit::new(0);
    let clone = limit.clone();
    let settings = settings.with_observer(move |event: &TlsEvent| {
        if matches!(event, TlsEvent::Established { .. }) {
            clone.set(1);
        }
    });
    let builder = HyperTransport::builder().with_tls(settings).with_send_limit(limit);
    builder.with_http_version(HttpVersion::Http2Only).build().unwrap()
}

#[tokio::test]
async fn the_deadline_and_an_interruption_hold_before_the_first_byte() {
    let authority = Authority::new();
    let server = h2_server(&authority, |_stream| std::thread::sleep(Duration::from_secs(20)));
    for settings in settings(&authority) {
        let name = format!("{settings:?}");
        let begun = Instant::now();
        let transport = stopped(settings.clone());
        let error = get(&transport, server.port(), Duration::from_secs(1)).await;
        assert_eq!(error.kind, Kind::Timeout, "{name}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}: {:?}", begun.elapsed());
        let transport = stopped(settings);
        let other = transport.clone();
        let interrupting = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700));
            other.interrupt();
        });
        let error = get(&transport, server.port(), Duration::from_secs(10)).await;
        assert_eq!(error.kind, Kind::Interrupted, "{name}");
        interrupting.join().unwrap();
    }
}
