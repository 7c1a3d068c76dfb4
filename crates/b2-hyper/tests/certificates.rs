//! Certificates of servers: what is refused and why, and what overlooks it.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod server;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authority::{Authority, answering, serve};
use b2_core::error::TransportErrorKind as Kind;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::tls::{
    Certificate, CertificateFault as Fault, RevocationCheck, SecurityFlags, ServerChain, TlsError,
    TlsSettings, Verdict,
};
use bytes::Bytes;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, ExtendedKeyUsagePurpose, GeneralSubtree,
    KeyIdMethod, KeyPair, NameConstraints, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;

const TIME: u32 = 0x1;
const UNKNOWN_AUTHORITY: u32 = 0x10;
const USAGE: u32 = 0x20;
const REVOCATION: u32 = 0x100;
const NAME: u32 = 0x8000_0000;

/// What comes of a request to this server.
async fn visit(settings: TlsSettings, port: u16) -> Result<(), Fault> {
    let transport = HyperTransport::builder().with_tls(settings).build().unwrap();
    let url = format!("https://localhost:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let Err(error) = transport.send(request, deadline).await else { return Ok(()) };
    assert_eq!(error.kind, Kind::Tls, "{error:?}");
    match error.source.as_deref().unwrap().downcast_ref::<TlsError>() {
        Some(TlsError::Certificate(fault)) => Err(fault.clone()),
        other => panic!("not about the certificate: {other:?}"),
    }
}

fn trusting(pem: &str) -> TlsSettings {
    TlsSettings::new().with_platform_roots(false).with_root_certificates_pem(pem)
}

fn ignoring(pem: &str, flags: u32) -> TlsSettings {
    trusting(pem).dangerous_ignore(SecurityFlags::from_bits(flags).unwrap())
}

fn params() -> CertificateParams {
    CertificateParams::new(["localhost".to_owned()]).unwrap()
}

/// Checks that this certificate is refused as `fault`, whatever other flags
/// say, and accepted if `flag` overlooks it.
async fn refused_unless(params: CertificateParams, fault: Fault, flag: u32) {
    let authority = Authority::new();
    let port = serve(authority.server(params), answering).port();
    assert_eq!(visit(trusting(&authority.pem), port).await, Err(fault.clone()));
    let all = TIME | UNKNOWN_AUTHORITY | USAGE | REVOCATION | NAME;
    assert_eq!(visit(ignoring(&authority.pem, all & !flag), port).await, Err(fault));
    if flag != 0 {
        assert_eq!(visit(ignoring(&authority.pem, flag), port).await, Ok(()));
    }
}

#[tokio::test]
async fn expired() {
    let mut params = params();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    refused_unless(params, Fault::Expired, TIME).await;
}

#[tokio::test]
async fn not_yet_valid() {
    let mut params = params();
    params.not_before = date_time_ymd(2090, 1, 1);
    params.not_after = date_time_ymd(2091, 1, 1);
    refused_unless(params, Fault::NotYetValid, TIME).await;
}

#[tokio::test]
async fn for_another_name() {
    let params = CertificateParams::new(["other.example".to_owned()]).unwrap();
    refused_unless(params, Fault::WrongName, NAME).await;
}

#[tokio::test]
async fn meant_for_something_else() {
    let mut params = params();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    refused_unless(params, Fault::WrongUsage, USAGE).await;
}

#[tokio::test]
async fn of_an_unknown_authority() {
    let port = Authority::new().serve(&["localhost"], answering);
    let other = Authority::new().pem;
    assert_eq!(visit(trusting(&other), port).await, Err(Fault::UnknownIssuer));
    let others = ignoring(&other, TIME | USAGE | REVOCATION | NAME);
    assert_eq!(visit(others, port).await, Err(Fault::UnknownIssuer));
    // Nobody who vouches for it is shown, and the rest is still looked at.
    assert_eq!(visit(ignoring(&other, UNKNOWN_AUTHORITY), port).await, Ok(()));
    let mut old = params();
    old.not_before = date_time_ymd(2020, 1, 1);
    old.not_after = date_time_ymd(2021, 1, 1);
    let mut wrong = params();
    wrong.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    for (params, fault, flag) in [(old, Fault::Expired, TIME), (wrong, Fault::WrongUsage, USAGE)] {
        let port = serve(Authority::new().server(params), answering).port();
        assert_eq!(visit(ignoring(&other, UNKNOWN_AUTHORITY), port).await, Err(fault));
        assert_eq!(visit(ignoring(&other, UNKNOWN_AUTHORITY | flag), port).await, Ok(()));
    }
}

#[tokio::test]
async fn signed_by_itself() {
    let key = KeyPair::generate().unwrap();
    let own = params().self_signed(&key).unwrap();
    let port = own_server(own.der().to_vec(), &key);
    let other = Authority::new().pem;
    assert_eq!(visit(trusting(&other), port).await, Err(Fault::SelfSigned));
    let others = ignoring(&other, TIME | USAGE | REVOCATION | NAME);
    assert_eq!(visit(others, port).await, Err(Fault::SelfSigned));
    assert_eq!(visit(ignoring(&other, UNKNOWN_AUTHORITY), port).await, Ok(()));
    // Whoever gives it as a root vouches for it.
    assert_eq!(visit(trusting(&own.pem()), port).await, Ok(()));
    // The name is still looked at.
    let named = CertificateParams::new(["other.example".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let port = own_server(named.self_signed(&key).unwrap().der().to_vec(), &key);
    assert_eq!(visit(ignoring(&other, UNKNOWN_AUTHORITY), port).await, Err(Fault::WrongName));
    // As many programs make them: it may vouch for others as well.
    let mut authority = params();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = authority.self_signed(&key).unwrap();
    let port = own_server(own.der().to_vec(), &key);
    assert_eq!(visit(trusting(&other), port).await, Err(Fault::SelfSigned));
    assert_eq!(visit(ignoring(&other, UNKNOWN_AUTHORITY), port).await, Ok(()));
    assert_eq!(visit(trusting(&own.pem()), port).await, Ok(()));
}

fn own_server(der: Vec<u8>, key: &KeyPair) -> u16 {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(authority::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der.into()], key)
        .unwrap();
    serve(Arc::new(config), answering).port()
}

#[tokio::test]
async fn one_that_is_accepted_is_accepted_alone() {
    let key = KeyPair::generate().unwrap();
    let own =
        CertificateParams::new(["other.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let port = own_server(own.der().to_vec(), &key);
    let accepted = Certificate::from_der(own.der()).unwrap();
    let accepting = || {
        let settings = TlsSettings::new().with_platform_roots(false);
        settings.dangerous_accept_certificate(accepted.clone())
    };
    assert_eq!(visit(accepting(), port).await, Ok(()));
    let another = Authority::new().serve(&["localhost"], answering);
    assert_eq!(visit(accepting(), another).await, Err(Fault::UnknownIssuer));
}

#[tokio::test]
async fn revoked_by_a_list() {
    let authority = Authority::new();
    let mut params = params();
    params.serial_number = Some(SerialNumber::from(77));
    let revoked = serve(authority.server(params.clone()), answering).port();
    params.serial_number = Some(SerialNumber::from(78));
    let good = serve(authority.server(params), answering).port();
    let list = list_of(&authority, 77, date_time_ymd(2090, 1, 1));
    let checking =
        |check| trusting(&authority.pem).with_revocation_list(&list).with_revocation_check(check);
    for check in [RevocationCheck::Soft, RevocationCheck::Hard] {
        assert_eq!(visit(checking(check), revoked).await, Err(Fault::Revoked), "{check:?}");
        assert_eq!(visit(checking(check), good).await, Ok(()), "{check:?}");
    }
    // No flag makes a revoked certificate good.
    let all = SecurityFlags::from_bits(TIME | UNKNOWN_AUTHORITY | USAGE | REVOCATION | NAME);
    let lax = checking(RevocationCheck::Soft).dangerous_ignore(all.unwrap());
    assert_eq!(visit(lax, revoked).await, Err(Fault::Revoked));
}

#[tokio::test]
async fn of_unknown_status() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let hard = || trusting(&authority.pem).with_revocation_check(RevocationCheck::Hard);
    assert_eq!(visit(hard(), port).await, Err(Fault::UnknownRevocation));
    let other = Authority::new();
    let elsewhere = hard().with_revocation_list(list_of(&other, 77, date_time_ymd(2090, 1, 1)));
    assert_eq!(visit(elsewhere, port).await, Err(Fault::UnknownRevocation));
    let flags = SecurityFlags::from_bits(REVOCATION).unwrap();
    assert_eq!(visit(hard().dangerous_ignore(flags), port).await, Ok(()));
    let old = hard().with_revocation_list(list_of(&authority, 77, date_time_ymd(2021, 1, 1)));
    assert_eq!(visit(old, port).await, Err(Fault::UnknownRevocation));
}

fn list_of(authority: &Authority, serial: u64, until: time::OffsetDateTime) -> Vec<u8> {
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(serial),
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
    list.signed_by(&authority.issuer).unwrap().pem().unwrap().into_bytes()
}

#[tokio::test]
async fn of_an_authority_that_may_not_speak_for_the_name() {
    let mut params = CertificateParams::new([]).unwrap();
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let authority = Authority::with(params);
    let port = authority.serve(&["localhost"], answering);
    assert_eq!(visit(trusting(&authority.pem), port).await, Err(Fault::NameConstraint));
    let all = TIME | UNKNOWN_AUTHORITY | USAGE | REVOCATION | NAME;
    assert_eq!(visit(ignoring(&authority.pem, all), port).await, Err(Fault::NameConstraint));
}

#[tokio::test]
async fn a_policy_sees_everything_and_can_only_refuse() {
    let authority = Authority::new();
    let good = authority.serve(&["localhost"], answering);
    let bad = Authority::new().serve(&["localhost"], answering);
    for (verdict, expected) in [(Verdict::Default, Ok(())), (Verdict::Refuse, Err(Fault::Policy))] {
        let seen = Arc::new(Mutex::new(Vec::<ServerChain>::new()));
        let keep = Arc::clone(&seen);
        let settings =
            trusting(&authority.pem).with_certificate_policy(move |shown: &ServerChain| {
                keep.lock().unwrap().push(shown.clone());
                verdict
            });
        assert_eq!(visit(settings.clone(), good).await, expected);
        assert_eq!(visit(settings, bad).await, Err(Fault::UnknownIssuer));
        let seen = seen.lock().unwrap();
        assert_eq!((&*seen[0].host, &*seen[0].status()), ("localhost", "OK"));
        assert_eq!(seen[0].certificate.subject_alt_names, "localhost");
        assert_eq!(seen[1].fault, Some(Fault::UnknownIssuer));
        assert_eq!(seen[1].status(), "its issuer is unknown");
    }
}
