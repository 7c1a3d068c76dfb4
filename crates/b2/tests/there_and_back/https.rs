//! Over TLS, with a certificate that only this test trusts.

use b2::{Check, Client, TransportErrorKind};
use b2_emulator::{Emulator, Tls};

use crate::support::content::pattern;
use crate::support::site::{Site, credentials, hasty};
use crate::support::soon;
use crate::support::verdict::transport;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_there_and_back_over_https() {
    let emulator = Emulator::builder().tls(Tls::SelfSigned).start().await.unwrap();
    let site = Site::of(emulator).await;
    assert!(site.emulator.base_url().starts_with("https://"));
    for size in [0, 1, (1 << 20) + 1, 5_000_000] {
        let content = pattern(size);
        soon(site.bucket.upload("x", content.clone())).await.unwrap();
        let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
        assert!(back.content == content, "{size} bytes came back differently");
        assert_eq!(back.check, Check::ContentSha1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let emulator = Emulator::builder().tls(Tls::SelfSigned).start().await.unwrap();
    let config = hasty(emulator.base_url());
    let config = config.clone().with_retry(config.retry().clone().with_attempts(2));
    let client = Client::builder(credentials(&emulator)).with_config(config).build().unwrap();
    let error = soon(client.authorize()).await.unwrap_err();
    assert_eq!(transport(&error), TransportErrorKind::Tls);
    assert!(error.advice().unwrap().contains("certificate"), "{:?}", error.advice());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_no_certificate_is_refused() {
    let emulator = Emulator::start().await.unwrap();
    let builder = Client::builder(credentials(&emulator));
    let built = builder.with_root_certificates_pem(b"-----BEGIN CERTIFICATE-----\nno\n").build();
    assert!(matches!(built, Err(b2::BuildError::Tls(_))), "{built:?}");
}
