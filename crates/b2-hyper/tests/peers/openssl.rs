//! The TLS of OpenSSL: every version, suite and group that we claim, and its
//! certificate stores.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use b2_core::error::TransportError;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::connect::{ConnectionFacts, TlsFacts};
use b2_hyper::tls::{
    CertificateFault, CipherSuites, Groups, IdentityError, KeyShare, SignatureAlgorithms,
    StoreType, TlsError, TlsSettings, Versions, open,
};
use bytes::Bytes;

use crate::program::{Program, free_port, open_folder};

pub(crate) fn openssl(folder: &Path, words: &str) {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(words.split_whitespace()).stdin(Stdio::null());
    let output = command.output().expect("openssl; apt-get install openssl");
    assert!(output.status.success(), "openssl {words}: {output:?}");
}

/// A certificate that vouches for itself, of a key of this kind.
pub(crate) fn certificate(folder: &Path, key: &str) -> TlsSettings {
    openssl(
        folder,
        &format!(
            "req -x509 -newkey {key} -nodes -keyout key.pem -out cert.pem -days 2 \
             -subj /CN=localhost -addext subjectAltName=DNS:localhost \
             -addext basicConstraints=critical,CA:FALSE"
        ),
    );
    let pem = std::fs::read(folder.join("cert.pem")).unwrap();
    TlsSettings::new().with_platform_roots(false).with_root_certificates_pem(pem)
}

pub(crate) fn serve(folder: &Path, words: &str) -> (Program, u16) {
    serve_bare(folder, &format!("-key key.pem -cert cert.pem {words}"))
}

/// A server that has a certificate only if `words` say so.
pub(crate) fn serve_bare(folder: &Path, words: &str) -> (Program, u16) {
    let port = free_port();
    let mut command = Command::new("openssl");
    let fixed = format!("s_server -quiet -www -accept 127.0.0.1:{port}");
    command.current_dir(folder).args(fixed.split_whitespace()).args(words.split_whitespace());
    (Program::start(&mut command, "openssl", port), port)
}

pub(crate) async fn get(settings: TlsSettings, port: u16) -> Result<TlsFacts, TransportError> {
    facts(&HyperTransport::builder().with_tls(settings).build().unwrap(), port).await
}

pub(crate) async fn round(transport: &HyperTransport, port: u16) -> Result<(), TransportError> {
    facts(transport, port).await.map(drop)
}

async fn facts(transport: &HyperTransport, port: u16) -> Result<TlsFacts, TransportError> {
    let url = format!("https://localhost:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let answer = transport.send(request, Instant::now() + Duration::from_secs(20)).await?;
    assert_eq!(answer.status(), 200);
    let facts = Arc::clone(answer.extensions().get::<Arc<ConnectionFacts>>().unwrap());
    Ok(facts.tls.clone().unwrap())
}

#[tokio::test]
async fn every_suite_of_tls_1_2_and_1_3() {
    for (key, names) in [
        (
            "rsa:2048",
            [
                "ECDHE-RSA-AES128-GCM-SHA256",
                "ECDHE-RSA-AES256-GCM-SHA384",
                "ECDHE-RSA-CHACHA20-POLY1305",
            ],
        ),
        (
            "ec -pkeyopt ec_paramgen_curve:P-256",
            [
                "ECDHE-ECDSA-AES128-GCM-SHA256",
                "ECDHE-ECDSA-AES256-GCM-SHA384",
                "ECDHE-ECDSA-CHACHA20-POLY1305",
            ],
        ),
    ] {
        let folder = open_folder();
        let settings = certificate(folder.path(), key);
        for name in names {
            let (_server, port) = serve(folder.path(), &format!("-tls1_2 -cipher {name}"));
            let facts = get(settings.clone(), port).await.unwrap();
            assert_eq!(facts.version, "TLSv1.2");
            let cipher = facts.cipher.to_ascii_uppercase().replace("AES-", "AES");
            assert!(name.contains(&cipher), "{name}: {facts:?}");
            // We offer this one only, and the server takes all.
            let (_server, port) = serve(folder.path(), "-tls1_2");
            let chosen = CipherSuites::parse(facts.cipher_suite).unwrap();
            let only =
                settings.clone().with_cipher_suites(chosen).with_versions(Versions::tls_1_2());
            assert_eq!(get(only, port).await.unwrap().cipher_suite, facts.cipher_suite);
        }
        for name in
            ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"]
        {
            let (_server, port) = serve(folder.path(), &format!("-tls1_3 -ciphersuites {name}"));
            let facts = get(settings.clone(), port).await.unwrap();
            assert_eq!((facts.version, facts.cipher_suite), ("TLSv1.3", name));
        }
    }
}

#[tokio::test]
async fn every_group() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "ec -pkeyopt ec_paramgen_curve:P-256");
    let mut groups = vec![
        ("ecdhe_x25519", "X25519", 255),
        ("ecdhe_secp256r1", "P-256", 256),
        ("ecdhe_secp384r1", "P-384", 384),
        ("ffdhe_2048", "ffdhe2048", 2048),
        ("ffdhe_3072", "ffdhe3072", 3072),
        ("ffdhe_4096", "ffdhe4096", 4096),
        ("ffdhe_6144", "ffdhe6144", 6144),
        ("ffdhe_8192", "ffdhe8192", 8192),
    ];
    if cfg!(feature = "aws-lc-rs") {
        groups.push(("ecdhe_secp521r1", "P-521", 521));
    }
    if cfg!(feature = "x448") {
        groups.push(("ecdhe_x448", "X448", 448));
    }
    for (ours, theirs, bits) in groups {
        let (_server, port) = serve(folder.path(), &format!("-tls1_3 -groups {theirs}"));
        let only = settings.clone().with_groups(Groups::parse(ours).unwrap());
        let facts = get(only, port).await.unwrap();
        assert_eq!(facts.key_exchange_bits, bits, "{ours}: {facts:?}");
        // The key that was sent first is of a group that the server has not.
        let both = Groups::parse(&format!("ecdhe_secp384r1,ecdhe_x25519,{ours}")).unwrap();
        let facts = get(settings.clone().with_groups(both), port).await.unwrap();
        assert_eq!(facts.key_exchange_bits, bits, "{ours} after another: {facts:?}");
    }
    if cfg!(feature = "aws-lc-rs") {
        // In TLS 1.2 the list of groups is also that of the curves of certificates.
        let settings = certificate(folder.path(), "rsa:2048");
        let (_server, port) = serve(folder.path(), "-tls1_2 -groups P-521");
        let only = settings.with_groups(Groups::parse("ecdhe_secp521r1").unwrap());
        assert_eq!(get(only, port).await.unwrap().key_exchange, "secp521r1");
    }
}

/// A list for one version leaves the other alone.
#[tokio::test]
async fn groups_of_one_version() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    let old = Groups::by_version(Groups::parse("ecdhe_secp384r1").ok(), None);
    let new = Groups::by_version(None, Groups::parse("ecdhe_secp384r1").ok());
    for (version, theirs, groups, expected) in [
        ("-tls1_3", "X25519", &old, true),
        ("-tls1_2", "P-384", &old, true),
        ("-tls1_2", "X25519", &old, false),
        ("-tls1_2", "X25519", &new, true),
        ("-tls1_3", "P-384", &new, true),
        ("-tls1_3", "X25519", &new, false),
    ] {
        let (_server, port) = serve(folder.path(), &format!("{version} -groups {theirs}"));
        let outcome = get(settings.clone().with_groups(groups.clone()), port).await;
        assert_eq!(outcome.is_ok(), expected, "{version} {theirs}: {outcome:?}");
    }
}

/// OpenSSL takes what the client names first, so in TLS 1.2 it is one of those.
#[tokio::test]
async fn signature_algorithms_of_one_version() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    let parse = |names| SignatureAlgorithms::parse(names).ok();
    let old = SignatureAlgorithms::by_version(parse("sha256-rsa"), None);
    let new =
        SignatureAlgorithms::by_version(None, parse("ecdsa_secp256r1_sha256,rsa_pkcs1_sha256"));
    for (version, algorithms, expected) in [
        ("-tls1_2", &old, true),
        ("-tls1_3", &old, true),
        ("-tls1_2", &new, true),
        ("-tls1_3", &new, false),
    ] {
        let (_server, port) = serve(folder.path(), version);
        let chosen = settings.clone().with_signature_algorithms(algorithms.clone());
        let outcome = get(chosen, port).await;
        assert_eq!(outcome.is_ok(), expected, "{version} {algorithms:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn versions_that_are_not_in_common_are_refused() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    let (_server, port) = serve(folder.path(), "-tls1_3");
    let error = get(settings.clone().with_versions(Versions::tls_1_2()), port).await.unwrap_err();
    assert_eq!(error.kind, b2_core::error::TransportErrorKind::Tls, "{error:?}");
    // Security level 0 lets it speak TLS 1.0 and 1.1, which we do not.
    for old in ["-tls1", "-tls1_1"] {
        let (_server, port) = serve(folder.path(), &format!("{old} -cipher ALL:@SECLEVEL=0"));
        let error = get(settings.clone(), port).await.unwrap_err();
        assert_eq!(error.kind, b2_core::error::TransportErrorKind::Tls, "{error:?}");
    }
}

/// `-www` answers after the handshake, which `-Verify` fails without a
/// certificate.
#[tokio::test]
async fn certificate_stores_of_openssl() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    let words = "-Verify 1 -verify_return_error -CAfile cert.pem";
    let (_server, port) = serve(folder.path(), words);
    assert!(get(settings.clone(), port).await.is_err(), "it wants a certificate");
    let export = "pkcs12 -export -inkey key.pem -in cert.pem -passout pass:secret";
    openssl(folder.path(), &format!("{export} -out modern.pfx"));
    openssl(
        folder.path(),
        &format!("{export} -legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -out legacy.pfx"),
    );
    openssl(folder.path(), "pkcs8 -topk8 -in key.pem -out crypted.pem -passout pass:secret");
    openssl(folder.path(), "rsa -traditional -in key.pem -out pkcs1.pem");
    openssl(folder.path(), "crl2pkcs7 -nocrl -certfile cert.pem -out certs.p7b");
    openssl(folder.path(), "crl2pkcs7 -nocrl -certfile cert.pem -outform DER -out certs.der.p7b");
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let with_cert = |name: &str| [read(name), b"\n".to_vec(), read("cert.pem")].concat();
    for (store, kind) in [
        (read("modern.pfx"), StoreType::Pkcs12),
        (read("legacy.pfx"), StoreType::Pkcs12),
        (with_cert("crypted.pem"), StoreType::Pem),
        (with_cert("pkcs1.pem"), StoreType::Pem),
    ] {
        for kind in [kind, StoreType::Auto] {
            let identity = open(&store, kind, "secret", "localhost").unwrap();
            get(settings.clone().with_identity(identity), port).await.unwrap();
        }
    }
    for store in [read("modern.pfx"), read("legacy.pfx"), with_cert("crypted.pem")] {
        let error = open(&store, StoreType::Auto, "wrong", "*").unwrap_err();
        assert!(matches!(error, IdentityError::Password), "{error:?}");
    }
    for name in ["certs.p7b", "certs.der.p7b"] {
        for kind in [StoreType::Pkcs7, StoreType::Auto] {
            let error = open(&read(name), kind, "", "localhost").unwrap_err();
            assert!(matches!(error, IdentityError::NoKey), "{name}: {error:?}");
            let error = open(&read(name), kind, "", "nobody").unwrap_err();
            assert!(matches!(error, IdentityError::NoCertificate), "{name}: {error:?}");
        }
    }
}

/// OpenSSL shows such a certificate at security level 0.
#[tokio::test]
async fn a_weak_key_is_refused_as_such() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:1024");
    for version in ["-tls1_2", "-tls1_3"] {
        let words = format!("{version} -cipher ALL:@SECLEVEL=0");
        let (_server, port) = serve(folder.path(), &words);
        let error = get(settings.clone(), port).await.unwrap_err();
        let cause = error.source.as_deref().unwrap().downcast_ref::<TlsError>();
        let weak = CertificateFault::WeakKey;
        assert!(matches!(cause, Some(TlsError::Certificate(fault)) if *fault == weak), "{error:?}");
    }
}

/// The key of the first message is of the group that was chosen, so a server
/// that has only that one needs no second.
#[tokio::test]
async fn a_key_share_of_the_servers_group() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "ec -pkeyopt ec_paramgen_curve:P-256");
    for (name, theirs) in [("ecdhe_secp384r1", "P-384"), ("ffdhe_2048", "ffdhe2048")] {
        let (_server, port) = serve(folder.path(), &format!("-tls1_3 -groups {theirs}"));
        let share = KeyShare::parse(name).unwrap();
        let facts = get(settings.clone().with_key_share(share), port).await.unwrap();
        assert_eq!(
            facts.key_exchange.to_ascii_lowercase().replace("secp384r1", "p-384"),
            theirs.to_ascii_lowercase()
        );
    }
}
