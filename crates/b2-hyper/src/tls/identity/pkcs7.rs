//! The certificates in a PKCS#7 message (P7B). It holds no keys.

use rustls::pki_types::CertificateDer;
use x509_parser::der_parser::ber::{Class, parse_ber_any};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::own::{Found, IdentityError};

const FORMAT: &str = "PKCS#7 message";

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Found>, IdentityError> {
    let inner = super::pem::section(bytes, "PKCS7");
    let inner = inner.or_else(|| super::pem::section(bytes, "CERTIFICATE"));
    let bytes = inner.as_deref().unwrap_or(bytes);
    let certificates = certificates(bytes).ok_or(IdentityError::Format(FORMAT))?;
    let found = certificates.into_iter().map(|chain| Found::new(vec![chain], None));
    Ok(found.collect())
}

/// `ContentInfo` → `SignedData` → `[0] certificates`.
fn certificates(bytes: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let (_, outer) = parse_ber_any(bytes).ok()?;
    let (after_kind, _kind) = parse_ber_any(outer.data).ok()?;
    let (_, explicit) = parse_ber_any(after_kind).ok()?;
    let (_, signed) = parse_ber_any(explicit.data).ok()?;
    let mut rest: &[u8] = signed.data;
    while !rest.is_empty() {
        let (next, field) = parse_ber_any(rest).ok()?;
        if field.class() == Class::ContextSpecific && field.tag().0 == 0 {
            return Some(each(field.data));
        }
        rest = next;
    }
    None
}

fn each(mut bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let mut found = Vec::new();
    while let Ok((rest, _)) = X509Certificate::from_der(bytes) {
        let len = bytes.len() - rest.len();
        found.push(CertificateDer::from(bytes[..len].to_vec()));
        bytes = rest;
    }
    found
}
