//! The raw parts of a certificate, as they were signed.

use super::der::{INTEGER, Reader, SEQUENCE};

/// Parts of a certificate in DER. Names have their tag, keys and algorithms
/// have not.
pub(super) struct Bare<'a> {
    pub(super) whole: &'a [u8],
    pub(super) signed: &'a [u8],
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) serial: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) spki: &'a [u8],
}

impl<'a> Bare<'a> {
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(der).enter(SEQUENCE)?;
        let signed = outer.element(SEQUENCE)?;
        let algorithm = outer.take(SEQUENCE)?;
        let signature = outer.bits()?;
        let mut fields = Reader::new(signed.content);
        // The version, which the first one does not have.
        let _ = fields.take(0xa0);
        let serial = fields.take(INTEGER)?;
        fields.take(SEQUENCE)?;
        let issuer = fields.element(SEQUENCE)?.whole;
        fields.take(SEQUENCE)?;
        let subject = fields.element(SEQUENCE)?.whole;
        let spki = fields.take(SEQUENCE)?;
        let (whole, signed) = (der, signed.whole);
        Some(Self { whole, signed, algorithm, signature, serial, issuer, subject, spki })
    }

    /// The public key itself.
    pub(super) fn key_bits(&self) -> Option<&'a [u8]> {
        key_bits(self.spki)
    }
}

/// The public key inside a `SubjectPublicKeyInfo`.
pub(super) fn key_bits(spki: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(spki);
    fields.take(SEQUENCE)?;
    fields.bits()
}
