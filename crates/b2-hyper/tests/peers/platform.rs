//! The platform's provider against OpenSSL's own server: what rustls does not
//! speak, and where OpenSSL finds whom to trust.

use std::path::Path;
use std::process::Command;

use b2_core::error::{TransportError, TransportErrorKind as Kind};
use b2_hyper::HyperTransport;
use b2_hyper::connect::TlsFacts;
use b2_hyper::settings::Settings;
use b2_hyper::tls::{
    Backend, CertificateFault, CipherList, CipherSuites, StoreType, TlsError, TlsSettings,
    Versions, open,
};

use crate::openssl::{certificate, get, openssl, round, serve};
use crate::program::open_folder;

const OLD: [(&str, &str, u32); 2] = [("-tls1", "TLSv1", 192), ("-tls1_1", "TLSv1.1", 768)];
const NEW: [(&str, &str, u32); 2] = [("-tls1_2", "TLSv1.2", 3072), ("-tls1_3", "TLSv1.3", 12288)];
/// Without it the server speaks nothing before TLS 1.2.
const LAX: &str = "-cipher ALL:@SECLEVEL=0";

fn cause(error: &TransportError) -> &TlsError {
    error.source.as_deref().and_then(|source| source.downcast_ref()).unwrap()
}

fn fault(outcome: Result<TlsFacts, TransportError>) -> CertificateFault {
    match cause(&outcome.unwrap_err()) {
        TlsError::Certificate(fault) => fault.clone(),
        other => panic!("not about the certificate: {other:?}"),
    }
}

fn versions(bits: u32) -> Versions {
    Versions::from_bits(bits).unwrap()
}

/// This version and all before it.
fn down_to_1_0(bits: u32) -> u32 {
    [192, 768, 3072, 12288].into_iter().filter(|older| *older <= bits).sum()
}

#[tokio::test]
async fn every_version_of_tls() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    let pem = std::fs::read(folder.path().join("cert.pem")).unwrap();
    for (option, name, bits) in OLD.into_iter().chain(NEW) {
        let (_server, port) = serve(folder.path(), &format!("{option} {LAX}"));
        // Alone, and as the newest of several.
        for backend in [Backend::OpenSsl, Backend::Automatic] {
            for bits in [bits, down_to_1_0(bits)] {
                let settings = settings.clone().with_versions(versions(bits));
                let facts = get(settings.with_backend(backend), port).await.unwrap();
                assert_eq!(facts.version, name);
                assert!(facts.cipher_bits >= 128 && !facts.cipher.is_empty(), "{facts:?}");
                assert!(facts.cipher_suite.starts_with("TLS_"), "{facts:?}");
                assert_eq!((&*facts.key_exchange, facts.resumed), ("X25519", false), "{facts:?}");
                let shown = rustls::pki_types::pem::PemObject::from_pem_slice(&pem).unwrap();
                assert_eq!(facts.certificates, [shown]);
            }
        }
    }
}

#[tokio::test]
async fn old_versions_are_spoken_only_if_they_are_asked_for() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    for (option, _, bits) in OLD {
        let (_server, port) = serve(folder.path(), &format!("{option} {LAX}"));
        for backend in [Backend::OpenSsl, Backend::Rustls, Backend::Automatic] {
            let error = get(settings.clone().with_backend(backend), port).await.unwrap_err();
            assert_eq!(error.kind, Kind::Tls, "{backend:?}: {error:?}");
        }
        // Nor is the other old one a way to it.
        let other = versions((192 | 768) & !bits);
        let error = get(settings.clone().with_versions(other), port).await.unwrap_err();
        assert!(!matches!(cause(&error), TlsError::Certificate(_)), "{error:?}");
    }
}

/// Level 0 is for the handshake; certificates are judged as ever.
#[tokio::test]
async fn a_low_level_is_no_leave_for_bad_certificates() {
    for (key, more, expected) in [
        ("rsa:1024", "-sha256", CertificateFault::WeakKey),
        ("rsa:2048", "-sha1", CertificateFault::BadSignature),
    ] {
        let folder = open_folder();
        let authority = authority(folder.path());
        issue(folder.path(), "localhost", key, more);
        for (option, _, bits) in OLD.into_iter().chain(NEW) {
            let (_server, port) = serve(folder.path(), &format!("{option} {LAX}"));
            let settings = authority.clone().with_versions(versions(down_to_1_0(bits)));
            assert_eq!(fault(get(settings.clone(), port).await), expected, "{option}");
            // Unless the list says otherwise.
            let list = CipherList::parse("ALL:@SECLEVEL=0").unwrap();
            get(settings.with_cipher_list(list), port).await.unwrap();
        }
    }
}

/// An authority that is trusted, in `ca.pem` and `ca.key`.
fn authority(folder: &Path) -> TlsSettings {
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
    );
    let pem = std::fs::read(folder.join("ca.pem")).unwrap();
    TlsSettings::new().with_platform_roots(false).with_root_certificates_pem(pem)
}

/// A certificate of that authority for the server.
fn issue(folder: &Path, name: &str, key: &str, more: &str) {
    openssl(
        folder,
        &format!("req -newkey {key} -nodes -keyout key.pem -out request.pem -subj /CN=server"),
    );
    std::fs::write(folder.join("names"), format!("subjectAltName=DNS:{name}\n")).unwrap();
    openssl(
        folder,
        &format!(
            "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
             -extfile names -out cert.pem {more}"
        ),
    );
}

#[tokio::test]
async fn hosts_and_authorities_are_checked_in_every_version() {
    let folder = open_folder();
    let trusting = authority(folder.path());
    issue(folder.path(), "other.example", "rsa:2048", "");
    let elsewhere = open_folder();
    let stranger = authority(elsewhere.path());
    for (option, _, bits) in OLD.into_iter().chain(NEW) {
        let (_server, port) = serve(folder.path(), &format!("{option} {LAX}"));
        let with = |settings: &TlsSettings| {
            settings.clone().with_backend(Backend::OpenSsl).with_versions(versions(bits))
        };
        assert_eq!(fault(get(with(&trusting), port).await), CertificateFault::WrongName);
        assert_eq!(fault(get(with(&stranger), port).await), CertificateFault::UnknownIssuer);
    }
}

#[tokio::test]
async fn the_cipher_list_chooses_the_suite() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048").with_versions(Versions::tls_1_2());
    let (_server, port) = serve(folder.path(), &format!("-tls1_2 {LAX}"));
    for (list, suite, cipher, bits, exchange) in [
        ("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", "AES-128-CBC", 128, ("RSA", 2048)),
        (
            "DHE-RSA-AES256-SHA256",
            "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
            "AES-256-CBC",
            256,
            ("DH", 2048),
        ),
        (
            "ECDHE-RSA-AES256-SHA384:AES128-SHA",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
            "AES-256-CBC",
            256,
            ("X25519", 255),
        ),
    ] {
        let chosen = settings.clone().with_cipher_list(CipherList::parse(list).unwrap());
        let facts = get(chosen, port).await.unwrap();
        assert_eq!((facts.cipher_suite, facts.cipher, facts.cipher_bits), (suite, cipher, bits));
        assert_eq!((&*facts.key_exchange, facts.key_exchange_bits), exchange, "{list}");
    }
    // The server has none of these.
    let (_server, port) = serve(folder.path(), "-tls1_2 -cipher AES256-SHA");
    let chosen = settings.with_cipher_list(CipherList::parse("AES128-SHA").unwrap());
    let error = get(chosen, port).await.unwrap_err();
    assert!(matches!(cause(&error), TlsError::Refused(_)), "{error:?}");
}

/// By their registered names, without saying that it has to be OpenSSL.
#[tokio::test]
async fn suites_that_only_openssl_has_are_chosen_by_name() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    let (_server, port) = serve(folder.path(), &format!("-tls1_2 {LAX}"));
    for name in [
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    ] {
        let suites = CipherSuites::parse(name).unwrap();
        let chosen = settings.clone().with_cipher_suites(suites);
        assert_eq!(get(chosen.clone(), port).await.unwrap().cipher_suite, name);
        let error = chosen.with_backend(Backend::Rustls).build().unwrap_err().to_string();
        assert!(error.contains("OpenSsl or Automatic"), "{error}");
        let mut by_name = Settings::default();
        by_name.apply(&format!("SSLEnabledCipherSuites={name}")).unwrap();
        let roots = std::fs::read_to_string(folder.path().join("cert.pem")).unwrap();
        by_name.apply(&format!("SSLServerCACerts={roots}")).unwrap();
        round(&by_name.builder().unwrap().build().unwrap(), port).await.unwrap();
    }
    // Both kinds at once, the dearest first.
    let both = "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256;TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    let chosen = settings.with_cipher_suites(CipherSuites::parse(both).unwrap());
    let facts = get(chosen, port).await.unwrap();
    assert_eq!(facts.cipher_suite, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256");
}

/// Kinds of certificates that rustls has no name for.
#[tokio::test]
async fn certificates_of_dsa_and_ed448() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "ed448").with_backend(Backend::OpenSsl);
    for (option, _, bits) in NEW {
        let (_server, port) = serve(folder.path(), option);
        get(settings.clone().with_versions(versions(bits)), port).await.unwrap();
        let rustls = settings.clone().with_backend(Backend::Rustls);
        assert!(get(rustls.with_versions(versions(bits)), port).await.is_err());
    }
    openssl(
        folder.path(),
        "genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out dsa.pem",
    );
    let settings = certificate(folder.path(), "dsa:dsa.pem");
    let list = CipherList::parse("DHE-DSS-AES256-GCM-SHA384").unwrap();
    let (_server, port) = serve(folder.path(), "-tls1_2 -cipher ALL");
    let settings = settings.with_versions(Versions::tls_1_2()).with_cipher_list(list);
    let facts = get(settings, port).await.unwrap();
    assert_eq!(facts.cipher_suite, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384");
}

/// A server without a certificate may be anybody.
#[tokio::test]
async fn an_anonymous_server_is_not_spoken_to() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048").with_versions(Versions::tls_1_2());
    let words = "-nocert -tls1_2 -cipher aNULL:@SECLEVEL=0";
    let (_server, port) = crate::openssl::serve_bare(folder.path(), words);
    let all = CipherList::parse("ALL:aNULL:@SECLEVEL=0").unwrap();
    let error = get(settings.with_cipher_list(all), port).await.unwrap_err();
    assert!(matches!(cause(&error), TlsError::Refused(_)), "{error:?}");
    // It does speak to whoever takes that.
    let shown = Command::new("openssl")
        .args(["s_client", "-tls1_2", "-cipher", "aNULL:@SECLEVEL=0", "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Cipher is A"), "{shown:?}");
}

#[tokio::test]
async fn a_certificate_of_our_own_is_shown() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048").with_backend(Backend::OpenSsl);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let store = [read("key.pem"), read("cert.pem")].concat();
    let identity = open(&store, StoreType::Pem, "", "localhost").unwrap();
    for (option, _, bits) in OLD.into_iter().chain(NEW) {
        let words = format!("{option} {LAX} -Verify 1 -verify_return_error -CAfile cert.pem");
        let (_server, port) = serve(folder.path(), &words);
        let settings = settings.clone().with_versions(versions(bits));
        let error = get(settings.clone(), port).await.unwrap_err();
        assert_eq!(error.kind, Kind::Tls, "{option}: {error:?}");
        get(settings.with_identity(identity.clone()), port).await.unwrap();
    }
}

#[tokio::test]
async fn roots_come_from_a_hashed_folder_or_a_file() {
    let folder = open_folder();
    let _ = authority(folder.path());
    issue(folder.path(), "localhost", "rsa:2048", "");
    let roots = folder.path().join("roots");
    std::fs::create_dir(&roots).unwrap();
    let text =
        [b"text is allowed\n".to_vec(), std::fs::read(folder.path().join("ca.pem")).unwrap()];
    std::fs::write(roots.join("authority.pem"), text.concat()).unwrap();
    let (_server, port) = serve(folder.path(), &format!("-tls1 {LAX}"));
    let named = |text: String| {
        let mut settings = Settings::default();
        // The file is one that has nobody in it, in place of the system's.
        for text in ["SSLProvider=1", "SSLEnabledProtocols=192", &text] {
            settings.apply(text).unwrap();
        }
        settings.builder().unwrap().with_platform_roots(false).build().unwrap()
    };
    let file = named(format!("OpenSSLCAFile={}/authority.pem", roots.display()));
    round(&file, port).await.unwrap();
    let hashed = || named(format!("OpenSSLCADir={}", roots.display()));
    let transport: HyperTransport = hashed();
    // Without its hash a file is not found; with it, by the same transport too.
    let error = round(&transport, port).await.unwrap_err();
    let unknown = CertificateFault::UnknownIssuer;
    assert!(
        matches!(cause(&error), TlsError::Certificate(fault) if *fault == unknown),
        "{error:?}"
    );
    openssl(folder.path(), "rehash roots");
    round(&transport, port).await.unwrap();
    round(&hashed(), port).await.unwrap();
}

#[tokio::test]
async fn secrets_are_logged_where_they_are_wanted() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    for (option, label, bits) in
        [("-tls1", "CLIENT_RANDOM ", 192), ("-tls1_3", "CLIENT_TRAFFIC_SECRET_0 ", 12288)]
    {
        let (_server, port) = serve(folder.path(), &format!("{option} {LAX}"));
        let file = folder.path().join(format!("{bits}.log"));
        let settings = settings.clone().with_backend(Backend::OpenSsl).with_key_log(&file);
        get(settings.with_versions(versions(bits)), port).await.unwrap();
        let log = std::fs::read_to_string(&file).unwrap();
        assert!(log.lines().any(|line| line.starts_with(label) && line.len() > 100), "{log}");
    }
}
