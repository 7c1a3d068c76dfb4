//! A server whose certificate can be asked about, and what its authority says.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use b2_core::error::TransportErrorKind as Kind;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::tls::{CertificateFault as Fault, RevocationCheck, TlsError, TlsSettings};
use b2_hyper::{Builder, HyperTransport};
use bytes::Bytes;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CrlIssuingDistributionPoint, DnType, IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::authority::{Authority, OK, default_provider, serve};
use super::server;

pub(crate) const SERIAL: u8 = 77;
pub(crate) const BOTH: [RevocationCheck; 2] = [RevocationCheck::Soft, RevocationCheck::Hard];

/// A server that counts the requests that reach it.
pub(crate) struct Site {
    pub(crate) authority: Authority,
    pub(crate) port: u16,
    pub(crate) requests: Arc<AtomicUsize>,
}

impl Site {
    /// With a certificate of `authority` that `change` has changed, and with
    /// a stapled answer.
    pub(crate) fn stapling(
        authority: Authority,
        change: impl FnOnce(&mut CertificateParams),
        stapled: Vec<u8>,
    ) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(u64::from(SERIAL)));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &authority.issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert_with_ocsp(
                vec![leaf.into()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                stapled,
            )
            .unwrap();
        Self::of(authority, config)
    }

    pub(crate) fn of(authority: Authority, config: ServerConfig) -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let port = serve(Arc::new(config), move |_, session| {
            while server::request(session)?.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
                session.write_all(OK)?;
            }
            Ok(())
        });
        Self { authority, port: port.port(), requests }
    }

    pub(crate) fn new(authority: Authority, change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::stapling(authority, change, Vec::new())
    }

    pub(crate) fn settings(&self) -> TlsSettings {
        TlsSettings::new()
            .with_platform_roots(false)
            .with_root_certificates_pem(&self.authority.pem)
    }

    pub(crate) async fn visit(&self, settings: TlsSettings) -> Result<(), Fault> {
        self.visit_by(HyperTransport::builder().with_tls(settings)).await
    }

    pub(crate) async fn visit_by(&self, builder: Builder) -> Result<(), Fault> {
        self.go(&builder.build().unwrap()).await
    }

    /// No byte of a request may reach a server that is refused.
    pub(crate) async fn go(&self, transport: &HyperTransport) -> Result<(), Fault> {
        let before = self.requests.load(Ordering::SeqCst);
        let url = format!("https://localhost:{}/", self.port);
        let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let Err(error) = transport.send(request, deadline).await else { return Ok(()) };
        assert_eq!(error.kind, Kind::Tls, "{error:?}");
        assert_eq!(self.requests.load(Ordering::SeqCst), before, "a request has left");
        match error.source.as_deref().unwrap().downcast_ref::<TlsError>() {
            Some(TlsError::Certificate(fault)) => Err(fault.clone()),
            other => panic!("not about the certificate: {other:?}"),
        }
    }
}

/// A list that revokes one certificate.
pub(crate) fn list(
    issuer: &Issuer<'_, KeyPair>,
    revoked: u64,
    until: time::OffsetDateTime,
) -> Vec<u8> {
    list_of(issuer, revoked, until, None)
}

/// As [`list`], of some certificates only.
pub(crate) fn list_of(
    issuer: &Issuer<'_, KeyPair>,
    revoked: u64,
    until: time::OffsetDateTime,
    some: Option<CrlIssuingDistributionPoint>,
) -> Vec<u8> {
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(revoked),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: until,
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: some,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(issuer).unwrap().der().to_vec()
}

pub(crate) fn names_list(params: &mut CertificateParams, url: String) {
    params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![url] }];
}

/// A site whose list is at `server`.
pub(crate) fn listed(authority: Authority, server: SocketAddr) -> Site {
    Site::new(authority, |params| names_list(params, format!("http://{server}/list.crl")))
}

/// A port of this machine that nobody has, and that a connection may have.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

pub(crate) fn year_2090() -> time::OffsetDateTime {
    date_time_ymd(2090, 1, 1)
}

/// An issuer of the name of `authority`, with this key.
pub(crate) fn issuer(authority: &Authority, key: KeyPair) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    let name = format!("{:?}", authority.issuer.key().public_key_raw());
    params.distinguished_name.push(DnType::CommonName, name);
    Issuer::new(params, key)
}

/// Another owner of the same key.
pub(crate) fn copy(authority: &Authority) -> Issuer<'static, KeyPair> {
    let key = KeyPair::try_from(authority.issuer.key().serialize_der()).unwrap();
    issuer(authority, key)
}

/// An authority between the root and a server: its certificate is number 88,
/// and each of the two names a list.
pub(crate) fn between(root: Authority, root_list: &str, leaf_list: &str) -> Between {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "between");
    params.serial_number = Some(SerialNumber::from(88));
    names_list(&mut params, root_list.to_owned());
    let key = KeyPair::generate().unwrap();
    let between = params.signed_by(&key, &root.issuer).unwrap();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.serial_number = Some(SerialNumber::from(u64::from(SERIAL)));
    names_list(&mut params, leaf_list.to_owned());
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.into(), between.into()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    Between { site: Site::of(root, config), issuer }
}

/// A site, and the authority that has issued its certificate.
pub(crate) struct Between {
    pub(crate) site: Site,
    pub(crate) issuer: Issuer<'static, KeyPair>,
}
