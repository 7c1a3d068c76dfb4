//! Lists of revoked certificates (CRL) from the addresses in certificates.

use bytes::Bytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, SignatureVerificationAlgorithm,
};
use webpki::{BorrowedCertRevocationList, CertRevocationList, Error, OwnedCertRevocationList};

use super::super::der::{GENERALIZED_TIME, INTEGER, Reader, SEQUENCE, UTC_TIME, unix_time};
use super::super::event::Told;
use super::issuer::{Issuer, holds};
use super::scope::speaks_of;

/// The longest list; the longest of public authorities have some megabytes.
pub(super) const LONGEST: usize = 16 << 20;
/// Lists that are kept, and the bytes that they may have together.
pub(super) const MOST: usize = 16;
pub(super) const ROOM: usize = 64 << 20;

/// A list that the authority has signed whose certificates it is about.
#[derive(Debug)]
pub(in super::super) struct List {
    der: Bytes,
    /// Until when it holds, in seconds since 1970.
    pub(in super::super) next_update: i64,
}

impl List {
    /// Reads a list that `issuer` has signed. One of somebody else is not
    /// kept, whatever it says: it would stand in the way of the right one.
    pub(super) fn read(
        bytes: &Bytes,
        issuer: &Issuer,
        algorithms: &[&'static dyn SignatureVerificationAlgorithm],
    ) -> Result<Self, Told> {
        // DER, says RFC 5280; some write PEM all the same.
        let der = match CertificateRevocationListDer::from_pem_slice(bytes) {
            Ok(pem) => Bytes::copy_from_slice(&pem),
            Err(_) => bytes.clone(),
        };
        let list = BorrowedCertRevocationList::from_der(&der).map_err(|_| Told::Unreadable)?;
        for entry in &list {
            entry.map_err(|_| Told::Unreadable)?;
        }
        let parts = Parts::read(&der).ok_or(Told::Unreadable)?;
        let (algorithm, signature) = (parts.algorithm, parts.signature);
        let signed = holds(algorithms, &issuer.spki, algorithm, parts.signed, signature);
        if parts.issuer != issuer.name || signed.is_none() {
            return Err(Told::Forged);
        }
        let next_update = parts.next_update;
        Ok(Self { der, next_update })
    }

    /// As webpki sees it. A look at a list costs less than keeping its
    /// entries apart.
    pub(in super::super) fn borrowed(&self) -> Option<CertRevocationList<'_>> {
        BorrowedCertRevocationList::from_der(&self.der).ok().map(Into::into)
    }

    /// Whether it is about this certificate.
    pub(super) fn speaks_of(&self, certificate: &CertificateDer<'_>, is_authority: bool) -> bool {
        self.borrowed().is_some_and(|list| speaks_of(&list, certificate, is_authority))
    }

    pub(super) fn len(&self) -> usize {
        self.der.len()
    }
}

/// A list that this program was given, whose entries are kept apart.
pub(in super::super) struct Given {
    list: CertRevocationList<'static>,
    next_update: i64,
}

impl Given {
    pub(in super::super) fn read(der: &[u8]) -> Result<Self, Error> {
        let list = OwnedCertRevocationList::from_der(der)?.into();
        let next_update = Parts::read(der).ok_or(Error::BadDer)?.next_update;
        Ok(Self { list, next_update })
    }

    pub(in super::super) fn known(&self) -> Known<'_> {
        Known { list: &self.list, until: self.next_update }
    }
}

/// A list, and until when it holds, in seconds since 1970.
#[derive(Clone, Copy)]
pub(in super::super) struct Known<'a> {
    pub(in super::super) list: &'a CertRevocationList<'a>,
    pub(in super::super) until: i64,
}

/// The parts of a list. The issuer has its tag, the algorithm has not.
struct Parts<'a> {
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    next_update: i64,
}

impl<'a> Parts<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(der).enter(SEQUENCE)?;
        let signed = outer.element(SEQUENCE)?;
        let algorithm = outer.take(SEQUENCE)?;
        let signature = outer.bits()?;
        let mut fields = Reader::new(signed.content);
        fields.take(INTEGER)?;
        fields.take(SEQUENCE)?;
        let issuer = fields.element(SEQUENCE)?.whole;
        time(&mut fields)?;
        let next_update = time(&mut fields)?;
        Some(Self { signed: signed.whole, algorithm, signature, issuer, next_update })
    }
}

fn time(fields: &mut Reader<'_>) -> Option<i64> {
    let time = fields.any()?;
    match (time.tag, time.content) {
        (GENERALIZED_TIME, text) => unix_time(text),
        // Two digits of the year; RFC 5280 has them begin with 1950.
        (UTC_TIME, text @ [b'5'..=b'9', ..]) => unix_time(&[b"19", text].concat()),
        (UTC_TIME, text) => unix_time(&[b"20", text].concat()),
        _ => None,
    }
}
