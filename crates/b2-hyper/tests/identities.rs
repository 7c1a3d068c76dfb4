//! Keys and certificates in the formats of other programs, each shown to a
//! server that asks for one. `stores/make.py` has made them.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod clients;
mod server;

use std::time::{Duration, Instant};

use authority::{Authority, answering};
use b2_core::error::TransportError;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::settings::SettingError;
use b2_hyper::tls::{
    Accepted, Identity, IdentityError, PublicKey, StoreType, TlsSettings, open, open_accepted,
    open_with_certificate,
};
use bytes::Bytes;
use clients::asking;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const PASSWORD: &str = "secret";
const KINDS: [&str; 5] = ["rsa", "p256", "p384", "p521", "ed25519"];

/// rustls signs with P-521 only by aws-lc-rs.
fn usable(kind: &str) -> bool {
    kind != "p521" || cfg!(feature = "aws-lc-rs")
}

fn read(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// The public key that openssl says the key has.
fn public(kind: &str) -> PublicKey {
    let (_, pem) = x509_parser::pem::parse_x509_pem(&read(&format!("{kind}.spki.pem"))).unwrap();
    PublicKey::from_der(pem.contents)
}

/// A certificate for this key, which vouches for itself.
fn certificate(kind: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&read(&format!("{kind}.cert.pem"))).unwrap()
}

async fn show(authority: &Authority, identity: Identity, port: u16) -> Result<(), TransportError> {
    let settings = TlsSettings::new()
        .with_platform_roots(false)
        .with_root_certificates_pem(&authority.pem)
        .with_identity(identity);
    let transport = HyperTransport::builder().with_tls(settings).build().unwrap();
    let url = format!("https://localhost:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    transport.send(request, Instant::now() + Duration::from_secs(10)).await.map(drop)
}

/// The stores of one key: name, kind, and whether they are locked.
fn stores(kind: &str) -> Vec<(String, StoreType, bool)> {
    let mut stores = vec![
        (format!("{kind}.pem"), StoreType::Pem, false),
        (format!("{kind}.jwk"), StoreType::Jwk, false),
        (format!("{kind}.openssh"), StoreType::Pem, false),
        (format!("{kind}.locked.openssh"), StoreType::Pem, true),
    ];
    for version in ["v2", "v3"] {
        stores.push((format!("{kind}.{version}.ppk"), StoreType::Ppk, false));
        stores.push((format!("{kind}.locked.{version}.ppk"), StoreType::Ppk, true));
    }
    if kind == "rsa" {
        stores.push(("rsa.xml".to_owned(), StoreType::Xml, false));
    }
    stores
}

#[tokio::test]
async fn a_key_from_any_store_signs_for_a_certificate_from_elsewhere() {
    let authority = Authority::new();
    for kind in KINDS.into_iter().filter(|kind| usable(kind)) {
        let chain = vec![certificate(kind)];
        let port = asking(&authority, &chain);
        for (name, exact, locked) in stores(kind) {
            let store = read(&name);
            for exact in [exact, StoreType::Auto] {
                let opened = open_with_certificate(&store, exact, PASSWORD, chain.clone());
                show(&authority, opened.unwrap(), port).await.unwrap();
                let alone = open(&store, exact, PASSWORD, "*").unwrap_err();
                assert!(matches!(alone, IdentityError::KeyAlone), "{name}: {alone:?}");
                let accepted = open_accepted(&store, exact, PASSWORD, "*").unwrap();
                let same = matches!(&accepted, Accepted::PublicKey(key) if *key == public(kind));
                assert!(same, "{name}: {accepted:?}");
                let wrong = open_with_certificate(&store, exact, "wrong", chain.clone());
                let refused = matches!(wrong, Err(IdentityError::Password));
                assert_eq!(refused, locked, "{name}: {wrong:?}");
            }
            let other = if kind == "p256" { "p384" } else { "p256" };
            let other = vec![certificate(other)];
            let mismatch = open_with_certificate(&store, exact, PASSWORD, other).unwrap_err();
            assert!(matches!(mismatch, IdentityError::Mismatch), "{name}: {mismatch:?}");
        }
    }
}

#[tokio::test]
async fn stores_with_their_certificates() {
    let authority = Authority::new();
    let port = asking(&authority, &[certificate("rsa")]);
    let indifferent = authority.serve(&["localhost"], answering);
    for (name, kind) in [
        ("rsa.jks", StoreType::Jks),
        ("rsa.p12", StoreType::Pkcs12),
        ("rsa.cert.jwk", StoreType::Jwk),
        ("rsa.cert.xml", StoreType::Xml),
    ] {
        for kind in [kind, StoreType::Auto] {
            for subject in ["*", "CN=ada", "ADA"] {
                let identity = open(&read(name), kind, PASSWORD, subject).unwrap();
                assert_eq!(identity.certificate().subject, "CN=ada");
                show(&authority, identity.clone(), port).await.unwrap();
                show(&authority, identity, indifferent).await.unwrap();
            }
            let error = open(&read(name), kind, PASSWORD, "bob").unwrap_err();
            assert!(matches!(error, IdentityError::NoCertificate), "{name}: {error:?}");
            let accepted = open_accepted(&read(name), kind, PASSWORD, "ada").unwrap();
            assert!(matches!(accepted, Accepted::Certificate(_)), "{name}: {accepted:?}");
        }
    }
}

#[test]
fn java_stores_say_what_is_wrong() {
    for name in ["rsa.jks", "trusted.jks"] {
        let error = open(&read(name), StoreType::Jks, "wrong", "*").unwrap_err();
        assert!(matches!(error, IdentityError::Password), "{error:?}");
    }
    let error = open(&read("trusted.jks"), StoreType::Auto, PASSWORD, "*").unwrap_err();
    assert!(matches!(error, IdentityError::NoKey), "{error:?}");
    let error = open(&read("rsa.jceks"), StoreType::Auto, PASSWORD, "*").unwrap_err();
    let unsupported = |error: &IdentityError| {
        matches!(error, IdentityError::Unsupported(SettingError::Unsupported { .. }))
    };
    assert!(unsupported(&error), "{error:?}");
    assert!(error.to_string().contains("-deststoretype pkcs12"), "{error}");
}

#[test]
fn public_keys_of_ssh_are_for_accepting_only() {
    for kind in KINDS {
        let line = read(&format!("{kind}.pub"));
        for exact in [StoreType::SshPublicKey, StoreType::Auto] {
            let accepted = open_accepted(&line, exact, "", "*").unwrap();
            let same = matches!(&accepted, Accepted::PublicKey(key) if *key == public(kind));
            assert!(same, "{kind}: {accepted:?}");
            let error = open(&line, exact, "", "*").unwrap_err();
            assert!(matches!(error, IdentityError::NoKey), "{error:?}");
        }
    }
}

/// Nothing that was cut or changed is a key, and nothing panics.
#[test]
fn what_was_damaged_is_refused() {
    let names = [
        "rsa.jks",
        "rsa.jwk",
        "p256.jwk",
        "rsa.xml",
        "p256.openssh",
        "ed25519.v3.ppk",
        "rsa.v2.ppk",
        "p256.pub",
    ];
    for name in names {
        let whole = read(name);
        let step = (whole.len() / 60).max(1);
        for len in (0..whole.len() - 2).step_by(step) {
            let opened = open(&whole[..len], StoreType::Auto, PASSWORD, "*");
            assert!(opened.is_err(), "{name} of {len} bytes");
        }
        for at in (0..whole.len()).step_by(step) {
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            let _ = open(&changed, StoreType::Auto, PASSWORD, "*");
        }
    }
    // A PPK is signed, so no byte of its keys can be changed unseen.
    let text = String::from_utf8(read("ed25519.v3.ppk")).unwrap();
    let changed = text.replace("Comment: ", "Comment: x");
    let error = open(changed.as_bytes(), StoreType::Ppk, "", "*").unwrap_err();
    assert!(matches!(error, IdentityError::Password), "{error:?}");
}

#[test]
fn what_cannot_be_had_says_what_to_do() {
    for (text, expected) in [
        (r#"{"kty":"oct","k":"AAAA"}"#, "RSA, EC or OKP"),
        (r#"{"kty":"EC","crv":"secp256k1"}"#, "P-256"),
        (r#"{"kty":"OKP","crv":"X25519"}"#, "Ed25519"),
        (r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}"#, "export the whole key"),
    ] {
        let error = open(text.as_bytes(), StoreType::Auto, "", "*").unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let slow = String::from_utf8(read("rsa.locked.v3.ppk")).unwrap();
    let slow = slow.replace("Argon2-Memory: 64", "Argon2-Memory: 4000000");
    let error = open(slow.as_bytes(), StoreType::Ppk, PASSWORD, "*").unwrap_err();
    assert!(matches!(error, IdentityError::Unsupported(_)), "{error:?}");
}
