//! Keys from their numbers, in DER.

use std::fmt;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::super::bare::Bare;
use super::super::der::{bit_string, context, integer, null, octet_string, oid, sequence, small};

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The public key of a certificate: whoever has the private one is meant,
/// whatever else the certificate says.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `SubjectPublicKeyInfo` in DER.
    spki: Vec<u8>,
}

impl PublicKey {
    /// From a `SubjectPublicKeyInfo` in DER, such as the content of a PEM
    /// section called `PUBLIC KEY`.
    ///
    /// ```
    /// let der = [0x30, 0x2a, 0x30, 0x05, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0].to_vec();
    /// let key = b2_hyper::tls::PublicKey::from_der([der, vec![7; 32]].concat());
    /// ```
    #[must_use]
    pub fn from_der(spki: impl Into<Vec<u8>>) -> Self {
        Self { spki: spki.into() }
    }

    /// The `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.spki
    }

    /// Whether it is that of a certificate.
    pub(in super::super) fn is_of(&self, certificate: &CertificateDer<'_>) -> bool {
        Bare::read(certificate).is_some_and(|bare| sequence(&[bare.spki]) == self.spki)
    }

    /// From the modulus and the exponent.
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Self {
        let key = sequence(&[&integer(n), &integer(e)]);
        Self::new(&[&oid(RSA), &null()], &key)
    }

    /// From a point that is not compressed.
    pub(super) fn ec(curve: Curve, point: &[u8]) -> Self {
        Self::new(&[&oid(EC), &oid(curve.oid())], point)
    }

    pub(super) fn ed25519(bytes: &[u8]) -> Self {
        Self::new(&[&oid(ED25519)], bytes)
    }

    fn new(algorithm: &[&[u8]], key: &[u8]) -> Self {
        Self { spki: sequence(&[&sequence(algorithm), &bit_string(key)]) }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("bytes", &self.spki.len()).finish_non_exhaustive()
    }
}

/// The curves that certificates of TLS have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// By the names of JWK and of SSH.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "P-256" | "nistp256" => Some(Self::P256),
            "P-384" | "nistp384" => Some(Self::P384),
            "P-521" | "nistp521" => Some(Self::P521),
            _ => None,
        }
    }

    fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        }
    }

    /// Bytes of a coordinate, and of the private number.
    pub(super) fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// The numbers of an RSA key.
#[derive(Default)]
pub(super) struct RsaNumbers {
    pub(super) n: Vec<u8>,
    pub(super) e: Vec<u8>,
    pub(super) d: Vec<u8>,
    pub(super) p: Vec<u8>,
    pub(super) q: Vec<u8>,
    /// `d` modulo `p - 1`.
    pub(super) dp: Vec<u8>,
    /// `d` modulo `q - 1`.
    pub(super) dq: Vec<u8>,
    /// The inverse of `q` modulo `p`.
    pub(super) qi: Vec<u8>,
}

impl RsaNumbers {
    pub(super) fn private(&self) -> PrivateKeyDer<'static> {
        let numbers = [&self.n, &self.e, &self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi];
        let numbers = numbers.map(|number| integer(number)).concat();
        let key = sequence(&[&small(0), &numbers]);
        pkcs8(&[&oid(RSA), &null()], &key)
    }

    pub(super) fn public(&self) -> PublicKey {
        PublicKey::rsa(&self.n, &self.e)
    }
}

/// The private number of a curve, with its point; `None` if it is too long.
pub(super) fn ec(curve: Curve, number: &[u8], point: &[u8]) -> Option<PrivateKeyDer<'static>> {
    let number = padded(number, curve.len())?;
    let key = sequence(&[&small(1), &octet_string(&number), &context(1, &[&bit_string(point)])]);
    Some(pkcs8(&[&oid(EC), &oid(curve.oid())], &key))
}

/// The point of two coordinates.
pub(super) fn point(curve: Curve, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let (x, y) = (padded(x, curve.len())?, padded(y, curve.len())?);
    Some([vec![4], x, y].concat())
}

/// From the 32 bytes that everything else is made of.
pub(super) fn ed25519(seed: &[u8]) -> Option<PrivateKeyDer<'static>> {
    (seed.len() == 32).then(|| pkcs8(&[&oid(ED25519)], &octet_string(seed)))
}

fn pkcs8(algorithm: &[&[u8]], key: &[u8]) -> PrivateKeyDer<'static> {
    let der = sequence(&[&small(0), &sequence(algorithm), &octet_string(key)]);
    PrivatePkcs8KeyDer::from(der).into()
}

/// A number of exactly `len` bytes.
fn padded(number: &[u8], len: usize) -> Option<Vec<u8>> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    let missing = len.checked_sub(digits.len())?;
    Some([&vec![0; missing], digits].concat())
}
