//! The platform's provider, OpenSSL: what is the same as with rustls, what it
//! has besides, and what it refuses.

#![cfg(all(feature = "openssl", any(feature = "aws-lc-rs", feature = "ring")))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod server;
mod visit;
mod wire;

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authority::{Authority, OK, answering};
use b2_core::error::{TransportError, TransportErrorKind as Kind};
use b2_hyper::connect::TlsFacts;
use b2_hyper::settings::{SettingError, Settings};
use b2_hyper::tls::{
    Backend, CertificateFault, CipherList, CipherSuites, Groups, KeyShare, RevocationCheck,
    SecurityFlags, ServerChain, SignatureAlgorithms, TlsError, TlsEvent, TlsSettings, Verdict,
    Versions,
};
use b2_hyper::{BuildError, HttpVersion, HyperTransport};

fn trusting(authority: &Authority) -> TlsSettings {
    TlsSettings::new()
        .with_platform_roots(false)
        .with_root_certificates_pem(&authority.pem)
        .with_backend(Backend::OpenSsl)
}

async fn visit(settings: TlsSettings, port: u16) -> Result<TlsFacts, TransportError> {
    let transport = HyperTransport::builder().with_tls(settings).build().unwrap();
    visit::get(&transport, "localhost", port).await
}

fn fault(error: &TransportError) -> CertificateFault {
    match error.source.as_deref().unwrap().downcast_ref::<TlsError>() {
        Some(TlsError::Certificate(fault)) => fault.clone(),
        other => panic!("not about the certificate: {other:?}"),
    }
}

/// What a client offers in its first message; there is no second.
async fn hello(settings: TlsSettings) -> wire::Hello {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let (relay, seen) = wire::relay(port);
    let settings = settings.with_root_certificates_pem(&authority.pem);
    let _ = visit(settings.with_platform_roots(false), relay).await;
    wire::Hello::read(&seen.bytes().0)
}

#[tokio::test]
async fn facts_are_those_of_rustls() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost", "127.0.0.1"], answering);
    for versions in [Versions::tls_1_2(), Versions::tls_1_3()] {
        for suite in [
            "TLS_AES_128_GCM_SHA256;TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384;TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256;TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        ] {
            for group in ["ecdhe_x25519", "ecdhe_secp256r1", "ecdhe_secp384r1"] {
                // In TLS 1.2 the groups are the curves of certificates too.
                let groups = match versions == Versions::tls_1_2() {
                    true => format!("{group},ecdhe_secp256r1"),
                    false => group.to_owned(),
                };
                let settings = trusting(&authority)
                    .with_versions(versions)
                    .with_cipher_suites(CipherSuites::parse(suite).unwrap())
                    .with_groups(Groups::parse(&groups).unwrap());
                let ours = visit(settings.clone().with_backend(Backend::Rustls), port).await;
                let theirs = visit(settings, port).await;
                let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
                assert!(!ours.certificates.is_empty() && ours.cipher_bits > 0);
                assert_eq!(format!("{theirs:?}"), format!("{ours:?}"));
            }
        }
    }
    // Addresses are names of their own.
    let transport = HyperTransport::builder().with_tls(trusting(&authority)).build().unwrap();
    visit::get(&transport, "127.0.0.1", port).await.unwrap();
}

#[tokio::test]
async fn only_one_version_of_suites_is_offered_where_only_one_is_named() {
    let old = CipherSuites::parse("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256").unwrap();
    let new = CipherSuites::parse("TLS_AES_128_GCM_SHA256").unwrap();
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    for (suites, version) in [(old, "TLSv1.2"), (new, "TLSv1.3")] {
        let facts = visit(trusting(&authority).with_cipher_suites(suites), port).await.unwrap();
        assert_eq!(facts.version, version);
    }
}

#[tokio::test]
async fn the_cipher_list_is_what_is_offered() {
    const AES_128_SHA: u16 = 0x002f;
    const RENEGOTIATION: u16 = 0x00ff;
    let list = |text: &str| {
        let list = CipherList::parse(text).unwrap();
        TlsSettings::new().with_cipher_list(list).with_versions(Versions::tls_1_2())
    };
    // The list alone is enough to choose OpenSSL.
    assert_eq!(hello(list("AES128-SHA")).await.suites, [AES_128_SHA, RENEGOTIATION]);
    let all = hello(list("ALL:@SECLEVEL=0")).await.suites;
    // Anonymous ones would let anybody be the server.
    let anonymous = [0x0018, 0x001b, 0x0034, 0x003a, 0x006c, 0x00a6, 0xc018, 0xc019];
    assert!(all.len() > 30 && !all.iter().any(|suite| anonymous.contains(suite)), "{all:x?}");
    let default = hello(TlsSettings::new().with_backend(Backend::OpenSsl)).await.suites;
    assert!(default.contains(&AES_128_SHA) && default.contains(&0x1301), "{default:x?}");
}

#[tokio::test]
async fn groups_are_offered_in_their_order() {
    let groups = Groups::parse("ecdhe_secp384r1,ecdhe_x25519,ffdhe_2048,ecdhe_secp521r1").unwrap();
    let offered = TlsSettings::new().with_backend(Backend::OpenSsl).with_groups(groups);
    let hello = hello(offered).await;
    assert_eq!(hello.groups, [0x0018, 0x001d, 0x0100, 0x0019]);
    assert_eq!(hello.key_shares, [0x0018]);
}

#[tokio::test]
async fn steps_and_records_are_told() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let events = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&events);
    let settings = trusting(&authority)
        .with_packet_log(true)
        .with_observer(move |event: &TlsEvent| keep.lock().unwrap().push(event.clone()));
    visit(settings.clone(), port).await.unwrap();
    let told = std::mem::take(&mut *events.lock().unwrap());
    let steps: Vec<_> =
        told.iter().filter(|event| !matches!(event, TlsEvent::Record { .. })).collect();
    let [begun, shown, stands] = &steps[..] else { panic!("{steps:?}") };
    assert!(matches!(begun, TlsEvent::Begun { host } if host == "localhost"), "{begun:?}");
    assert!(shown.to_string().ends_with(": OK"), "{shown}");
    let expected = "TLSv1.3 with TLS_AES_256_GCM_SHA384 (256 bits), X25519";
    assert_eq!(stands.to_string(), expected);
    assert!(told.len() > 6, "{told:?}");
    let stranger = Authority::new().serve(&["localhost"], answering);
    visit(settings, stranger).await.unwrap_err();
    let told = events.lock().unwrap();
    let unknown = Some(CertificateFault::UnknownIssuer);
    let shown = told.iter().find(|event| matches!(event, TlsEvent::Shown { .. })).unwrap();
    assert!(matches!(shown, TlsEvent::Shown { fault, .. } if *fault == unknown), "{shown:?}");
    assert!(matches!(told.last(), Some(TlsEvent::Failed { .. })), "{told:?}");
}

#[tokio::test]
async fn a_policy_sees_the_chain_and_may_refuse_it() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let stranger = Authority::new().serve(&["localhost"], answering);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    let settings = trusting(&authority).with_certificate_policy(move |shown: &ServerChain| {
        keep.lock().unwrap().push((shown.host.clone(), shown.chain.len(), shown.fault.clone()));
        Verdict::Default
    });
    visit(settings.clone(), port).await.unwrap();
    assert_eq!(
        fault(&visit(settings, stranger).await.unwrap_err()),
        CertificateFault::UnknownIssuer
    );
    let unknown = Some(CertificateFault::UnknownIssuer);
    let host = || "localhost".to_owned();
    assert_eq!(*seen.lock().unwrap(), [(host(), 2, None), (host(), 1, unknown)]);
    let refusing = trusting(&authority).with_certificate_policy(|_: &ServerChain| Verdict::Refuse);
    assert_eq!(fault(&visit(refusing, port).await.unwrap_err()), CertificateFault::Policy);
    let panicking = |_: &ServerChain| -> Verdict { panic!("a bug of the user") };
    let broken = trusting(&authority).with_certificate_policy(panicking);
    assert_eq!(fault(&visit(broken, port).await.unwrap_err()), CertificateFault::Policy);
}

#[tokio::test]
async fn single_conditions_are_overlooked() {
    const TIME: u32 = 0x1;
    const AUTHORITY: u32 = 0x10;
    const NAME: u32 = 0x8000_0000;
    let authority = Authority::new();
    let other_name = authority.serve(&["another.example"], answering);
    let stranger = Authority::new().serve(&["localhost"], answering);
    for (port, flags, expected) in [
        (other_name, NAME, None),
        (other_name, AUTHORITY | TIME, Some(CertificateFault::WrongName)),
        (stranger, AUTHORITY, None),
        (stranger, NAME | TIME, Some(CertificateFault::UnknownIssuer)),
    ] {
        let flags = SecurityFlags::from_bits(flags).unwrap();
        let outcome = visit(trusting(&authority).dangerous_ignore(flags), port).await;
        assert_eq!(outcome.err().as_ref().map(fault), expected, "{flags:?}");
    }
}

#[tokio::test]
async fn http_2_is_agreed_on() {
    let authority = Authority::new();
    let mut config = Arc::unwrap_or_clone(
        authority.server(rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap()),
    );
    config.alpn_protocols = vec![b"h2".to_vec()];
    // The session is enough: what follows is not HTTP/2.
    let port = authority::serve(Arc::new(config), |_, session| session.write_all(b"no"));
    let builder = HyperTransport::builder().with_http_version(HttpVersion::Http2Only);
    let tls = trusting(&authority);
    let events = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&events);
    let tls = tls.with_observer(move |event: &TlsEvent| keep.lock().unwrap().push(event.clone()));
    let transport = builder.with_tls(tls).build().unwrap();
    let error = visit::get(&transport, "localhost", port.port()).await.unwrap_err();
    assert_ne!(error.kind, Kind::Tls, "{error:?}");
    let stands = |event: &TlsEvent| matches!(event, TlsEvent::Established { .. });
    assert!(events.lock().unwrap().iter().any(stands));
}

#[tokio::test]
async fn a_body_that_is_cut_is_no_end() {
    let authority = Authority::new();
    let script = |_: usize, session: &mut authority::Session| {
        if server::request(session)?.is_some() {
            session.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of it")?;
            session.flush()?;
            // The socket is closed without the farewell of TLS.
            return session.sock.shutdown(std::net::Shutdown::Both);
        }
        Ok(())
    };
    let port = authority.serve(&["localhost"], script);
    for backend in [Backend::Rustls, Backend::OpenSsl] {
        let outcome = visit(trusting(&authority).with_backend(backend), port).await;
        let error = outcome.map_err(|error| (backend, error)).unwrap_err().1;
        assert_eq!(error.kind, Kind::Interrupted, "{backend:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_in_time() {
    let port = server::listen(|_, mut stream| stream.read_to_end(&mut Vec::new()).map(drop));
    let transport = HyperTransport::builder()
        .with_tls(trusting(&Authority::new()))
        .with_connect_timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let begun = Instant::now();
    let error = visit::get(&transport, "localhost", port.port()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout, "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_is_not_tls_breaks_the_protocol() {
    let port = server::listen(|_, mut stream| stream.write_all(OK)).port();
    let error = visit(trusting(&Authority::new()), port).await.unwrap_err();
    let cause = error.source.as_deref().unwrap().downcast_ref::<TlsError>();
    assert!(matches!(cause, Some(TlsError::Protocol(_))), "{error:?}");
}

#[test]
fn what_openssl_cannot_do_is_refused_with_a_way_out() {
    let own = || TlsSettings::new().with_backend(Backend::OpenSsl);
    let list = || CipherList::parse("HIGH").unwrap();
    let suites = CipherSuites::parse("TLS_AES_128_GCM_SHA256").unwrap();
    let soft = RevocationCheck::Soft;
    for (settings, expected) in [
        (own().with_fetched_revocation_lists(soft), "use the backend Rustls"),
        (own().with_responder_check(soft), "SSLProvider=2"),
        (own().with_revocation_check(RevocationCheck::Hard), "use the backend Rustls"),
        (own().with_cipher_strength(256), "OpenSSLCipherList"),
        (
            own().with_signature_algorithms(SignatureAlgorithms::parse("ed25519").unwrap()),
            "@SECLEVEL",
        ),
        (own().with_key_share(KeyShare::parse("ecdhe_x25519").unwrap()), "TLS13SupportedGroups"),
        (own().with_cipher_list(list()).with_cipher_suites(suites), "one of the two"),
        (own().with_hashed_roots_at("/a:b"), "without colons"),
        (own().with_versions(Versions::from_bits(192 | 3072).unwrap()), "one after the other"),
        (own().with_versions(Versions::from_bits(768 | 12288).unwrap()), "one after the other"),
        (
            TlsSettings::new().with_backend(Backend::Rustls).with_versions(Versions::tls_1_0()),
            "the backend OpenSsl",
        ),
        (
            TlsSettings::new().with_backend(Backend::Rustls).with_cipher_list(list()),
            "the backend OpenSsl",
        ),
    ] {
        match settings.build() {
            Err(BuildError::Setting(refused)) => {
                assert!(refused.to_string().contains(expected), "{refused}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
    let gone = own().with_hashed_roots_at("/there/is/no/such/folder").build();
    assert!(matches!(gone, Err(BuildError::File { .. })), "{gone:?}");
}

#[tokio::test]
async fn nobody_is_trusted_without_roots() {
    let port = Authority::new().serve(&["localhost"], answering);
    let settings = TlsSettings::new().with_backend(Backend::OpenSsl).with_platform_roots(false);
    let error = visit(settings, port).await.unwrap_err();
    let cause = error.source.as_deref().unwrap().downcast_ref::<TlsError>();
    assert!(matches!(cause, Some(TlsError::NoRoots)), "{error:?}");
    // Those of the system do not vouch for a test.
    let system = TlsSettings::new().with_backend(Backend::OpenSsl);
    assert_eq!(fault(&visit(system, port).await.unwrap_err()), CertificateFault::UnknownIssuer);
}

#[test]
fn settings_have_it_by_name_in_any_order() {
    let apply = |texts: &[&str]| {
        let mut settings = Settings::default();
        for text in texts {
            settings.apply(text).unwrap();
        }
        settings.builder()
    };
    for texts in [
        &["SSLProvider=1"][..],
        &["OpenSSLCipherList=HIGH:!SHA1", "SSLProvider=1"],
        &["SSLProvider=1", "OpenSSLCipherList=HIGH:!SHA1"],
        &["SSLEnabledProtocols=4032"],
        &["SSLEnabledProtocols=192", "SSLProvider=1"],
        &["OpenSSLCipherList=HIGH"],
    ] {
        assert!(apply(texts).unwrap().build().is_ok(), "{texts:?}");
    }
    for texts in [
        &["SSLProvider=2", "SSLEnabledProtocols=768"][..],
        &["SSLEnabledProtocols=192", "SSLProvider=2"],
        &["OpenSSLCipherList=HIGH", "SSLProvider=2"],
        &["SSLCheckOCSP=1", "SSLProvider=1"],
        &["SSLProvider=1", "SSLCheckCRL=2"],
    ] {
        let error = apply(texts).unwrap().build().unwrap_err();
        let typed = matches!(error, BuildError::Setting(SettingError::Unsupported { .. }));
        assert!(typed, "{texts:?}: {error}");
    }
    let error = Settings::default().apply("OpenSSLCipherList=NO-SUCH-SUITE").unwrap_err();
    assert!(matches!(error, SettingError::Value { .. }), "{error}");
}
