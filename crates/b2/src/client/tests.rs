//! What a builder makes of what it is given.

use std::cell::RefCell;
use std::io;
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use b2_core::op::Limits;
use b2_core::port::{BlockingTransport, RequestBody, ResponseBody};
use event_listener::Listener as _;

use super::*;

/// Notes where a request goes and fails.
#[derive(Default)]
struct Nowhere(RefCell<Vec<String>>);

fn refused() -> TransportError {
    TransportError::new(TransportErrorKind::Tls, Sent::Nothing)
}

impl BlockingTransport for Nowhere {
    fn send(
        &self,
        request: http::Request<&mut dyn io::Read>,
        _: &Limits,
    ) -> Result<http::Response<Box<dyn io::Read>>, TransportError> {
        self.0.borrow_mut().push(request.uri().to_string());
        Err(refused())
    }
}

impl Transport for Refusing {
    async fn send(
        &self,
        _: http::Request<RequestBody>,
        _: Instant,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        Err(refused())
    }
}

struct Refusing;

/// Authorizes everyone.
struct Welcome;

impl BlockingTransport for Welcome {
    fn send(
        &self,
        _: http::Request<&mut dyn io::Read>,
        _: &Limits,
    ) -> Result<http::Response<Box<dyn io::Read>>, TransportError> {
        Ok(http::Response::new(Box::new(AUTHORIZED.as_bytes())))
    }
}

const AUTHORIZED: &str = r#"{"accountId": "a", "authorizationToken": "t",
    "applicationKeyExpirationTimestamp": null, "apiInfo": {"storageApi": {
    "absoluteMinimumPartSize": 5000000, "recommendedPartSize": 100000000,
    "allowed": {"buckets": null, "capabilities": ["readFiles"], "namePrefix": null},
    "apiUrl": "https://a.test", "downloadUrl": "https://d.test",
    "s3ApiUrl": "https://s.test"}}}"#;

fn builder() -> ClientBuilder {
    Client::builder(Credentials::new("id", "key")).with_seed(1)
}

fn config() -> Config {
    let policy = crate::RetryPolicy::default()
        .with_pauses(Duration::from_millis(1), Duration::from_millis(1));
    Config::default().with_retry(policy)
}

#[test]
fn a_realm_holds_before_and_after_a_configuration() {
    let realm = "http://127.0.0.1:1";
    for builder in [
        builder().with_realm(realm).with_config(config()),
        builder().with_config(config()).with_realm(realm),
        builder().with_config(config().with_realm(realm)),
    ] {
        let nowhere = Nowhere::default();
        builder.build_blocking().unwrap().authorize().run_blocking(&nowhere).unwrap_err();
        let asked = nowhere.0.into_inner();
        assert!(!asked.is_empty());
        assert!(asked.iter().all(|url| url.starts_with(realm)), "{asked:?}");
    }
}

#[test]
fn a_transport_needs_a_timer_beside_it() {
    let refused = builder().with_transport(Refusing).build();
    assert!(matches!(refused, Err(BuildError::NoTimer)));
    builder().with_transport(Refusing).with_timer(Clock).build().unwrap();
}

#[test]
fn forgetting_wakes_those_who_wait_for_the_account() {
    let client = builder().build_blocking().unwrap();
    client.authorize().run_blocking(&Welcome).unwrap();
    let waiting = client.context.moved.listen();
    client.forget();
    assert!(waiting.wait_timeout(Duration::from_secs(10)).is_some(), "nobody was woken");
}

#[cfg(feature = "hyper")]
#[test]
fn settings_that_nobody_would_follow_are_an_error() {
    let set = |mut builder: ClientBuilder| {
        builder.config("SSLCheckCRL=2").unwrap();
        builder
    };
    let own = || builder().with_transport(Refusing).with_timer(Clock);
    for refused in [set(own()).build(), set(builder()).build_blocking()] {
        assert!(matches!(refused, Err(BuildError::UnusedSettings)), "{refused:?}");
    }
    let roots = own().with_root_certificates_pem(b"-----BEGIN").build();
    assert!(matches!(roots, Err(BuildError::UnusedSettings)), "{roots:?}");
    // To read one is not to make one, and this one is for whole calls too.
    let mut reading = own();
    reading.config("SSLCheckCRL").unwrap();
    reading.config("Timeout=30").unwrap();
    reading.build().unwrap();
}

#[cfg(feature = "x448")]
#[test]
fn the_feature_x448_brings_its_group() {
    builder().config("TLS13SupportedGroups=ecdhe_x448").unwrap();
}

#[cfg(feature = "pkcs11")]
#[test]
fn the_feature_pkcs11_asks_the_module_that_is_named() {
    let mut builder = builder();
    builder.config("SSLCertStore=/no/such/module.so").unwrap();
    builder.config("SSLCertStoreType=23").unwrap();
    let error = builder.build().unwrap_err();
    let BuildError::Settings(source) = error else { panic!("{error:?}") };
    assert!(!format!("{source} {source:?}").contains("built without"), "{source:?}");
}

#[cfg(feature = "bundled-roots")]
#[test]
fn the_feature_bundled_roots_brings_roots() {
    let tls = b2_hyper::tls::TlsSettings::new().with_platform_roots(false);
    let connections = b2_hyper::HyperTransport::builder().with_tls(tls.with_bundled_roots(true));
    builder().with_hyper(connections).build().unwrap();
}
