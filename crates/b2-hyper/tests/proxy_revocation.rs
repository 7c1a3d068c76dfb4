//! A TLS proxy hears passwords, so its certificate is asked about like that of
//! a server.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod responder;
mod server;
mod site;
mod statement;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use authority::Authority;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::connect::SocketOptions;
use b2_hyper::proxy::{Proxy, ProxyRules};
use b2_hyper::tls::{CertificateFault as Fault, RevocationCheck, TlsError, TlsSettings};
use b2_hyper::{Builder, HyperTransport};
use bytes::Bytes;
use responder::{Asked, answering, names_responder};
use site::{BOTH, SERIAL, Site, copy, list, names_list, year_2090};
use statement::Statement;

/// A site that is the proxy: it answers requests to other servers itself.
async fn go(
    proxy: &Site,
    tls: TlsSettings,
    change: impl FnOnce(Builder) -> Builder,
) -> Result<(), Fault> {
    let own = Proxy::http("localhost", proxy.port).with_tls(true);
    let own = own.with_credentials("ada", "secret");
    let builder = HyperTransport::builder().with_tls(tls).with_proxy(ProxyRules::all(own));
    let transport = change(builder).build().unwrap();
    let request = http::Request::get("http://server.example/");
    let request = request.body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let before = proxy.requests.load(Ordering::SeqCst);
    let sending = transport.send(request, Instant::now() + Duration::from_secs(20));
    let Err(error) = sending.await else { return Ok(()) };
    assert_eq!(proxy.requests.load(Ordering::SeqCst), before, "it heard the password");
    match error.source.as_deref().unwrap().downcast_ref::<TlsError>() {
        Some(TlsError::Certificate(fault)) => Err(fault.clone()),
        other => panic!("not about the certificate: {other:?}"),
    }
}

/// A proxy whose responder and list say this of it.
fn proxy(status: u8, stapled: bool) -> (Site, Asked) {
    let authority = Authority::new();
    let (signer, pem) = (copy(&authority), authority.pem.clone());
    let revoked = if status == 1 { u64::from(SERIAL) } else { 1 };
    let bytes = list(&authority.issuer, revoked, year_2090());
    let statement = Statement::new(status, SERIAL);
    let staple = if stapled { statement.sign(&signer, &pem, &[]) } else { Vec::new() };
    let (server, asked) = answering(move |question| match question {
        [] => (200, bytes.clone()),
        _ => (200, statement.sign(&signer, &pem, &question[question.len() - 16..])),
    });
    let name = |params: &mut rcgen::CertificateParams| {
        names_list(params, format!("http://{server}/list.crl"));
        names_responder(params, &format!("http://{server}/ocsp"));
    };
    (Site::stapling(authority, name, staple), asked)
}

#[tokio::test]
async fn a_revoked_proxy_does_not_hear_the_password() {
    for (status, by_list, by_responder) in
        [(0, Ok(()), Ok(())), (1, Err(Fault::Revoked), Err(Fault::RevokedByResponder))]
    {
        let (proxy, asked) = proxy(status, false);
        for check in BOTH {
            let lists = proxy.settings().with_fetched_revocation_lists(check);
            assert_eq!(go(&proxy, lists, |it| it).await, by_list, "{check:?}");
            let responders = proxy.settings().with_responder_check(check);
            assert_eq!(go(&proxy, responders, |it| it).await, by_responder, "{check:?}");
        }
        assert_eq!(asked.lock().unwrap().len(), 4, "once each time");
        // Nobody is asked who does not want it.
        assert_eq!(go(&proxy, proxy.settings(), |it| it).await, Ok(()));
        assert_eq!(asked.lock().unwrap().len(), 4);
    }
}

/// The connection to the proxy holds the port while others are asked about it.
#[tokio::test]
async fn a_local_port_keeps_nobody_from_asking() {
    let (proxy, asked) = proxy(1, false);
    for check in BOTH {
        let port = || SocketOptions::new().with_local_port(site::free_port());
        let lists = proxy.settings().with_fetched_revocation_lists(check);
        let refused = go(&proxy, lists, |it| it.with_socket_options(port())).await;
        assert_eq!(refused, Err(Fault::Revoked), "{check:?}");
        let responders = proxy.settings().with_responder_check(check);
        let refused = go(&proxy, responders, |it| it.with_socket_options(port())).await;
        assert_eq!(refused, Err(Fault::RevokedByResponder), "{check:?}");
    }
    assert_eq!(asked.lock().unwrap().len(), 4, "once each time");
}

/// A firewall that is not there to be gone round.
#[tokio::test]
async fn behind_a_firewall_only_what_is_stapled_counts() {
    let relay = server::listen(|_, mut near| {
        // SOCKS 4: the port is told, the address is this machine's.
        let mut head = [0; 9];
        std::io::Read::read_exact(&mut near, &mut head)?;
        let far =
            std::net::TcpStream::connect(("127.0.0.1", u16::from_be_bytes([head[2], head[3]])))?;
        std::io::Write::write_all(&mut near, &[0, 90, 0, 0, 0, 0, 0, 0])?;
        let (mut from, mut to) = (near.try_clone()?, far.try_clone()?);
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        std::io::copy(&mut { far }, &mut near).map(drop)
    });
    let firewall =
        |builder: Builder| builder.with_firewall(Proxy::socks4("127.0.0.1", relay.port()));
    let unreachable = Err(Fault::RevocationUnreachable);
    for (status, stapled, soft, hard) in [
        (0, false, Ok(()), unreachable.clone()),
        (0, true, Ok(()), Ok(())),
        (1, false, Ok(()), unreachable),
        (1, true, Err(Fault::RevokedByResponder), Err(Fault::RevokedByResponder)),
    ] {
        let (proxy, asked) = proxy(status, stapled);
        for (check, expected) in [(RevocationCheck::Soft, soft), (RevocationCheck::Hard, hard)] {
            let settings = proxy.settings().with_responder_check(check);
            assert_eq!(
                go(&proxy, settings, firewall).await,
                expected,
                "{status} {stapled} {check:?}"
            );
        }
        assert!(asked.lock().unwrap().is_empty(), "nobody goes round the firewall");
    }
}
