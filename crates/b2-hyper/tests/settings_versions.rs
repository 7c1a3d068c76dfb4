//! Groups and signature algorithms of TLS 1.2 and of TLS 1.3: each list is for
//! its own version.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod server;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use authority::{Authority, answering, default_provider, serve};
use b2_core::error::{TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::settings::Settings;
use bytes::Bytes;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{NamedGroup, ServerConfig, SupportedProtocolVersion};

/// A server of one version, with these groups if there are any, which shows a
/// certificate.
fn server_of(
    version: &'static SupportedProtocolVersion,
    groups: &[NamedGroup],
    (certificate, key): (CertificateDer<'static>, PrivateKeyDer<'static>),
) -> u16 {
    let mut provider = default_provider();
    if !groups.is_empty() {
        provider.kx_groups.retain(|group| groups.contains(&group.name()));
        assert_eq!(provider.kx_groups.len(), groups.len());
    }
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    serve(Arc::new(config), answering).port()
}

/// A certificate of a P-256 key, and what makes it trusted.
fn of_p256() -> ((CertificateDer<'static>, PrivateKeyDer<'static>), String) {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    ((certificate.into(), key), format!("SSLServerCACerts={}", authority.pem))
}

/// A certificate from a file, which is accepted as it is.
fn stored(name: &str) -> ((CertificateDer<'static>, PrivateKeyDer<'static>), String) {
    let read = |name: String| {
        let path = format!("{}/tests/stores/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let (certificate, key) = (read(format!("{name}.cert.pem")), read(format!("{name}.pem")));
    let pair = (
        CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap(),
        PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
    );
    (pair, format!("SSLAcceptServerCert={certificate}"))
}

async fn visit(texts: &[&str], port: u16) -> Result<(), TransportError> {
    let mut settings = Settings::default();
    for text in texts {
        settings.apply(text).unwrap();
    }
    let transport = settings.builder().unwrap().build().unwrap();
    let url = format!("https://localhost:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    transport.send(request, Instant::now() + Duration::from_secs(10)).await.map(drop)
}

fn is_good(outcome: &Result<(), TransportError>) -> bool {
    match outcome {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind, Kind::Tls, "{error:?}");
            false
        }
    }
}

#[tokio::test]
async fn a_list_of_groups_is_for_its_own_version() {
    use NamedGroup::{X25519, secp256r1, secp384r1};
    const SHARE: &str = "TLS13KeyShareGroups=ecdhe_secp256r1";
    const OLD_SHARE: &str = "TLS13KeyShareGroups=ecdhe_secp384r1";
    const NEW_SHARE: &str = "TLS13KeyShareGroups=ecdhe_secp384r1,ecdhe_x25519";
    const OLD: &str = "TLS12SupportedGroups=ecdhe_secp384r1";
    const NEW: &str = "TLS13SupportedGroups=ecdhe_x25519";
    const FINITE: &str = "TLS12SupportedGroups=ffdhe_2048";
    for (texts, version, group, expected) in [
        (&[OLD][..], &TLS13, X25519, true),
        (&[OLD], &TLS13, secp384r1, true),
        (&[OLD], &TLS12, secp384r1, true),
        (&[OLD], &TLS12, X25519, false),
        (&[NEW], &TLS13, X25519, true),
        (&[NEW], &TLS13, secp384r1, false),
        (&[NEW], &TLS12, secp384r1, true),
        (&[NEW], &TLS12, X25519, true),
        (&[OLD, NEW], &TLS13, X25519, true),
        (&[OLD, NEW], &TLS13, secp384r1, false),
        (&[OLD, NEW], &TLS12, secp384r1, true),
        (&[OLD, NEW], &TLS12, X25519, false),
        // A key share is for TLS 1.3, whatever the list of 1.2 says.
        (&[OLD, SHARE], &TLS12, secp256r1, false),
        (&[OLD, SHARE], &TLS12, secp384r1, true),
        (&[OLD, SHARE], &TLS13, secp256r1, true),
        (&[OLD, OLD_SHARE], &TLS13, secp384r1, true),
        (&[OLD, OLD_SHARE], &TLS12, secp384r1, true),
        (&[OLD, NEW, NEW_SHARE], &TLS13, X25519, true),
        (&[OLD, NEW, NEW_SHARE], &TLS13, secp384r1, false),
        (&[OLD, NEW, NEW_SHARE], &TLS12, secp384r1, true),
        (&[NEW, NEW_SHARE], &TLS13, secp256r1, false),
        // rustls has no finite field in TLS 1.2, so it is not spoken then.
        (&[FINITE], &TLS13, X25519, true),
        (&[FINITE], &TLS12, X25519, false),
    ] {
        let (shown, roots) = of_p256();
        let port = server_of(version, &[group], shown);
        let outcome = visit(&[&[&*roots], texts].concat(), port).await;
        assert_eq!(is_good(&outcome), expected, "{texts:?} {version:?} {group:?}: {outcome:?}");
    }
}

/// It would have to be ignored, or to be offered in spite of the list.
#[test]
fn a_key_share_that_the_list_leaves_out_is_refused() {
    const OLD: &str = "TLS12SupportedGroups=ecdhe_secp384r1";
    const NEW: &str = "TLS13SupportedGroups=ecdhe_x25519";
    for texts in [
        &[OLD, NEW, "TLS13KeyShareGroups=ecdhe_secp384r1"][..],
        &[NEW, "TLS13KeyShareGroups=ecdhe_secp256r1"],
        &[NEW, "TLS13KeyShareGroups=ffdhe_2048,ecdhe_secp256r1"],
        #[cfg(feature = "aws-lc-rs")]
        &[NEW, "TLS13KeyShareGroups=x25519mlkem768"],
    ] {
        // In this order or another.
        for reversed in [false, true] {
            let mut texts = texts.to_vec();
            if reversed {
                texts.reverse();
            }
            let mut settings = Settings::default();
            for text in &texts {
                settings.apply(text).unwrap();
            }
            let error = settings.builder().unwrap().build().unwrap_err().to_string();
            assert!(error.contains("add one of these there"), "{texts:?}: {error}");
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
#[tokio::test]
async fn a_key_share_of_a_group_of_the_old_list_is_sent() {
    // The library does not offer this one by itself.
    const OLD: &str = "TLS12SupportedGroups=ecdhe_secp521r1";
    let (shown, roots) = of_p256();
    let (relay, seen) = wire::relay(server_of(&TLS13, &[NamedGroup::X25519], shown));
    visit(&[&roots, OLD, "TLS13KeyShareGroups=ecdhe_secp521r1"], relay).await.unwrap();
    let hello = wire::Hello::read(&seen.bytes().0);
    assert_eq!((&hello.key_shares[..], hello.groups[0]), (&[0x0019][..], 0x0019));
}

#[tokio::test]
async fn a_list_of_signature_algorithms_is_for_its_own_version() {
    // What this server takes, whatever comes first.
    const OLD: &str = "TLS12SignatureAlgorithms=sha512-rsa";
    const NEW: &str = "TLS13SignatureAlgorithms=ed25519";
    for (texts, version, key, expected) in [
        (&[OLD][..], &TLS13, "p256", true),
        (&[OLD], &TLS12, "p256", false),
        (&[OLD], &TLS12, "rsa", true),
        (&[OLD], &TLS13, "rsa", true),
        (&[NEW], &TLS13, "ed25519", true),
        (&[NEW], &TLS13, "rsa", false),
        (&[NEW], &TLS12, "rsa", true),
        (&[OLD, NEW], &TLS13, "rsa", false),
        (&[OLD, NEW], &TLS13, "ed25519", true),
        (&[OLD, NEW], &TLS12, "rsa", true),
        (&[OLD, NEW], &TLS12, "ed25519", false),
    ] {
        let (shown, accepted) = stored(key);
        let port = server_of(version, &[], shown);
        let outcome = visit(&[&[&*accepted], texts].concat(), port).await;
        assert_eq!(is_good(&outcome), expected, "{texts:?} {version:?} {key}: {outcome:?}");
    }
}

/// One list of both cannot say what was meant.
#[cfg(feature = "openssl")]
#[test]
fn openssl_refuses_what_it_cannot_tell_apart() {
    let built = |texts: &[&str]| {
        let mut settings = Settings::default();
        for text in ["SSLProvider=1"].iter().chain(texts) {
            settings.apply(text).unwrap();
        }
        settings.builder().unwrap().build()
    };
    let (old, new) = ("TLS12SupportedGroups=ecdhe_secp384r1", "TLS13SupportedGroups=ecdhe_x25519");
    for texts in [&[old][..], &[new], &[old, new]] {
        let error = built(texts).unwrap_err().to_string();
        assert!(error.contains("one list of groups for all versions"), "{texts:?}: {error}");
    }
    let same = "TLS13SupportedGroups=ecdhe_secp384r1";
    for texts in [&[old, same][..], &[old, "SSLEnabledProtocols=3072"]] {
        built(texts).unwrap();
    }
    built(&[old, new, "SSLEnabledProtocols=12288"]).unwrap();
}
