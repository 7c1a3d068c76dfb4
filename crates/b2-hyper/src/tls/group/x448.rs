//! The curve X448 (RFC 7748), for TLS 1.3.

use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};
use x448::{PublicKey, Secret};
use zeroize::Zeroizing;

/// Diffie-Hellman on Curve448.
#[derive(Debug)]
pub(super) struct X448Group;

pub(super) static X448: X448Group = X448Group;

impl SupportedKxGroup for X448Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = Zeroizing::new([0; 56]);
        getrandom::fill(&mut *bytes).map_err(|_| GetRandomFailed)?;
        let secret = Secret::from(*bytes);
        let public = *PublicKey::from(&secret).as_bytes();
        Ok(Box::new(Exchange { secret: bytes, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X448
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct Exchange {
    secret: Zeroizing<[u8; 56]>,
    public: [u8; 56],
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // Points of low order are refused: the first by the crate, and all of
        // them by the zero that comes out (RFC 7748, 6.2).
        let agreed = PublicKey::from_bytes(peer)
            .and_then(|peer| Secret::from(*self.secret).to_diffie_hellman(&peer))
            .map(|shared| Zeroizing::new(*shared.as_bytes()));
        match agreed {
            Some(shared) if shared.iter().any(|byte| *byte != 0) => {
                Ok(SharedSecret::from(&shared[..]))
            }
            _ => Err(PeerMisbehaved::InvalidKeyShare.into()),
        }
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X448
    }
}
