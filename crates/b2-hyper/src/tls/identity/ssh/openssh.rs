//! Private keys of OpenSSH, locked or not.

use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use super::super::keys;
use super::super::own::{Found, IdentityError};
use super::locked::Cipher;
use super::wire::{self, Fields, Kind};
use crate::settings::SettingError;

const FORMAT: &str = "OpenSSH private key";
const MAGIC: &[u8] = b"openssh-key-v1\0";
/// The label of its PEM section.
pub(in super::super) const LABEL: &str = "OPENSSH PRIVATE KEY";
/// Of the derivation of a key; the tool makes 24, and this takes a minute.
const MOST_ROUNDS: u32 = 5_000;

/// The one key of the content of such a section.
pub(in super::super) fn read(bytes: &[u8], password: &str) -> Result<Vec<Found>, IdentityError> {
    let format = || IdentityError::Format(FORMAT);
    let outer = Outer::read(bytes).ok_or_else(format)?;
    let kind = Kind::read(&mut Fields(outer.public)).ok_or_else(unsupported_kind)?;
    let plain = outer.open(password)?;
    let mut fields = Fields(&plain);
    let checks = fields.number().zip(fields.number()).ok_or_else(format)?;
    if checks.0 != checks.1 {
        return Err(IdentityError::Password);
    }
    let key = private(&kind, &mut fields).ok_or_else(format)?;
    Ok(vec![Found { public: Some(kind.public()), ..Found::new(Vec::new(), Some(key)) }])
}

fn unsupported_kind() -> IdentityError {
    let because = "certificates of TLS have RSA, ECDSA or Ed25519 keys; use one of these";
    IdentityError::Unsupported(SettingError::unsupported("this kind of SSH key", because))
}

struct Outer<'a> {
    cipher: &'a [u8],
    derivation: &'a [u8],
    options: &'a [u8],
    public: &'a [u8],
    private: &'a [u8],
}

impl<'a> Outer<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(bytes.strip_prefix(MAGIC)?);
        let (cipher, derivation) = (fields.string()?, fields.string()?);
        let options = fields.string()?;
        if fields.number()? != 1 {
            return None;
        }
        let (public, private) = (fields.string()?, fields.string()?);
        Some(Self { cipher, derivation, options, public, private })
    }

    fn open(&self, password: &str) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
        let unsupported = |name, because| {
            Err(IdentityError::Unsupported(SettingError::unsupported(name, because)))
        };
        if (self.cipher, self.derivation) == (b"none", b"none") {
            return Ok(Zeroizing::new(self.private.to_vec()));
        }
        let cipher = Cipher::named(self.cipher).filter(|_| self.derivation == b"bcrypt");
        let Some(cipher) = cipher else {
            let because = "lock the key again with ssh-keygen -p -Z aes256-ctr";
            return unsupported("the cipher of this OpenSSH key", because);
        };
        let mut options = Fields(self.options);
        let parsed = options.string().zip(options.number());
        let (salt, rounds) = parsed.ok_or(IdentityError::Format(FORMAT))?;
        if rounds > MOST_ROUNDS {
            let because = "lock the key again with ssh-keygen -p -a 100";
            return unsupported("so many rounds of key derivation", because);
        }
        let mut derived = Zeroizing::new(vec![0; cipher.key_len() + 16]);
        let made = bcrypt_pbkdf::bcrypt_pbkdf(password.as_bytes(), salt, rounds, &mut derived);
        made.map_err(|_| IdentityError::Password)?;
        let (key, iv) = derived.split_at(cipher.key_len());
        cipher.open(key, iv, self.private).ok_or(IdentityError::Format(FORMAT))
    }
}

fn private(kind: &Kind, fields: &mut Fields<'_>) -> Option<PrivateKeyDer<'static>> {
    let _name = fields.string()?;
    match kind {
        Kind::Rsa { .. } => {
            let (n, e, d) = (fields.big()?, fields.big()?, fields.big()?);
            let (qi, p, q) = (fields.big()?, fields.big()?, fields.big()?);
            wire::rsa((&n, &e), &d, &p, &q, &qi)
        }
        Kind::Ec { curve, point } => {
            let (_curve, _point) = (fields.string()?, fields.string()?);
            wire::ec(*curve, point, fields.string()?)
        }
        Kind::Ed25519 { .. } => {
            let _public = fields.string()?;
            keys::ed25519(fields.string()?.get(..32)?)
        }
    }
}
