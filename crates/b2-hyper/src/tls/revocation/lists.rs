//! Lists of revoked certificates (CRL) from the addresses in certificates.

use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::super::event::Told;
use super::cache::now;

/// The longest list; the longest of public authorities have some megabytes.
pub(super) const LONGEST: usize = 16 << 20;
/// Lists that are kept.
pub(super) const MOST: usize = 16;
/// Seconds that a list is kept that does not say when the next one comes.
const UNDATED: i64 = 60 * 60;
/// Seconds that a list is kept at the most, whatever it says.
const LONGEST_KEPT: i64 = 7 * 24 * 60 * 60;

/// A list that was fetched. Nobody has looked at its signature yet.
pub(super) type List = Arc<CertRevocationList<'static>>;

/// Reads a list, and says until when it need not be fetched again.
pub(super) fn read(bytes: &Bytes) -> Result<(List, i64), Told> {
    // DER, says RFC 5280; some write PEM all the same.
    let pem = CertificateRevocationListDer::from_pem_slice(bytes).ok();
    let der = pem.as_ref().map_or(&bytes[..], |pem| pem.as_ref());
    let list = OwnedCertRevocationList::from_der(der).map_err(|_| Told::Unreadable)?;
    let (_, parsed) = CertificateRevocationList::from_der(der).map_err(|_| Told::Unreadable)?;
    let next = parsed.next_update().map_or_else(|| now() + UNDATED, |time| time.timestamp());
    Ok((Arc::new(list.into()), next.min(now() + LONGEST_KEPT)))
}
