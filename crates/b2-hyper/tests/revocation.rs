//! Revocation asked of the authority itself: responders, and whoever cannot be
//! asked.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod responder;
mod server;
mod site;
mod statement;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authority::Authority;
use b2_core::error::TransportErrorKind as Kind;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::connect::SocketOptions;
use b2_hyper::proxy::{Proxy, ProxyRules};
use b2_hyper::tls::{CertificateFault as Fault, RevocationCheck, SecurityFlags, TlsEvent};
use bytes::Bytes;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use responder::{Asked, answering, names_responder};
use site::{BOTH, SERIAL, Site, copy, list, names_list, year_2090};
use statement::Statement;

#[tokio::test]
async fn what_names_nobody_is_accepted_softly_and_refused_hard() {
    let site = Site::new(Authority::new(), |_| {});
    let lists = |check| site.settings().with_fetched_revocation_lists(check);
    let responders = |check| site.settings().with_responder_check(check);
    let [soft, hard] = BOTH;
    assert_eq!(site.visit(lists(soft)).await, Ok(()));
    assert_eq!(site.visit(responders(soft)).await, Ok(()));
    assert_eq!(site.visit(lists(hard)).await, Err(Fault::UnknownRevocation));
    assert_eq!(site.visit(responders(hard)).await, Err(Fault::UnknownRevocation));
    let flags = SecurityFlags::from_bits(0x100).unwrap();
    assert_eq!(site.visit(lists(hard).dangerous_ignore(flags)).await, Ok(()));
    assert_eq!(site.visit(responders(hard).dangerous_ignore(flags)).await, Ok(()));
}

#[tokio::test]
async fn who_cannot_be_asked_is_missed_softly_and_demanded_hard() {
    let closed: SocketAddr = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let (absent, _) = answering(|_| (404, Vec::new()));
    let (garbage, _) = answering(|_| (200, b"<html>pay for the network</html>".to_vec()));
    let (endless, _) = answering(|_| (200, vec![0x30; 17 << 20]));
    let broken = server::listen(|_, mut stream| server::head(&mut stream).map(drop));
    for server in [closed, absent, garbage, endless, broken] {
        let site = Site::new(Authority::new(), |params| {
            names_list(params, format!("http://{server}/list.crl"));
            names_responder(params, &format!("http://{server}/ocsp"));
        });
        for (check, expected) in BOTH.into_iter().zip([Ok(()), Err(Fault::RevocationUnreachable)]) {
            let settings = site.settings().with_fetched_revocation_lists(check);
            assert_eq!(site.visit(settings).await, expected, "list of {server}");
            let settings = site.settings().with_responder_check(check);
            assert_eq!(site.visit(settings).await, expected, "responder at {server}");
        }
    }
}

#[tokio::test]
async fn a_responder_without_end_is_given_up_with_the_connection() {
    let mute = server::listen(|_, mut stream| {
        server::head(&mut stream)?;
        std::thread::sleep(Duration::from_secs(30));
        Ok(())
    });
    let site = Site::new(Authority::new(), |params| {
        names_responder(params, &format!("http://{mute}/ocsp"));
    });
    let settings = site.settings().with_responder_check(RevocationCheck::Soft);
    let builder = HyperTransport::builder().with_tls(settings);
    let transport = builder.with_connect_timeout(Duration::from_millis(300)).build().unwrap();
    let url = format!("https://localhost:{}/", site.port);
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let begun = Instant::now();
    let error = transport.send(request, begun + Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(site.requests.load(Ordering::SeqCst), 0);
    // With more time for the connection, the responder is missed at last.
    for (check, expected) in BOTH.into_iter().zip([Ok(()), Err(Fault::RevocationUnreachable)]) {
        let settings = site.settings().with_responder_check(check);
        assert_eq!(site.visit(settings).await, expected, "{check:?}");
    }
}

/// A site whose responder says what `statement` makes of its first.
fn responding(statement: impl FnOnce(&Authority) -> Statement) -> (Site, Asked) {
    let authority = Authority::new();
    let statement = statement(&authority);
    let (signer, pem) = (copy(&authority), authority.pem.clone());
    let (server, asked) = answering(move |request| {
        // The nonce is the last thing in a request.
        let nonce = &request[request.len() - 16..];
        (200, statement.sign(&signer, &pem, nonce))
    });
    let name = |params: &mut CertificateParams| {
        names_responder(params, &format!("http://{server}/ocsp"));
    };
    (Site::new(authority, name), asked)
}

#[tokio::test]
async fn a_responder_is_asked_once_and_believed() {
    for (status, soft, hard) in [
        (0, Ok(()), Ok(())),
        (1, Err(Fault::RevokedByResponder), Err(Fault::RevokedByResponder)),
        (2, Ok(()), Err(Fault::UnknownRevocation)),
    ] {
        let (site, asked) = responding(|_| Statement::new(status, SERIAL));
        for (check, expected) in BOTH.into_iter().zip([soft, hard]) {
            let settings = site.settings().with_responder_check(check);
            let builder = HyperTransport::builder().with_tls(settings);
            let transport = builder.with_idle_timeout(Duration::ZERO).build().unwrap();
            for _ in 0..3 {
                assert_eq!(site.go(&transport).await, expected, "{status} {check:?}");
            }
        }
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 2, "once for each transport");
        assert!(asked[0].0.starts_with("POST /ocsp HTTP/1.1\r\n"), "{}", asked[0].0);
        assert!(asked[0].0.contains("content-type: application/ocsp-request\r\n"));
        assert_ne!(asked[0].1, asked[1].1, "each question has a nonce of its own");
    }
}

/// What is wrong with a statement.
type Change = fn(&mut Statement);

fn changed(change: Change) -> (Site, Asked) {
    responding(|_| {
        let mut statement = Statement::new(0, SERIAL);
        change(&mut statement);
        statement
    })
}

#[tokio::test]
async fn what_must_not_be_believed_is_refused_either_way() {
    let cases: [(&str, Change); 3] = [
        ("signature", |it| it.broken_signature = true),
        ("another certificate", |it| it.serial = vec![78]),
        ("another question", |it| it.nonce = Some(vec![1; 16])),
    ];
    for (reason, change) in cases {
        let (site, _) = changed(change);
        for check in BOTH {
            let found = site.visit(site.settings().with_responder_check(check)).await;
            let told = |fault: &Fault| matches!(fault, Fault::RevocationAnswer(text) if text.contains(reason));
            assert!(found.as_ref().is_err_and(told), "{reason}: {found:?}");
        }
    }
    let out_of_date: [Change; 3] = [
        |it| it.next_update = Some("20210101000000Z"),
        |it| it.next_update = None,
        |it| it.this_update = "20890101000000Z",
    ];
    for change in out_of_date {
        let (site, _) = changed(change);
        for check in BOTH {
            let found = site.visit(site.settings().with_responder_check(check)).await;
            assert_eq!(found, Err(Fault::UnknownRevocation), "{check:?}");
        }
    }
    // An answer that repeats no nonce was signed in advance.
    let (site, _) =
        responding(|_| Statement { nonce: Some(Vec::new()), ..Statement::new(0, SERIAL) });
    let hard = site.settings().with_responder_check(RevocationCheck::Hard);
    assert_eq!(site.visit(hard).await, Ok(()));
}

#[tokio::test]
async fn a_delegate_speaks_if_the_authority_lets_it() {
    let delegate = |authority: &Authority, change: fn(&mut CertificateParams)| {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "responder");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority.issuer).unwrap();
        Some(Arc::new((certificate.der().to_vec(), key)))
    };
    let hard = |site: &Site| site.settings().with_responder_check(RevocationCheck::Hard);
    for (status, expected) in [(0, Ok(())), (1, Err(Fault::RevokedByResponder))] {
        let (site, _) = responding(|authority| Statement {
            delegate: delegate(authority, |_| {}),
            ..Statement::new(status, SERIAL)
        });
        assert_eq!(site.visit(hard(&site)).await, expected);
    }
    let unentitled: [fn(&mut CertificateParams); 3] = [
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
        |params| params.extended_key_usages = Vec::new(),
        |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        },
    ];
    for change in unentitled {
        let (site, _) = responding(|authority| Statement {
            delegate: delegate(authority, change),
            ..Statement::new(0, SERIAL)
        });
        let found = site.visit(hard(&site)).await;
        assert!(matches!(found, Err(Fault::RevocationAnswer(_))), "{found:?}");
    }
    // Of another authority.
    let (site, _) = responding(|_| Statement {
        delegate: delegate(&Authority::new(), |_| {}),
        ..Statement::new(0, SERIAL)
    });
    let found = site.visit(hard(&site)).await;
    assert!(matches!(found, Err(Fault::RevocationAnswer(_))), "{found:?}");
}

#[tokio::test]
async fn what_is_stapled_saves_the_question() {
    for (status, until, expected, questions) in [
        (0, "20900101000000Z", Ok(()), 0),
        (1, "20900101000000Z", Err(Fault::RevokedByResponder), 0),
        // One that is out of date says nothing, and the responder is asked.
        (1, "20210101000000Z", Ok(()), 1),
    ] {
        let authority = Authority::new();
        let signer = copy(&authority);
        let pem = authority.pem.clone();
        let (server, asked) = answering(move |request| {
            let nonce = &request[request.len() - 16..];
            (200, Statement::new(0, SERIAL).sign(&signer, &pem, nonce))
        });
        let statement = Statement { next_update: Some(until), ..Statement::new(status, SERIAL) };
        let stapled = statement.sign(&authority.issuer, &authority.pem, &[]);
        let name = |params: &mut CertificateParams| {
            names_responder(params, &format!("http://{server}/ocsp"));
        };
        let site = Site::stapling(authority, name, stapled);
        for check in BOTH {
            let settings = site.settings().with_responder_check(check);
            assert_eq!(site.visit(settings).await, expected, "{status} until {until}");
        }
        assert_eq!(asked.lock().unwrap().len(), 2 * questions, "{status} until {until}");
    }
}

#[tokio::test]
async fn questions_go_through_the_proxy_and_an_observer_hears_of_them() {
    let authority = Authority::new();
    let bytes = list(&authority.issuer, 1, year_2090());
    // It answers requests itself and opens no tunnels.
    let (proxy, asked) = answering(move |_| (200, bytes.clone()));
    let site = Site::new(authority, |params| {
        names_list(params, "http://authority.example/list.crl".to_owned());
    });
    let events = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&events);
    let settings = site.settings().with_fetched_revocation_lists(RevocationCheck::Hard);
    let settings = settings
        .with_observer(move |event: &TlsEvent| keep.lock().unwrap().push(event.to_string()));
    let proxy = Proxy::http("127.0.0.1", proxy.port());
    let rules =
        ProxyRules::all(proxy).with_exceptions(b2_hyper::proxy::Exceptions::parse("localhost"));
    let builder = HyperTransport::builder().with_tls(settings).with_proxy(rules);
    assert_eq!(site.visit_by(builder).await, Ok(()));
    let head = asked.lock().unwrap()[0].0.clone();
    assert!(head.starts_with("GET http://authority.example/list.crl HTTP/1.1\r\n"), "{head}");
    let events = events.lock().unwrap().join("\n");
    assert!(events.contains("ask http://authority.example/list.crl about revocation"), "{events}");
    assert!(events.contains("http://authority.example/list.crl has answered"), "{events}");
}

/// The connection to the server holds the port while others are asked about it.
#[tokio::test]
async fn a_local_port_keeps_nobody_from_asking() {
    let from: std::net::IpAddr = "127.0.0.1".parse().unwrap();
    let authority = Authority::new();
    let (signer, pem) = (copy(&authority), authority.pem.clone());
    let bytes = list(&authority.issuer, u64::from(SERIAL), year_2090());
    let (server, _) = answering(move |question| match question {
        [] => (200, bytes.clone()),
        _ => {
            let nonce = &question[question.len() - 16..];
            (200, Statement::new(1, SERIAL).sign(&signer, &pem, nonce))
        }
    });
    let site = Site::new(authority, |params| {
        names_list(params, format!("http://{server}/list.crl"));
        names_responder(params, &format!("http://{server}/ocsp"));
    });
    for check in BOTH {
        for (settings, expected) in [
            (site.settings().with_fetched_revocation_lists(check), Fault::Revoked),
            (site.settings().with_responder_check(check), Fault::RevokedByResponder),
        ] {
            let options =
                SocketOptions::new().with_local_address(from).with_local_port(site::free_port());
            let builder = HyperTransport::builder().with_tls(settings).with_socket_options(options);
            assert_eq!(site.visit_by(builder).await, Err(expected), "{check:?}");
        }
    }
}
