//! Every kind of certificate that a server may show, in both versions of TLS:
//! accepted, or refused with the fault that is its own.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod responder;
mod server;
mod statement;

use std::sync::Arc;
use std::time::{Duration, Instant};

use authority::{Authority, answering, default_provider, serve};
use b2_core::error::{Sent, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::tls::{
    Certificate, CertificateFault as Fault, PublicKey, RevocationCheck, TlsError, TlsSettings,
    Versions,
};
use base64::Engine as _;
use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyIdMethod, KeyPair, NameConstraints,
    PublicKeyData, RevokedCertParams, SerialNumber, date_time_ymd,
};
use responder::names_responder;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use statement::Statement;

/// What a server shows, and who is trusted.
struct Shown {
    authority: Authority,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Shown {
    fn by(authority: Authority, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(77));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority.issuer).unwrap().into();
        Self { authority, certificate, key }
    }

    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::by(Authority::new(), change)
    }

    fn self_signed() -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().into();
        Self { authority: Authority::new(), certificate, key }
    }

    /// Signed by itself, as an authority: what `openssl req -x509` makes.
    fn own_authority(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap().into();
        Self { authority: Authority::new(), certificate, key }
    }

    /// Trusts the server's own certificate as a root.
    fn as_root(&self) -> TlsSettings {
        let text = base64::engine::general_purpose::STANDARD.encode(&self.certificate);
        let pem = format!(
            "-----BEGIN CERTIFICATE-----
{text}
-----END CERTIFICATE-----
"
        );
        TlsSettings::new().with_platform_roots(false).with_root_certificates_pem(pem)
    }

    /// Of an RSA key of 1024 bits. The server has another, which it comes to
    /// only after the client has looked at the certificate.
    fn weak() -> Self {
        let mut shown = Self::with(|_| {});
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let modulus = responder::der(2, &[&[0], &[0xc1; 128]]);
        let key = Weak(responder::der(0x30, &[&modulus, &[2, 3, 1, 0, 1]]));
        shown.certificate = params.signed_by(&key, &shown.authority.issuer).unwrap().into();
        shown
    }

    fn serve(&self) -> u16 {
        let provider = default_provider();
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der()).into();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let certified = CertifiedKey::new(vec![self.certificate.clone()], key);
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Always(Arc::new(certified))));
        serve(Arc::new(config), answering).port()
    }

    fn settings(&self) -> TlsSettings {
        TlsSettings::new()
            .with_platform_roots(false)
            .with_root_certificates_pem(&self.authority.pem)
    }
}

struct Weak(Vec<u8>);

impl PublicKeyData for Weak {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

async fn visit(settings: TlsSettings, port: u16) -> Result<(), Fault> {
    let transport = HyperTransport::builder().with_tls(settings).build().unwrap();
    let url = format!("https://localhost:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let Err(error) = transport.send(request, deadline).await else { return Ok(()) };
    assert_eq!((error.kind, error.sent), (Kind::Tls, Sent::Nothing), "{error:?}");
    match error.source.as_deref().unwrap().downcast_ref::<TlsError>() {
        Some(TlsError::Certificate(fault)) => Err(fault.clone()),
        other => panic!("not about the certificate: {other:?}"),
    }
}

/// A list that revokes this number.
fn list(authority: &Authority, number: u64) -> Vec<u8> {
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(number),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(2090, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(&authority.issuer).unwrap().der().to_vec()
}

fn revoked_by_list() -> Shown {
    let authority = Authority::new();
    let list = list(&authority, 77);
    let (server, _) = responder::answering(move |_| (200, list.clone()));
    Shown::by(authority, |params| {
        let uris = vec![format!("http://{server}/list")];
        params.crl_distribution_points = vec![CrlDistributionPoint { uris }];
    })
}

fn revoked_by_responder() -> Shown {
    let authority = Authority::new();
    // It signs in advance, so there is no nonce in it.
    let answer = Statement::new(1, 77).sign(&authority.issuer, &authority.pem, &[]);
    let (server, _) = responder::answering(move |_| (200, answer.clone()));
    Shown::by(authority, |params| names_responder(params, &format!("http://{server}/")))
}

fn constrained(name: &str) -> Shown {
    let mut params = CertificateParams::new([]).unwrap();
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(name.to_owned())],
        excluded_subtrees: Vec::new(),
    });
    Shown::by(Authority::with(params), |_| {})
}

fn named(name: &str) -> Shown {
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    Shown::with(|own| *own = params)
}

fn from_year_to_year(from: i32, to: i32) -> Shown {
    Shown::with(|params| {
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
    })
}

fn for_usage(usage: ExtendedKeyUsagePurpose) -> Shown {
    Shown::with(|params| params.extended_key_usages = vec![usage])
}

fn pinned(shown: &Shown) -> TlsSettings {
    let certificate = Certificate::from_der(&shown.certificate).unwrap();
    TlsSettings::new().with_platform_roots(false).dangerous_accept_certificate(certificate)
}

fn pinned_key(shown: &Shown) -> TlsSettings {
    let settings = TlsSettings::new().with_platform_roots(false);
    settings.dangerous_accept_public_key(PublicKey::from_der(shown.key.subject_public_key_info()))
}

fn asking(shown: &Shown) -> TlsSettings {
    shown
        .settings()
        .with_fetched_revocation_lists(RevocationCheck::Soft)
        .with_responder_check(RevocationCheck::Soft)
}

type Choice = fn(&Shown) -> TlsSettings;
type Case = (&'static str, fn() -> Shown, Choice, Result<(), Fault>);

fn case(
    name: &'static str,
    shown: fn() -> Shown,
    settings: Choice,
    expected: Result<(), Fault>,
) -> Case {
    (name, shown, settings, expected)
}

fn cases() -> Vec<Case> {
    use ExtendedKeyUsagePurpose::{ClientAuth, EmailProtection, ServerAuth};
    let plain: Choice = Shown::settings;
    let stranger: Choice = |_| Shown::with(|_| {}).settings();
    vec![
        case("good", || Shown::with(|_| {}), plain, Ok(())),
        case("expired", || from_year_to_year(2020, 2021), plain, Err(Fault::Expired)),
        case("not yet valid", || from_year_to_year(2090, 2091), plain, Err(Fault::NotYetValid)),
        case("wrong name", || named("other.example"), plain, Err(Fault::WrongName)),
        case("wildcard of another level", || named("*.localhost"), plain, Err(Fault::WrongName)),
        case("unknown authority", || Shown::with(|_| {}), stranger, Err(Fault::UnknownIssuer)),
        case("self-signed", Shown::self_signed, plain, Err(Fault::SelfSigned)),
        case("self-signed and pinned", Shown::self_signed, pinned, Ok(())),
        case("self-signed, its key pinned", Shown::self_signed, pinned_key, Ok(())),
        case("expired and pinned", || from_year_to_year(2020, 2021), pinned, Ok(())),
        case(
            "another than the pinned",
            || Shown::with(|_| {}),
            |_| pinned(&Shown::self_signed()),
            Err(Fault::UnknownIssuer),
        ),
        case(
            "another key than the pinned",
            || Shown::with(|_| {}),
            |_| pinned_key(&Shown::self_signed()),
            Err(Fault::UnknownIssuer),
        ),
        case("revoked by a list", revoked_by_list, asking, Err(Fault::Revoked)),
        case("revoked by a list nobody asks for", revoked_by_list, plain, Ok(())),
        case("revoked and pinned", revoked_by_list, pinned, Ok(())),
        case(
            "revoked by a responder",
            revoked_by_responder,
            asking,
            Err(Fault::RevokedByResponder),
        ),
        case(
            "of unknown status",
            || Shown::with(|_| {}),
            |shown| shown.settings().with_responder_check(RevocationCheck::Hard),
            Err(Fault::UnknownRevocation),
        ),
        case("of a weak key", Shown::weak, plain, Err(Fault::WeakKey)),
        case("for servers", || for_usage(ServerAuth), plain, Ok(())),
        case("for clients", || for_usage(ClientAuth), plain, Err(Fault::WrongUsage)),
        case("for mail", || for_usage(EmailProtection), plain, Err(Fault::WrongUsage)),
        case("of an authority for this name", || constrained("localhost"), plain, Ok(())),
        case(
            "of an authority for another name",
            || constrained("example"),
            plain,
            Err(Fault::NameConstraint),
        ),
        case(
            "refused by a policy",
            || Shown::with(|_| {}),
            |shown| {
                shown.settings().with_certificate_policy(|_: &b2_hyper::tls::ServerChain| {
                    b2_hyper::tls::Verdict::Refuse
                })
            },
            Err(Fault::Policy),
        ),
    ]
}

/// A server that shows what its client trusts as a root.
fn cases_of_own_authorities() -> Vec<Case> {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    let trusted: Choice = Shown::as_root;
    let another: Choice = |_| Shown::own_authority(|_| {}).as_root();
    let plain = || Shown::own_authority(|_| {});
    vec![
        case("trusted", plain, trusted, Ok(())),
        case("not trusted", plain, another, Err(Fault::SelfSigned)),
        case(
            "expired",
            || {
                Shown::own_authority(|params| {
                    params.not_before = date_time_ymd(2020, 1, 1);
                    params.not_after = date_time_ymd(2021, 1, 1);
                })
            },
            trusted,
            Err(Fault::Expired),
        ),
        case(
            "not yet valid",
            || Shown::own_authority(|params| params.not_before = date_time_ymd(2090, 1, 1)),
            trusted,
            Err(Fault::NotYetValid),
        ),
        case(
            "of another name",
            || {
                let params = CertificateParams::new(["other.example".to_owned()]).unwrap();
                let names = params.subject_alt_names;
                Shown::own_authority(|params| params.subject_alt_names = names)
            },
            trusted,
            Err(Fault::WrongName),
        ),
        case(
            "for servers",
            || Shown::own_authority(|params| params.extended_key_usages = vec![ServerAuth]),
            trusted,
            Ok(()),
        ),
        case(
            "for clients",
            || Shown::own_authority(|params| params.extended_key_usages = vec![ClientAuth]),
            trusted,
            Err(Fault::WrongUsage),
        ),
        case("no authority, of another that is unknown", || Shown::with(|_| {}), trusted, Ok(())),
        case("no authority, signed by itself", Shown::self_signed, trusted, Ok(())),
    ]
}

/// Whoever has the certificate has not yet its key.
#[tokio::test]
async fn a_trusted_certificate_of_a_server_without_its_key_is_nothing() {
    let mut shown = Shown::own_authority(|_| {});
    let settings = shown.as_root();
    shown.key = KeyPair::generate().unwrap();
    let port = shown.serve();
    for versions in [Versions::tls_1_2(), Versions::tls_1_3()] {
        let settings = settings.clone().with_versions(versions);
        assert_eq!(visit(settings, port).await, Err(Fault::BadSignature), "{versions:?}");
    }
}

/// Its authority is not trusted, but knows best what it has revoked.
#[tokio::test]
async fn a_trusted_certificate_of_a_server_that_was_revoked_is_refused() {
    let authority = Authority::new();
    let [about_it, about_another] = [77, 78].map(|number| list(&authority, number));
    let shown = Shown::by(authority, |_| {});
    let port = shown.serve();
    let demanding = || shown.as_root().with_revocation_check(RevocationCheck::Hard);
    for (settings, expected) in [
        (shown.as_root(), Ok(())),
        (shown.as_root().with_revocation_list(&about_it), Err(Fault::Revoked)),
        (shown.as_root().with_revocation_list(&about_another), Ok(())),
        (demanding(), Err(Fault::UnknownRevocation)),
        (demanding().with_revocation_list(&about_it), Err(Fault::Revoked)),
        (demanding().with_revocation_list(&about_another), Ok(())),
    ] {
        assert_eq!(visit(settings, port).await, expected);
    }
}

/// Here the two differ: rustls lets no authority be a server, unless it is the
/// very certificate that is trusted.
#[tokio::test]
async fn an_authority_that_another_vouches_for_is_no_server() {
    let shown = Shown::with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let port = shown.serve();
    let refused = visit(shown.settings(), port).await;
    assert_eq!(refused, Err(Fault::Authority));
    assert!(Fault::Authority.to_string().contains("SSLAcceptServerCert"));
    assert_eq!(visit(shown.as_root(), port).await, Ok(()));
    assert_eq!(visit(pinned(&shown), port).await, Ok(()));
    #[cfg(feature = "openssl")]
    {
        let settings = shown.settings().with_backend(b2_hyper::tls::Backend::OpenSsl);
        assert_eq!(visit(settings, port).await, Ok(()));
    }
}

/// The platform's provider says the same, but where it cannot be asked.
#[cfg(feature = "openssl")]
#[tokio::test]
async fn openssl_accepts_and_refuses_the_same() {
    for (name, shown, settings, expected) in cases().into_iter().chain(cases_of_own_authorities()) {
        let shown = shown();
        let port = shown.serve();
        let settings = settings(&shown).with_backend(b2_hyper::tls::Backend::OpenSsl);
        if ["revoked by a list", "revoked by a responder", "of unknown status"].contains(&name) {
            let refused = settings.build().unwrap_err().to_string();
            assert!(refused.contains("use the backend Rustls"), "{name}: {refused}");
            continue;
        }
        for versions in [Versions::tls_1_2(), Versions::tls_1_3()] {
            let settings = settings.clone().with_versions(versions);
            assert_eq!(visit(settings, port).await, expected, "{name}, {versions:?}");
        }
    }
}

#[tokio::test]
async fn each_certificate_is_accepted_or_refused_as_stated() {
    for (name, shown, settings, expected) in cases().into_iter().chain(cases_of_own_authorities()) {
        let shown = shown();
        let port = shown.serve();
        for versions in [Versions::tls_1_2(), Versions::tls_1_3()] {
            let settings = settings(&shown).with_versions(versions);
            assert_eq!(visit(settings, port).await, expected, "{name}, {versions:?}");
        }
    }
}
