//! What is agreed on in handshakes, as both sides see it.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod server;
mod visit;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use authority::{Authority, OK, Session, answering, default_provider, serve};
use b2_core::error::{TransportError, TransportErrorKind as Kind};
use b2_hyper::connect::TlsFacts;
use b2_hyper::tls::{
    CipherSuites, Groups, IdentityError, SignatureAlgorithms, StoreType, TlsError, TlsSettings,
    Versions, open,
};
use b2_hyper::{BuildError, HyperTransport};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;

async fn get(settings: TlsSettings, port: u16) -> Result<TlsFacts, TransportError> {
    visit(&transport(settings), port).await
}

fn transport(settings: TlsSettings) -> HyperTransport {
    // Each request makes a connection of its own.
    let builder = HyperTransport::builder().with_tls(settings).with_max_idle_per_host(0);
    builder.build().unwrap()
}

async fn visit(transport: &HyperTransport, port: u16) -> Result<TlsFacts, TransportError> {
    visit::get(transport, "localhost", port).await
}

fn trusting(authority: &Authority) -> TlsSettings {
    TlsSettings::new().with_platform_roots(false).with_root_certificates_pem(&authority.pem)
}

fn cause(error: &TransportError) -> &TlsError {
    assert_eq!(error.kind, Kind::Tls, "{error:?}");
    error.source.as_deref().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn only_the_chosen_version_is_spoken() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    for (versions, name) in [(Versions::tls_1_2(), "TLSv1.2"), (Versions::tls_1_3(), "TLSv1.3")] {
        let facts = get(trusting(&authority).with_versions(versions), port).await.unwrap();
        assert_eq!(facts.version, name);
    }
}

#[tokio::test]
async fn only_the_chosen_suites_are_offered() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    for name in [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ] {
        let suites = CipherSuites::parse(name).unwrap();
        let versions =
            if name.contains("_WITH_") { Versions::tls_1_2() } else { Versions::tls_1_3() };
        let settings = trusting(&authority).with_cipher_suites(suites).with_versions(versions);
        assert_eq!(get(settings, port).await.unwrap().cipher_suite, name);
    }
    // The server has no RSA key.
    let suites = CipherSuites::parse("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256").unwrap();
    let settings =
        trusting(&authority).with_cipher_suites(suites).with_versions(Versions::tls_1_2());
    let error = get(settings, port).await.unwrap_err();
    assert!(matches!(cause(&error), TlsError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn a_cipher_may_have_to_be_strong() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let suites = CipherSuites::parse("CALG_AES_128;TLS_CHACHA20_POLY1305_SHA256").unwrap();
    let settings = trusting(&authority).with_cipher_suites(suites);
    let facts = get(settings.clone(), port).await.unwrap();
    assert_eq!(facts.cipher_bits, 128, "{facts:?}");
    let strong = settings.with_cipher_strength(256).with_versions(Versions::tls_1_3());
    assert_eq!(get(strong, port).await.unwrap().cipher, "ChaCha20-Poly1305");
    let error = get(trusting(&authority).with_cipher_strength(257), port).await.unwrap_err();
    assert!(matches!(cause(&error), TlsError::Settings(_)), "{error:?}");
}

#[tokio::test]
async fn only_the_chosen_groups_are_offered() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    for (name, group, bits) in
        [("ecdhe_secp384r1", "secp384r1", 384), ("ecdhe_secp256r1", "secp256r1", 256)]
    {
        let settings = trusting(&authority).with_groups(Groups::parse(name).unwrap());
        let facts = get(settings, port).await.unwrap();
        assert_eq!((&*facts.key_exchange, facts.key_exchange_bits), (group, bits));
    }
}

#[tokio::test]
async fn only_the_chosen_signatures_are_accepted() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let with = |names| {
        trusting(&authority).with_signature_algorithms(SignatureAlgorithms::parse(names).unwrap())
    };
    get(with("ecdsa_secp256r1_sha256"), port).await.unwrap();
    get(with("sha256-ecdsa,sha256-rsa"), port).await.unwrap();
    let error = get(with("rsa_pss_sha256"), port).await.unwrap_err();
    assert!(matches!(cause(&error), TlsError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn sessions_are_resumed_unless_told() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    for (reuse, expected) in [(true, true), (false, false)] {
        let transport = transport(trusting(&authority).with_session_reuse(reuse));
        assert!(!visit(&transport, port).await.unwrap().resumed);
        assert_eq!(visit(&transport, port).await.unwrap().resumed, expected);
    }
}

#[tokio::test]
async fn secrets_are_logged_where_they_should_and_appended() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(&file, "# mine\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let allow = |bits| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(bits)).unwrap();
            trusting(&authority).with_key_log(&file).build()
        };
        let error = allow(0o644).unwrap_err();
        assert!(matches!(&error, BuildError::File { path, .. } if *path == file), "{error:?}");
        allow(0o600).unwrap();
    }
    get(trusting(&authority).with_key_log(&file), port).await.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# mine\nCLIENT_HANDSHAKE_TRAFFIC_SECRET "), "{text}");
    let line = text.lines().find(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")).unwrap();
    let lengths: Vec<_> = line.split(' ').map(str::len).collect();
    assert_eq!(lengths[1..], [64, 96]);
    assert!(trusting(&authority).with_key_log(folder.path()).build().is_err());
}

#[tokio::test]
async fn roots_come_from_files_and_folders_too() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let folder = tempfile::tempdir().unwrap();
    let bare = || TlsSettings::new().with_platform_roots(false);
    assert!(bare().with_root_certificates_at(folder.path()).build().is_err());
    std::fs::write(folder.path().join("readme"), "no certificate").unwrap();
    std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
    get(bare().with_root_certificates_at(folder.path()), port).await.unwrap();
    get(bare().with_root_certificates_at(folder.path().join("ca.pem")), port).await.unwrap();
    assert!(bare().with_root_certificates_at(folder.path().join("nothing")).build().is_err());
}

/// A server that wants a certificate and answers with its subject.
fn asking(authority: &Authority) -> u16 {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let config = authority.server_that(params, |it| it.with_client_cert_verifier(verifier));
    let script = |_: usize, session: &mut Session| -> io::Result<()> {
        while server::request(session)?.is_some() {
            assert_eq!(session.conn.peer_certificates().unwrap().len(), 1);
            session.write_all(OK)?;
        }
        Ok(())
    };
    serve(config, script).port()
}

/// A certificate of a client with its key, in PEM.
fn client(authority: &Authority, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.signed_by(&key, &authority.issuer).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
async fn a_server_gets_the_certificate_that_it_asks_for() {
    let authority = Authority::new();
    let port = asking(&authority);
    let (certificate, key) = client(&authority, "Ada");
    for kind in [StoreType::Pem, StoreType::Auto] {
        let identity = open(format!("{key}{certificate}").as_bytes(), kind, "", "ada").unwrap();
        assert!(identity.certificate().subject.contains("CN=Ada"));
        get(trusting(&authority).with_identity(identity), port).await.unwrap();
    }
    let stranger = Authority::new();
    let (certificate, key) = client(&stranger, "Ada");
    let identity = open(format!("{certificate}{key}").as_bytes(), StoreType::Pem, "", "*").unwrap();
    let error = get(trusting(&authority).with_identity(identity), port).await.unwrap_err();
    assert_eq!(error.kind, Kind::Tls, "{error:?}");
}

#[tokio::test]
async fn a_proxy_does_not_get_the_certificate_that_is_meant_for_servers() {
    let authority = Authority::new();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.allow_unauthenticated().build().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let config = authority.server_that(params, |it| it.with_client_cert_verifier(verifier));
    let (told, shown) = std::sync::mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let script = move |_: usize, session: &mut Session| -> io::Result<()> {
        server::head(session)?;
        told.lock().unwrap().send(session.conn.peer_certificates().is_some()).unwrap();
        session.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    };
    let port = serve(config, script).port();
    let (certificate, key) = client(&authority, "Ada");
    let identity = open(format!("{certificate}{key}").as_bytes(), StoreType::Pem, "", "*").unwrap();
    let proxy = b2_hyper::proxy::Proxy::http("localhost", port).with_tls(true);
    let transport = HyperTransport::builder()
        .with_tls(trusting(&authority).with_identity(identity))
        .with_proxy(b2_hyper::proxy::ProxyRules::all(proxy))
        .build()
        .unwrap();
    assert!(visit(&transport, 1).await.is_err());
    assert!(!shown.recv_timeout(Duration::from_secs(10)).unwrap());
}

#[test]
fn stores_that_do_not_fit_say_why() {
    let authority = Authority::new();
    let (certificate, key) = client(&authority, "Ada");
    let (_, other) = client(&authority, "Bob");
    let both = format!("{certificate}{key}");
    let fails = |store: &str, kind, subject| open(store.as_bytes(), kind, "", subject).unwrap_err();
    assert!(matches!(fails(&both, StoreType::Pem, "Eve"), IdentityError::NoCertificate));
    assert!(matches!(fails(&certificate, StoreType::Pem, "*"), IdentityError::NoKey));
    assert!(matches!(fails(&certificate, StoreType::PublicKey, "*"), IdentityError::NoKey));
    assert!(matches!(fails(&other, StoreType::Pem, "*"), IdentityError::KeyAlone));
    assert!(matches!(fails("nothing", StoreType::Auto, "*"), IdentityError::Format(_)));
    assert!(matches!(fails(&both, StoreType::Pkcs12, "*"), IdentityError::Format(_)));
    assert!(StoreType::from_number(0).unwrap_err().to_string().contains("export"));
    assert!(StoreType::from_number(21).unwrap_err().to_string().contains("keytool"));
    assert_eq!(StoreType::from_number(2).unwrap(), (StoreType::Pkcs12, true));
}
