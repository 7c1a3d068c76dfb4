//! Stores of certificates by the numbers of their kinds, and what servers see
//! of them. `stores/make.py` has made them.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod authority;
mod clients;
mod named;
mod server;

use std::path::PathBuf;
use std::sync::Arc;

use authority::{Authority, answering, default_provider, serve};
use b2_core::error::TransportErrorKind as Kind;
use b2_hyper::settings::{Settings, SettingsError};
use b2_hyper::tls::IdentityError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use named::{get, with};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

const PASSWORD: &str = "secret";

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn named(name: &str) -> String {
    path(name).display().to_string()
}

/// Bytes that are no text, in a text.
fn encoded(name: &str) -> String {
    STANDARD.encode(std::fs::read(path(name)).unwrap())
}

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(text("rsa.cert.pem").as_bytes()).unwrap()
}

/// The own certificate, from a store of each number, named by its file and
/// given itself.
#[tokio::test]
async fn the_own_certificate_comes_from_a_store_of_each_kind() {
    let authority = Authority::new();
    let port = clients::asking(&authority, &[certificate()]);
    let url = format!("https://localhost:{port}/");
    let roots = format!("SSLServerCACerts={}", authority.pem);
    let elsewhere = format!("SSLCertEncoded={}", text("rsa.cert.pem"));
    let folder = tempfile::tempdir().unwrap();
    let pem = format!("{}{}", text("rsa.cert.pem"), text("rsa.pem"));
    let pem_file = folder.path().join("rsa.both.pem");
    std::fs::write(&pem_file, &pem).unwrap();
    for (number, store, certificate) in [
        (2, named("rsa.p12"), None),
        (3, encoded("rsa.p12"), None),
        (4, named("rsa.jks"), None),
        (5, encoded("rsa.jks"), None),
        (6, pem_file.display().to_string(), None),
        (7, pem, None),
        (14, named("rsa.locked.v3.ppk"), Some(&elsewhere)),
        (15, text("rsa.locked.v2.ppk"), Some(&elsewhere)),
        (16, named("rsa.cert.xml"), None),
        (17, text("rsa.cert.xml"), None),
        (18, named("rsa.cert.jwk"), None),
        (19, text("rsa.cert.jwk"), None),
        (99, named("rsa.p12"), None),
        (99, encoded("rsa.jks"), None),
    ] {
        let number = format!("SSLCertStoreType={number}");
        let store = format!("SSLCertStore={store}");
        let mut texts = vec![&*roots, &*number, &*store];
        texts.extend(certificate.map(String::as_str));
        let password = format!("SSLCertStorePassword={PASSWORD}");
        get(&with(&[&texts[..], &[&*password]].concat()), &url).await.unwrap();
    }
    let error = get(&with(&[&roots]), &url).await.unwrap_err();
    assert_eq!(error.kind, Kind::Tls, "without any");
}

/// What the settings say of a store that cannot be opened.
fn refused(texts: &[&str]) -> IdentityError {
    let mut settings = Settings::default();
    for text in texts {
        settings.apply(text).unwrap();
    }
    match settings.builder().unwrap_err() {
        SettingsError::Identity(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_store_is_opened_with_its_password_alone() {
    for (number, name) in [(2, "rsa.p12"), (4, "rsa.jks"), (14, "rsa.locked.v3.ppk")] {
        for [kind, store, password] in [
            ["SSLCertStoreType", "SSLCertStore", "SSLCertStorePassword"],
            [
                "SSLAcceptServerCertStoreType",
                "SSLAcceptServerCertStore",
                "SSLAcceptServerCertStorePassword",
            ],
        ] {
            let (kind, store) = (format!("{kind}={number}"), format!("{store}={}", named(name)));
            let error = refused(&[&kind, &store, &format!("{password}=wrong")]);
            assert!(matches!(error, IdentityError::Password), "{name}: {error:?}");
        }
    }
    // Nor as another kind.
    let store = format!("SSLCertStore={}", named("rsa.p12"));
    let error = refused(&["SSLCertStoreType=18", &store, "SSLCertStorePassword=secret"]);
    assert!(matches!(error, IdentityError::Format(_)), "{error:?}");
}

/// A server with a certificate that nobody else would accept.
fn strange() -> u16 {
    let key = PrivateKeyDer::from_pem_slice(text("rsa.pem").as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key)
        .unwrap();
    serve(Arc::new(config), answering).port()
}

/// What is accepted of a server, from a store of each number.
#[tokio::test]
async fn what_is_accepted_comes_from_a_store_of_each_kind() {
    let url = format!("https://localhost:{}/", strange());
    for (number, store) in [
        (2, named("rsa.p12")),
        (3, encoded("rsa.p12")),
        (4, named("rsa.jks")),
        (5, encoded("rsa.jks")),
        (6, named("rsa.pem")),
        (7, text("rsa.pem")),
        (8, named("rsa.cert.pem")),
        (9, text("rsa.cert.pem")),
        (10, text("rsa.pub")),
        (11, named("rsa.p7b")),
        (12, encoded("rsa.p7b")),
        (13, named("rsa.pub")),
        (14, named("rsa.locked.v3.ppk")),
        (15, text("rsa.locked.v2.ppk")),
        (16, named("rsa.xml")),
        (17, text("rsa.xml")),
        (18, named("rsa.jwk")),
        (19, text("rsa.jwk")),
        (99, named("rsa.p7b")),
    ] {
        let kind = format!("SSLAcceptServerCertStoreType={number}");
        let store = format!("SSLAcceptServerCertStore={store}");
        let password = format!("SSLAcceptServerCertStorePassword={PASSWORD}");
        let outcome = get(&with(&[&kind, &store, &password]), &url).await;
        outcome.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
    }
    // What has no private key is nothing to show.
    for (number, store) in [(8, "rsa.cert.pem"), (11, "rsa.p7b"), (13, "rsa.pub")] {
        let kind = format!("SSLCertStoreType={number}");
        let error = refused(&[&kind, &format!("SSLCertStore={}", named(store))]);
        assert!(matches!(error, IdentityError::NoKey), "{kind}: {error:?}");
    }
    let other = format!("SSLAcceptServerCertStore={}", named("p256.cert.pem"));
    for texts in [&[&*other][..], &[]] {
        assert_eq!(get(&with(texts), &url).await.unwrap_err().kind, Kind::Tls, "{texts:?}");
    }
}

/// Two certificates in one store.
#[tokio::test]
async fn what_is_accepted_is_chosen_by_its_subject() {
    let url = format!("https://localhost:{}/", strange());
    let read = |name: &str| serde_json::from_str::<serde_json::Value>(&text(name)).unwrap();
    let other = CertificateDer::from_pem_slice(Authority::new().pem.as_bytes()).unwrap();
    let mut first = read("p256.jwk");
    first["x5c"] = vec![STANDARD.encode(other)].into();
    let second = &read("rsa.cert.jwk")["keys"][1];
    let store = serde_json::json!({ "keys": [first, second] });
    let store = format!("SSLAcceptServerCertStore={store}");
    get(&with(&[&store, "SSLAcceptServerCertSubject=CN=ada"]), &url).await.unwrap();
    let error = get(&with(&[&store, "SSLAcceptServerCertSubject=*"]), &url).await.unwrap_err();
    assert_eq!(error.kind, Kind::Tls, "that is the other one");
}

/// A store whose kind is found out may be given itself, but whoever names a
/// file is told of the file.
#[test]
fn a_file_that_is_not_there_is_told_from_content_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.p12").display().to_string();
    for name in ["SSLCertStore", "SSLAcceptServerCertStore"] {
        for store in [&*missing, "missing.p12"] {
            let error = refused(&[&format!("{name}={store}")]);
            let not_found = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
            let found = matches!(&error, IdentityError::File(io) if not_found(io));
            assert!(found, "{name}={store}: {error:?}");
        }
        let long = STANDARD.encode([7; 600]);
        let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        for content in [&*long, broken, "{\"kty\": \"none\"}"] {
            let error = refused(&[&format!("{name}={content}")]);
            assert!(!matches!(error, IdentityError::File(_)), "{name}={content}: {error:?}");
        }
        let folder = folder.path().display();
        let error = refused(&[&format!("{name}={folder}")]);
        assert!(matches!(error, IdentityError::File(_)), "{name}: {error:?}");
    }
}
