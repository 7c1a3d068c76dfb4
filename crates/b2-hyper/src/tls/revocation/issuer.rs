//! Who vouches for a certificate, and whether a signature is theirs.

use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor};

use super::super::bare::{Bare, key_bits};
use super::super::der::{Reader, SEQUENCE, sequence};

/// The authority that issued a certificate.
#[derive(Clone, Debug)]
pub(super) struct Issuer {
    /// Its name in DER, with the tag.
    pub(super) name: Vec<u8>,
    /// Its public key in DER, without the tag.
    pub(super) spki: Vec<u8>,
}

impl Issuer {
    /// The issuer of `certificate`, among what the server showed and the
    /// roots: names may be the same, so the signature decides.
    pub(super) fn of(
        certificate: &Bare<'_>,
        shown: &[CertificateDer<'_>],
        roots: &[TrustAnchor<'_>],
        algorithms: &[&'static dyn SignatureVerificationAlgorithm],
    ) -> Option<Self> {
        let shown = shown.iter().filter_map(|der| Bare::read(der));
        let shown = shown.map(|bare| (bare.subject.to_vec(), bare.spki.to_vec()));
        let roots =
            roots.iter().map(|root| (sequence(&[&root.subject]), &root.subject_public_key_info));
        let roots = roots.map(|(name, spki)| (name, spki.to_vec()));
        let mut named = shown.chain(roots).filter(|(name, _)| name == certificate.issuer);
        let (name, spki) = named.find(|(_, spki)| {
            let (algorithm, signature) = (certificate.algorithm, certificate.signature);
            holds(algorithms, spki, algorithm, certificate.signed, signature).is_some()
        })?;
        Some(Self { name, spki })
    }

    /// The public key itself.
    pub(super) fn key_bits(&self) -> Option<&[u8]> {
        key_bits(&self.spki)
    }
}

/// Whether a signature is that of the owner of a public key.
pub(super) fn holds(
    algorithms: &[&'static dyn SignatureVerificationAlgorithm],
    spki: &[u8],
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Option<()> {
    let mut key = Reader::new(spki);
    let kind = key.take(SEQUENCE)?;
    let bits = key.bits()?;
    let mut fitting = algorithms.iter().filter(|known| {
        known.public_key_alg_id().as_ref() == kind && known.signature_alg_id().as_ref() == algorithm
    });
    fitting.find(|known| known.verify_signature(bits, message, signature).is_ok()).map(drop)
}
