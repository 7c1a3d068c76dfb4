//! JSON Web Keys (RFC 7517), one or a set.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;

use super::keys::{self, Curve, PublicKey, RsaNumbers};
use super::own::{Found, IdentityError};
use crate::settings::SettingError;

const FORMAT: &str = "JSON Web Key";
/// Of digits without padding, says the standard; some pad all the same.
const DIGITS: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

/// The members that keys of TLS have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Jwk {
    kty: String,
    crv: String,
    n: String,
    e: String,
    d: String,
    p: String,
    q: String,
    dp: String,
    dq: String,
    qi: String,
    x: String,
    y: String,
    x5c: Vec<String>,
}

pub(super) fn read(text: &[u8]) -> Result<Vec<Found>, IdentityError> {
    let set = serde_json::from_slice::<Set>(text).map(|set| set.keys);
    let keys = set.or_else(|_| serde_json::from_slice(text).map(|key| vec![key]));
    let keys: Vec<Jwk> = keys.map_err(|_| IdentityError::Format(FORMAT))?;
    keys.iter().map(Jwk::found).collect()
}

pub(super) fn looks_like(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
}

impl Jwk {
    fn found(&self) -> Result<Found, IdentityError> {
        let format = || IdentityError::Format(FORMAT);
        let decode = |text: &String| super::store::base64(text.as_bytes());
        let chain: Option<Vec<_>> = self.x5c.iter().map(decode).collect();
        let chain = chain.ok_or_else(format)?;
        let (public, key) = self.key()?.ok_or_else(format)?;
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        Ok(Found { public: Some(public), ..Found::new(chain, key) })
    }

    fn key(&self) -> Result<Option<(PublicKey, Option<PrivateKeyDer<'static>>)>, IdentityError> {
        let unsupported = |because| {
            let name = format!("a JSON Web Key of kind {} {}", self.kty, self.crv);
            Err(IdentityError::Unsupported(SettingError::unsupported(name.trim(), because)))
        };
        match (&*self.kty, &*self.crv) {
            ("RSA", _) if !self.d.is_empty() && self.p.is_empty() => {
                unsupported("it has no primes, which signing needs; export the whole key")
            }
            ("RSA", _) => Ok(self.rsa()),
            ("EC", curve) => match Curve::named(curve) {
                Some(curve) => Ok(self.ec(curve)),
                None => unsupported("rustls has no such curve; use P-256, P-384 or P-521"),
            },
            ("OKP", "Ed25519") => Ok(self.ed25519()),
            ("OKP", _) => unsupported("TLS signs with Ed25519 only of these; use that"),
            ("oct", _) => {
                unsupported("it is a shared secret; certificates have RSA, EC or OKP keys")
            }
            _ => Ok(None),
        }
    }

    fn rsa(&self) -> Option<(PublicKey, Option<PrivateKeyDer<'static>>)> {
        let numbers = RsaNumbers {
            n: digits(&self.n)?,
            e: digits(&self.e)?,
            d: digits(&self.d)?,
            p: digits(&self.p)?,
            q: digits(&self.q)?,
            dp: digits(&self.dp)?,
            dq: digits(&self.dq)?,
            qi: digits(&self.qi)?,
        };
        let (is_private, public) = (!numbers.d.is_empty(), numbers.public());
        (!numbers.n.is_empty()).then(|| (public, is_private.then(|| numbers.private())))
    }

    fn ec(&self, curve: Curve) -> Option<(PublicKey, Option<PrivateKeyDer<'static>>)> {
        let point = keys::point(curve, &digits(&self.x)?, &digits(&self.y)?)?;
        let key = match &*self.d {
            "" => None,
            number => Some(keys::ec(curve, &digits(number)?, &point)?),
        };
        Some((PublicKey::ec(curve, &point), key))
    }

    fn ed25519(&self) -> Option<(PublicKey, Option<PrivateKeyDer<'static>>)> {
        let key = match &*self.d {
            "" => None,
            seed => Some(keys::ed25519(&digits(seed)?)?),
        };
        Some((PublicKey::ed25519(&digits(&self.x)?), key))
    }
}

fn digits(text: &str) -> Option<Vec<u8>> {
    DIGITS.decode(text).ok()
}
