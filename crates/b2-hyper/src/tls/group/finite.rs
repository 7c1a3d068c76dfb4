//! The finite fields of RFC 7919, for TLS 1.3.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd, Resize};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::{self, FfdheGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};
use zeroize::Zeroizing;

/// A field, and how many random bits its private keys have: twice the
/// strength of the field, and some more.
#[derive(Debug)]
struct Field {
    name: NamedGroup,
    group: FfdheGroup<'static>,
    secret_bytes: usize,
}

static FIELDS: [Field; 5] = [
    field(NamedGroup::FFDHE2048, ffdhe_groups::FFDHE2048, 32),
    field(NamedGroup::FFDHE3072, ffdhe_groups::FFDHE3072, 36),
    field(NamedGroup::FFDHE4096, ffdhe_groups::FFDHE4096, 44),
    field(NamedGroup::FFDHE6144, ffdhe_groups::FFDHE6144, 48),
    field(NamedGroup::FFDHE8192, ffdhe_groups::FFDHE8192, 56),
];

const fn field(name: NamedGroup, group: FfdheGroup<'static>, secret_bytes: usize) -> Field {
    Field { name, group, secret_bytes }
}

pub(super) fn group(name: NamedGroup) -> Option<&'static dyn SupportedKxGroup> {
    FIELDS.iter().find(|field| field.name == name).map(|field| field as _)
}

#[cfg(feature = "openssl")]
pub(super) fn is_finite(name: NamedGroup) -> bool {
    group(name).is_some()
}

impl Field {
    fn bits(&self) -> u32 {
        u32::try_from(self.group.p.len() * 8).unwrap_or(u32::MAX)
    }

    fn number(&self, bytes: &[u8]) -> Option<BoxedUint> {
        BoxedUint::from_be_slice(bytes, self.bits()).ok()
    }

    /// `base` to the power of `exponent`, in constant time, as wide as the
    /// field.
    fn power(&self, base: &BoxedUint, exponent: &[u8]) -> Option<Vec<u8>> {
        let prime = Option::from(Odd::new(self.number(self.group.p)?))?;
        let params = BoxedMontyParams::new(prime);
        let bits = u32::try_from(exponent.len() * 8).ok()?;
        let exponent = BoxedUint::from_be_slice(exponent, bits).ok()?;
        let power = BoxedMontyForm::new(base.clone(), &params).pow(&exponent).retrieve();
        let bytes = power.resize(self.bits()).to_be_bytes();
        Some(bytes.to_vec())
    }
}

impl SupportedKxGroup for Field {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut secret = Zeroizing::new(vec![0; self.secret_bytes]);
        getrandom::fill(&mut secret).map_err(|_| GetRandomFailed)?;
        let base = self.number(self.group.g);
        let public = base.and_then(|base| self.power(&base, &secret));
        let public = public.ok_or_else(|| Error::General("a field of RFC 7919".into()))?;
        // The statics live as long as the program.
        let field = FIELDS.iter().find(|field| field.name == self.name);
        let field = field.ok_or_else(|| Error::General("a field of RFC 7919".into()))?;
        Ok(Box::new(Exchange { field, secret, public }))
    }

    fn name(&self) -> NamedGroup {
        self.name
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        Some(self.group)
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct Exchange {
    field: &'static Field,
    secret: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let misbehaved = || Error::from(PeerMisbehaved::InvalidKeyShare);
        if peer.len() != self.field.group.p.len() {
            return Err(misbehaved());
        }
        let peer = self.field.number(peer).ok_or_else(misbehaved)?;
        let prime = self.field.number(self.field.group.p).ok_or_else(misbehaved)?;
        // 0, 1 and p - 1 would give the secret away (RFC 7919, 5.1).
        let one = BoxedUint::one_with_precision(self.field.bits());
        if peer <= one || peer >= prime.wrapping_sub(&one) {
            return Err(misbehaved());
        }
        let shared = Zeroizing::new(self.field.power(&peer, &self.secret).ok_or_else(misbehaved)?);
        Ok(SharedSecret::from(&shared[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        Some(self.field.group)
    }

    fn group(&self) -> NamedGroup {
        self.field.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Box<dyn ActiveKeyExchange> {
        group(NamedGroup::FFDHE2048).unwrap().start().unwrap()
    }

    #[test]
    fn two_sides_agree() {
        let (ours, theirs) = (begun(), begun());
        let (our_key, their_key) = (ours.pub_key().to_vec(), theirs.pub_key().to_vec());
        assert_ne!(our_key, their_key);
        let ours = ours.complete(&their_key).unwrap();
        let theirs = theirs.complete(&our_key).unwrap();
        assert_eq!(ours.secret_bytes(), theirs.secret_bytes());
        assert_eq!(ours.secret_bytes().len(), 256);
    }

    #[test]
    fn values_that_give_the_secret_away_are_refused() {
        let prime = ffdhe_groups::FFDHE2048.p.to_vec();
        let mut one = vec![0; 256];
        one[255] = 1;
        let mut last = prime.clone();
        last[255] -= 1;
        for bad in [vec![0; 256], one, last, prime, vec![7; 255]] {
            assert!(begun().complete(&bad).is_err());
        }
    }
}
