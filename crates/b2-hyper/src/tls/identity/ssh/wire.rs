//! Strings and numbers as SSH writes them (RFC 4251), and the keys in them.

use crypto_bigint::{BoxedUint, Resize};
use rustls::pki_types::PrivateKeyDer;

use super::super::keys::{self, Curve, PublicKey, RsaNumbers};

/// Reads one field after the other.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        self.take(len)
    }

    /// A number without a sign, its zeros included.
    pub(super) fn big(&mut self) -> Option<Vec<u8>> {
        self.string().map(<[u8]>::to_vec)
    }
}

/// What a public key says.
pub(super) enum Kind {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, point: Vec<u8> },
    Ed25519 { public: Vec<u8> },
}

impl Kind {
    /// Reads a public key with its name before it; `None` if it is of a kind
    /// that certificates do not have, or none at all.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        match fields.string()? {
            b"ssh-rsa" => {
                let e = fields.big()?;
                Some(Self::Rsa { n: fields.big()?, e })
            }
            b"ssh-ed25519" => Some(Self::Ed25519 { public: fields.big()? }),
            name if name.starts_with(b"ecdsa-sha2-") => {
                let curve = Curve::named(str::from_utf8(fields.string()?).ok()?)?;
                Some(Self::Ec { curve, point: fields.big()? })
            }
            _ => None,
        }
    }

    pub(super) fn public(&self) -> PublicKey {
        match self {
            Self::Rsa { n, e } => PublicKey::rsa(n, e),
            Self::Ec { curve, point } => PublicKey::ec(*curve, point),
            Self::Ed25519 { public } => PublicKey::ed25519(public),
        }
    }
}

/// An RSA key of the numbers that SSH keeps; the other two follow from them.
pub(super) fn rsa(
    kind: (&[u8], &[u8]),
    d: &[u8],
    p: &[u8],
    q: &[u8],
    qi: &[u8],
) -> Option<PrivateKeyDer<'static>> {
    let (n, e) = kind;
    let numbers = RsaNumbers {
        n: n.to_vec(),
        e: e.to_vec(),
        dp: less_one(d, p)?,
        dq: less_one(d, q)?,
        d: d.to_vec(),
        p: p.to_vec(),
        q: q.to_vec(),
        qi: qi.to_vec(),
    };
    Some(numbers.private())
}

/// `d` modulo `prime - 1`.
fn less_one(d: &[u8], prime: &[u8]) -> Option<Vec<u8>> {
    const MOST: usize = 16_384 / 8;
    if d.len() > MOST + 1 || prime.len() > MOST + 1 {
        return None;
    }
    let bits = u32::try_from(8 * d.len().max(prime.len())).ok()?.next_multiple_of(64);
    let number = |bytes: &[u8]| Some(BoxedUint::from_be_slice(bytes, bits).ok()?.resize(bits));
    let one = BoxedUint::one_with_precision(bits);
    let modulus = number(prime)?.wrapping_sub(&one).to_nz().into_option()?;
    Some(number(d)?.rem(&modulus).to_be_bytes().to_vec())
}

/// The key of a curve.
pub(super) fn ec(curve: Curve, point: &[u8], number: &[u8]) -> Option<PrivateKeyDer<'static>> {
    keys::ec(curve, number, point)
}
