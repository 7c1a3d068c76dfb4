//! Settings of TLS by name, each seen on the wire.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod clients;
mod responder;
mod server;
mod wire;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authority::{Authority, answering, serve};
use b2_core::error::{TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::settings::{SettingError, Settings};
use b2_hyper::tls::{Certificate, TlsEvent};
use b2_hyper::{BuildError, Builder, HyperTransport};
use bytes::Bytes;
use rcgen::{CertificateParams, CrlDistributionPoint, DnType, KeyPair};
use responder::names_responder;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

fn builder(texts: &[&str]) -> Builder {
    let mut settings = Settings::default();
    for text in texts {
        settings.apply(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    settings.builder().unwrap()
}

async fn get(transport: &HyperTransport, port: u16) -> Result<(), TransportError> {
    let url = format!("https://localhost:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    transport.send(request, Instant::now() + Duration::from_secs(10)).await.map(drop)
}

async fn visit(texts: &[&str], port: u16) -> Result<(), TransportError> {
    get(&builder(texts).build().unwrap(), port).await
}

/// The first message of a client with these settings to a good server.
async fn hello(texts: &[&str]) -> wire::Hello {
    let authority = Authority::new();
    let (relay, seen) = wire::relay(authority.serve(&["localhost"], answering));
    let roots = format!("SSLServerCACerts={}", authority.pem);
    visit(&[&[&*roots][..], texts].concat(), relay).await.unwrap();
    wire::Hello::read(&seen.bytes().0)
}

#[tokio::test]
async fn what_is_offered() {
    const X25519: u16 = 0x001d;
    const P256: u16 = 0x0017;
    const P384: u16 = 0x0018;
    let old = "SSLEnabledProtocols=3072";
    assert_eq!(hello(&[old, "TLS12SupportedGroups=ecdhe_secp384r1"]).await.groups, [P384]);
    let shares = hello(&["TLS13KeyShareGroups=ecdhe_secp256r1"]).await;
    assert_eq!(shares.key_shares, [P256]);
    assert!(shares.groups.contains(&X25519), "the others are still supported");
    let signatures = hello(&[old, "TLS12SignatureAlgorithms=sha256-ecdsa,sha384-rsa"]).await;
    // ECDSA with SHA-256, RSA with SHA-384 in both paddings.
    let mut chosen = signatures.signatures;
    chosen.sort_unstable();
    assert_eq!(chosen, [0x0403, 0x0501, 0x0805]);
    let weak = [0x1301, 0xc02b, 0xc02f];
    assert!(hello(&[]).await.suites.iter().any(|suite| weak.contains(suite)));
    let strong = hello(&["SSLCipherStrength=256"]).await.suites;
    assert!(!strong.is_empty() && !strong.iter().any(|suite| weak.contains(suite)), "{strong:?}");
    // What the class has by itself, in full.
    let usual = "ecdhe_x25519,ecdhe_secp256r1,ecdhe_secp384r1,ffdhe_2048,ffdhe_3072";
    let usual = format!("TLS13KeyShareGroups={usual}");
    assert_eq!(hello(&[&usual]).await.key_shares, [X25519]);
    let listed = hello(&["TLS13SupportedGroups=ecdhe_secp384r1,ecdhe_secp256r1", &usual]).await;
    assert_eq!(listed.key_shares, [P256]);
    assert_eq!(listed.groups[..2], [P256, P384]);
}

/// What is offered beside the suites: that no renegotiation is needed.
const SIGNAL: u16 = 0x00ff;

/// Each name alone, and all of them in one list, by their numbers in the
/// registries.
#[tokio::test]
async fn each_suite_is_offered_by_its_number() {
    let suites = [
        ("TLS_AES_128_GCM_SHA256", 0x1301),
        ("TLS_AES_256_GCM_SHA384", 0x1302),
        ("TLS_CHACHA20_POLY1305_SHA256", 0x1303),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9),
    ];
    let offered = async |names: &str| {
        let hello = hello(&[&format!("SSLEnabledCipherSuites={names}")]).await;
        let mut suites: Vec<_> =
            hello.suites.into_iter().filter(|suite| *suite != SIGNAL).collect();
        suites.sort_unstable();
        suites
    };
    for (name, number) in suites {
        assert_eq!(offered(name).await, [number], "{name}");
    }
    // Those of RSA have no server here, but go along with the others.
    let rsa = [
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8),
    ];
    for (name, number) in rsa {
        let both = offered(&format!("TLS_AES_128_GCM_SHA256;{name}")).await;
        assert_eq!(both, [0x1301, number], "{name}");
    }
    let mut all: Vec<_> = suites.iter().chain(&rsa).map(|(_, number)| *number).collect();
    all.sort_unstable();
    assert_eq!(offered("*").await, all);
    let strong: Vec<_> =
        all.into_iter().filter(|suite| ![0x1301, 0xc02b, 0xc02f].contains(suite)).collect();
    assert_eq!(offered("CALG_AES_256").await, strong);
}

#[tokio::test]
async fn each_signature_algorithm_is_offered_by_its_number() {
    let server = "ecdsa_secp256r1_sha256";
    for (name, numbers) in [
        (server, &[0x0403][..]),
        ("ecdsa_secp384r1_sha384", &[0x0403, 0x0503]),
        ("ecdsa_secp521r1_sha512", &[0x0403, 0x0603]),
        ("ed25519", &[0x0403, 0x0807]),
        ("rsa_pss_sha256", &[0x0403, 0x0804]),
        ("rsa_pss_sha384", &[0x0403, 0x0805]),
        ("rsa_pss_sha512", &[0x0403, 0x0806]),
        ("rsa_pkcs1_sha256", &[0x0401, 0x0403]),
        ("rsa_pkcs1_sha384", &[0x0403, 0x0501]),
        ("rsa_pkcs1_sha512", &[0x0403, 0x0601]),
        ("sha256-rsa", &[0x0401, 0x0403, 0x0804]),
    ] {
        // ring checks no signatures of P-521.
        if name == "ecdsa_secp521r1_sha512" && cfg!(not(feature = "aws-lc-rs")) {
            continue;
        }
        let texts = format!("TLS13SignatureAlgorithms={server},{name}");
        let mut offered = hello(&[&texts, "SSLEnabledProtocols=12288"]).await.signatures;
        offered.sort_unstable();
        offered.dedup();
        assert_eq!(offered, numbers, "{name}");
    }
}

#[tokio::test]
async fn records_are_told_to_the_observer() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let roots = format!("SSLServerCACerts={}", authority.pem);
    for (text, expected) in [("LogSSLPackets=True", true), ("LogSSLPackets=False", false)] {
        let events = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&events);
        let observing = builder(&[&roots, text])
            .with_tls_observer(move |event: &TlsEvent| keep.lock().unwrap().push(event.clone()));
        get(&observing.build().unwrap(), port).await.unwrap();
        let events = events.lock().unwrap();
        assert!(events.iter().any(|event| matches!(event, TlsEvent::Established { .. })));
        let records = events.iter().any(|event| matches!(event, TlsEvent::Record { .. }));
        assert_eq!(records, expected, "{text}");
    }
}

#[tokio::test]
async fn revocation_is_asked_if_a_setting_says_so() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (nobody, _) = responder::answering(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        (404, Vec::new())
    });
    let authority = Authority::new();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let uris = vec![format!("http://{nobody}/list")];
    params.crl_distribution_points = vec![CrlDistributionPoint { uris }];
    names_responder(&mut params, &format!("http://{nobody}/"));
    let port = serve(authority.server(params), answering).port();
    let roots = format!("SSLServerCACerts={}", authority.pem);
    for name in ["SSLCheckCRL", "SSLCheckOCSP"] {
        for (value, questions, kind) in [(0, 0, None), (1, 1, None), (2, 1, Some(Kind::Tls))] {
            let before = asked.load(Ordering::SeqCst);
            let outcome = visit(&[&roots, &format!("{name}={value}")], port).await;
            assert_eq!(outcome.err().map(|error| error.kind), kind, "{name}={value}");
            assert_eq!(asked.load(Ordering::SeqCst) - before, questions, "{name}={value}");
        }
        let error = Settings::default().apply(&format!("{name}=3")).unwrap_err();
        assert!(matches!(error, SettingError::Value { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_store_says_which_certificate_of_a_server_is_accepted() {
    let authority = Authority::new();
    let port = authority.serve(&["another.example"], answering);
    let other = Authority::new().serve(&["localhost"], answering);
    let shown = {
        let trusting = format!("SSLServerCACerts={}", authority.pem);
        let lax = builder(&[&trusting, "SSLSecurityFlags=0x80000000"]).build().unwrap();
        let url = format!("https://localhost:{port}/");
        let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
        let answer = lax.send(request, Instant::now() + Duration::from_secs(10)).await.unwrap();
        let facts = answer.extensions().get::<Arc<b2_hyper::connect::ConnectionFacts>>();
        let der = facts.unwrap().tls.as_ref().unwrap().certificates[0].clone();
        Certificate::from_der(&der).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.cer");
    std::fs::write(&file, shown.der()).unwrap();
    let named = format!("SSLAcceptServerCertStore={}", file.display());
    let content = format!("SSLAcceptServerCertStore={}", shown.pem());
    let key = format!("SSLAcceptServerCertStore={}", shown.public_key);
    for texts in [
        &[&*named, "SSLAcceptServerCertStoreType=8"][..],
        &[&named, "SSLAcceptServerCertStoreType=99"],
        &[&content, "SSLAcceptServerCertStoreType=9"],
        &[&content, "SSLAcceptServerCertSubject=*"],
        &[&key, "SSLAcceptServerCertStoreType=99"],
    ] {
        visit(texts, port).await.unwrap();
        assert_eq!(visit(texts, other).await.unwrap_err().kind, Kind::Tls, "{texts:?}");
    }
    assert_eq!(visit(&[], port).await.unwrap_err().kind, Kind::Tls);
    let mut settings = Settings::default();
    for text in [&*content, "SSLAcceptServerCertSubject=nobody"] {
        settings.apply(text).unwrap();
    }
    let error = settings.builder().unwrap_err().to_string();
    assert!(error.contains("no certificate in the store fits"), "{error}");
    assert_eq!(settings.get("SSLAcceptServerCertStore").unwrap(), "..");
}

/// A server that wants a certificate of `authority`.
fn asking(authority: &Authority) -> u16 {
    let trusted = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
    clients::asking(authority, &[trusted])
}

fn client(authority: &Authority, name: &str) -> (String, String) {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[tokio::test]
async fn the_own_certificate_comes_from_a_store() {
    let authority = Authority::new();
    let port = asking(&authority);
    let roots = format!("SSLServerCACerts={}", authority.pem);
    let (certificate, key) = client(&authority, "ada");
    let both = format!("{certificate}{key}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ada.pem");
    std::fs::write(&file, &both).unwrap();
    let (named, content) =
        (format!("SSLCertStore={}", file.display()), format!("SSLCertStore={both}"));
    let alone = format!("SSLCertStore={key}");
    let elsewhere = format!("SSLCertEncoded={certificate}");
    for texts in [
        &[&*named, "SSLCertStoreType=6"][..],
        &[&content, "SSLCertStoreType=7", "SSLCertSubject=CN=ada"],
        &[&content, "SSLCertSubject=ada"],
        &[&alone, &elsewhere],
    ] {
        visit(&[&[&*roots][..], texts].concat(), port).await.unwrap();
    }
    assert_eq!(visit(&[&roots], port).await.unwrap_err().kind, Kind::Tls);
    let (stranger, _) = client(&authority, "bob");
    let wrong = format!("SSLCertEncoded={stranger}");
    for (texts, expected) in [
        (&[&*alone][..], "give the certificate as well"),
        (&[&alone, &wrong], "not that of the certificate"),
        (&[&content, "SSLCertSubject=bob"], "no certificate in the store fits"),
        (&[&content, "SSLCertStoreType=3"], "PKCS#12"),
    ] {
        let mut settings = Settings::default();
        for text in texts {
            settings.apply(text).unwrap();
        }
        let error = settings.builder().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Between the own certificate and the authority that the server trusts.
#[tokio::test]
async fn the_chain_of_the_own_certificate_is_shown() {
    let root = Authority::new();
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "between");
    let key = KeyPair::generate().unwrap();
    let between = params.signed_by(&key, &root.issuer).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, key);
    let middle = Authority { issuer, pem: between.clone() };
    let port = asking(&root);
    let (certificate, key) = client(&middle, "ada");
    let roots = format!("SSLServerCACerts={}", root.pem);
    let store = format!("SSLCertStore={certificate}{key}");
    assert_eq!(visit(&[&roots, &store], port).await.unwrap_err().kind, Kind::Tls);
    visit(&[&roots, &store, &format!("SSLCACerts={between}")], port).await.unwrap();
}

#[tokio::test]
async fn roots_come_from_a_folder() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("9d66eef0.0"), &authority.pem).unwrap();
    visit(&[&format!("OpenSSLCADir={}", folder.path().display())], port).await.unwrap();
}

/// Each system has some of the usual files, and none has all.
#[tokio::test]
async fn roots_come_from_those_of_the_usual_files_that_are_there() {
    let (first, second) = (Authority::new(), Authority::new());
    let ports = [&first, &second].map(|it| it.serve(&["localhost"], answering));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(file("first.pem"), &first.pem).unwrap();
    std::fs::write(file("second.pem"), &second.pem).unwrap();
    let (absent, other) = (file("absent.pem"), file("no/folder.crt"));
    let (one, two) = (file("first.pem"), file("second.pem"));
    for (paths, expected) in [
        (format!("{absent};{one};{other}"), [true, false]),
        (format!("{one};{absent}"), [true, false]),
        (format!("{absent}; {two} ;"), [false, true]),
        (format!("{two};{one};{two}"), [true, true]),
    ] {
        for (port, expected) in ports.into_iter().zip(expected) {
            let outcome = visit(&[&format!("SSLCACertFilePaths={paths}")], port).await;
            assert_eq!(outcome.is_ok(), expected, "{paths}: {outcome:?}");
        }
    }
    let none = builder(&[&format!("SSLCACertFilePaths={absent};{other}")]).build().unwrap_err();
    let text = none.to_string();
    assert!(matches!(none, BuildError::NoRootFile(_)), "{none:?}");
    assert!(text.contains(&absent) && text.contains(&other), "{text}");
    // One that is there and has nothing in it is not passed over.
    std::fs::write(file("empty.pem"), "").unwrap();
    let empty = builder(&[&format!("SSLCACertFilePaths={};{one}", file("empty.pem"))]);
    assert!(matches!(empty.build().unwrap_err(), BuildError::NoCertificate));
}

/// A device is no store, and its end is not waited for.
#[cfg(unix)]
#[test]
fn a_store_without_end_is_refused() {
    for name in ["SSLCertStore", "SSLAcceptServerCertStore"] {
        for kind in [99, 2, 6] {
            let mut settings = Settings::default();
            settings.apply(&format!("{name}=/dev/zero")).unwrap();
            settings.apply(&format!("{name}Type={kind}")).unwrap();
            let error = settings.builder().unwrap_err().to_string();
            assert!(error.contains("cannot be read"), "{name} {kind}: {error}");
        }
    }
}

/// Nobody writes to the pipe, so whoever opens it as usual waits for ever.
#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.display();
    for texts in [
        vec![format!("SSLCertStore={pipe}")],
        vec![format!("SSLCertStore={pipe}"), "SSLCertStoreType=2".to_owned()],
        vec![format!("SSLAcceptServerCertStore={pipe}")],
        vec![format!("SSLCACertFilePaths={pipe}")],
        vec![format!("OpenSSLCAFile={pipe}")],
        vec![format!("SSLKeyLogFile={pipe}")],
    ] {
        let name = format!("{texts:?}");
        let (told, outcome) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut settings = Settings::default();
            for text in &texts {
                settings.apply(text).unwrap();
            }
            let built = settings.builder().map_err(|error| format!("{error:?}"));
            told.send(built.and_then(|built| built.build().map_err(|error| format!("{error:?}"))))
        });
        let outcome = outcome.recv_timeout(Duration::from_secs(10));
        let error = outcome.unwrap_or_else(|_| panic!("{name}: it waits")).unwrap_err();
        assert!(error.contains("name a regular file"), "{name}: {error}");
    }
}

#[cfg(feature = "openssl")]
#[tokio::test]
async fn openssl_offers_what_its_settings_say() {
    const ECDSA_AES_128_GCM: u16 = 0xc02b;
    const RSA_AES_128_CBC: u16 = 0x002f;
    let list = "OpenSSLCipherList=ECDHE-ECDSA-AES128-GCM-SHA256";
    let listed = hello(&[list, "SSLEnabledProtocols=3072"]).await.suites;
    assert_eq!(listed, [ECDSA_AES_128_GCM, SIGNAL]);
    for (text, openssl) in [("SSLProvider=1", true), ("SSLProvider=2", false)] {
        let suites = hello(&[text]).await.suites;
        assert_eq!(suites.contains(&RSA_AES_128_CBC), openssl, "{text}: {suites:x?}");
    }
}

/// The version in the first message is the newest that is offered, up to 1.2.
#[cfg(feature = "openssl")]
#[tokio::test]
async fn old_versions_are_offered_by_their_numbers() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let roots = format!("SSLServerCACerts={}", authority.pem);
    for (text, version) in [
        ("SSLEnabledProtocols=192", [3, 1]),
        ("SSLEnabledProtocols=768", [3, 2]),
        ("SSLEnabledProtocols=3072", [3, 3]),
    ] {
        let (relay, seen) = wire::relay(port);
        let outcome = visit(&[&roots, "SSLProvider=1", text], relay).await;
        assert_eq!(outcome.is_ok(), version == [3, 3], "the server has nothing older");
        assert_eq!(seen.bytes().0[9..11], version, "{text}");
    }
}
