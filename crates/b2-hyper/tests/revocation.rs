//! Revocation asked of the authority itself: lists that are fetched, and
//! responders.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod responder;
mod server;
mod statement;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authority::{Authority, OK, default_provider, serve};
use b2_core::error::TransportErrorKind as Kind;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::proxy::{Proxy, ProxyRules};
use b2_hyper::tls::{
    CertificateFault as Fault, RevocationCheck, SecurityFlags, TlsError, TlsEvent, TlsSettings,
};
use b2_hyper::{Builder, HyperTransport};
use bytes::Bytes;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CrlDistributionPoint, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use responder::{Asked, answering, names_responder};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use statement::Statement;

const SERIAL: u8 = 77;
const BOTH: [RevocationCheck; 2] = [RevocationCheck::Soft, RevocationCheck::Hard];

/// A server that counts the requests that reach it.
struct Site {
    authority: Authority,
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Site {
    /// With a certificate of `authority` that `change` has changed, and with
    /// a stapled answer.
    fn stapling(
        authority: Authority,
        change: impl FnOnce(&mut CertificateParams),
        stapled: Vec<u8>,
    ) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(u64::from(SERIAL)));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &authority.issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert_with_ocsp(
                vec![leaf.into()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                stapled,
            )
            .unwrap();
        Self::of(authority, config)
    }

    fn of(authority: Authority, config: ServerConfig) -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let port = serve(Arc::new(config), move |_, session| {
            while server::request(session)?.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
                session.write_all(OK)?;
            }
            Ok(())
        });
        Self { authority, port: port.port(), requests }
    }

    fn new(authority: Authority, change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::stapling(authority, change, Vec::new())
    }

    fn settings(&self) -> TlsSettings {
        TlsSettings::new()
            .with_platform_roots(false)
            .with_root_certificates_pem(&self.authority.pem)
    }

    async fn visit(&self, settings: TlsSettings) -> Result<(), Fault> {
        self.visit_by(HyperTransport::builder().with_tls(settings)).await
    }

    async fn visit_by(&self, builder: Builder) -> Result<(), Fault> {
        self.go(&builder.build().unwrap()).await
    }

    /// No byte of a request may reach a server that is refused.
    async fn go(&self, transport: &HyperTransport) -> Result<(), Fault> {
        let before = self.requests.load(Ordering::SeqCst);
        let url = format!("https://localhost:{}/", self.port);
        let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let Err(error) = transport.send(request, deadline).await else { return Ok(()) };
        assert_eq!(error.kind, Kind::Tls, "{error:?}");
        assert_eq!(self.requests.load(Ordering::SeqCst), before, "a request has left");
        match error.source.as_deref().unwrap().downcast_ref::<TlsError>() {
            Some(TlsError::Certificate(fault)) => Err(fault.clone()),
            other => panic!("not about the certificate: {other:?}"),
        }
    }
}

fn list(issuer: &Issuer<'_, KeyPair>, revoked: u64, until: time::OffsetDateTime) -> Vec<u8> {
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(revoked),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: until,
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(issuer).unwrap().der().to_vec()
}

fn names_list(params: &mut CertificateParams, url: String) {
    params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![url] }];
}

/// A site whose list is at `server`.
fn listed(authority: Authority, server: SocketAddr) -> Site {
    Site::new(authority, |params| names_list(params, format!("http://{server}/list.crl")))
}

fn year_2090() -> time::OffsetDateTime {
    date_time_ymd(2090, 1, 1)
}

#[tokio::test]
async fn a_list_is_fetched_once_and_believed() {
    for (revoked, expected) in [(SERIAL, Err(Fault::Revoked)), (1, Ok(()))] {
        let authority = Authority::new();
        let bytes = list(&authority.issuer, u64::from(revoked), year_2090());
        let (server, asked) = answering(move |_| (200, bytes.clone()));
        let site = listed(authority, server);
        for check in BOTH {
            let settings = site.settings().with_fetched_revocation_lists(check);
            let builder = HyperTransport::builder().with_tls(settings);
            // Each request has a connection of its own.
            let transport = builder.with_idle_timeout(Duration::ZERO).build().unwrap();
            for _ in 0..3 {
                assert_eq!(site.go(&transport).await, expected, "{check:?}");
            }
        }
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked.len(), 2, "once for each transport");
        assert!(asked[0].0.starts_with("GET /list.crl HTTP/1.1\r\n"), "{}", asked[0].0);
        // Nothing is asked by who does not want it.
        assert_eq!(site.visit(site.settings()).await, Ok(()));
    }
}

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

#[tokio::test]
async fn a_list_that_must_not_be_believed_is_refused_either_way_and_asked_for_again() {
    let authority = Authority::new();
    // Of the same name, by another key.
    let imposter = issuer(&authority, KeyPair::generate().unwrap());
    let forged = list(&imposter, 1, year_2090());
    let good = list(&authority.issuer, 1, year_2090());
    let count = AtomicUsize::new(0);
    let (server, _) = answering(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 | 2 => (200, forged.clone()),
        _ => (200, good.clone()),
    });
    let site = listed(authority, server);
    for check in BOTH {
        let settings = site.settings().with_fetched_revocation_lists(check);
        let transport = HyperTransport::builder().with_tls(settings).build().unwrap();
        let found = site.go(&transport).await;
        assert!(matches!(found, Err(Fault::RevocationAnswer(_))), "{check:?}: {found:?}");
        assert_eq!(site.go(&transport).await, Ok(()), "{check:?}");
    }
    let authority = Authority::new();
    let old = list(&authority.issuer, 1, date_time_ymd(2021, 1, 1));
    let (server, _) = answering(move |_| (200, old.clone()));
    let site = listed(authority, server);
    for check in BOTH {
        let settings = site.settings().with_fetched_revocation_lists(check);
        assert_eq!(site.visit(settings).await, Err(Fault::UnknownRevocation), "{check:?}");
    }
}

#[tokio::test]
async fn an_authority_that_was_revoked_vouches_for_nobody() {
    for (revoked, expected) in [(88, Err(Fault::Revoked)), (1, Ok(()))] {
        let root = Authority::new();
        let bytes = list(&root.issuer, revoked, year_2090());
        let (server, _) = answering(move |_| (200, bytes.clone()));
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "between");
        params.serial_number = Some(SerialNumber::from(88));
        names_list(&mut params, format!("http://{server}/root.crl"));
        let key = KeyPair::generate().unwrap();
        let between = params.signed_by(&key, &root.issuer).unwrap();
        let between_issuer = Issuer::new(params, key);
        let leaf_list = list(&between_issuer, 1, year_2090());
        let (leaf_server, _) = answering(move |_| (200, leaf_list.clone()));
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        names_list(&mut params, format!("http://{leaf_server}/leaf.crl"));
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &between_issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.into(), between.into()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let site = Site::of(root, config);
        for check in BOTH {
            let settings = site.settings().with_fetched_revocation_lists(check);
            assert_eq!(site.visit(settings).await, expected, "{check:?}");
        }
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

/// An issuer of the name of `authority`, with this key.
fn issuer(authority: &Authority, key: KeyPair) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    let name = format!("{:?}", authority.issuer.key().public_key_raw());
    params.distinguished_name.push(DnType::CommonName, name);
    Issuer::new(params, key)
}

/// Another owner of the same key.
fn copy(authority: &Authority) -> Issuer<'static, KeyPair> {
    let key = KeyPair::try_from(authority.issuer.key().serialize_der()).unwrap();
    issuer(authority, key)
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

#[tokio::test]
async fn what_must_not_be_believed_is_refused_either_way() {
    let cases: [(&str, Change); 6] = [
        ("signature", |it| it.broken_signature = true),
        ("another certificate", |it| it.serial = vec![78]),
        ("another question", |it| it.nonce = Some(vec![1; 16])),
        ("out of date", |it| it.next_update = Some("20210101000000Z")),
        ("out of date", |it| it.next_update = None),
        ("not valid yet", |it| it.this_update = "20890101000000Z"),
    ];
    for (reason, change) in cases {
        let (site, _) = responding(|_| {
            let mut statement = Statement::new(0, SERIAL);
            change(&mut statement);
            statement
        });
        for check in BOTH {
            let found = site.visit(site.settings().with_responder_check(check)).await;
            let told = |fault: &Fault| matches!(fault, Fault::RevocationAnswer(text) if text.contains(reason));
            assert!(found.as_ref().is_err_and(told), "{reason}: {found:?}");
        }
        let flags = SecurityFlags::from_bits(0x100).unwrap();
        let lax = site.settings().with_responder_check(RevocationCheck::Hard);
        assert_eq!(site.visit(lax.dangerous_ignore(flags)).await, Ok(()), "{reason}");
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
