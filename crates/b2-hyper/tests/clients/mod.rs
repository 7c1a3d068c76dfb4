//! A server that wants a certificate of its clients.

use std::sync::Arc;

use rcgen::CertificateParams;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;

use super::authority::{Authority, answering, default_provider, serve};

/// A server of `authority` that wants a certificate that these vouch for.
pub(crate) fn asking(authority: &Authority, trusted: &[CertificateDer<'static>]) -> u16 {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    serve(authority.server_that(params, |it| it.with_client_cert_verifier(verifier)), answering)
        .port()
}
