//! Private keys of PuTTY (PPK), versions 2 and 3, locked or not.

use std::collections::BTreeMap;

use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use rustls::pki_types::PrivateKeyDer;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::super::keys;
use super::super::own::{Found, IdentityError};
use super::super::store::base64;
use super::locked::Cipher;
use super::wire::{self, Fields, Kind};
use crate::settings::SettingError;

const FORMAT: &str = "PuTTY private key";
const BEGIN: &str = "PuTTY-User-Key-File-";
const KEY: usize = 32;
const IV: usize = 16;
/// Limits of the derivation of a key: 1 GiB, and some minutes.
const MOST_MEMORY: u32 = 1 << 20;
const MOST_PASSES: u32 = 1_000;
const MOST_LANES: u32 = 16;

pub(in super::super) fn looks_like(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(BEGIN.as_bytes())
}

pub(in super::super) fn read(bytes: &[u8], password: &str) -> Result<Vec<Found>, IdentityError> {
    let format = || IdentityError::Format(FORMAT);
    let file = File::read(bytes).ok_or_else(format)?;
    let kind = Kind::read(&mut Fields(&file.public)).ok_or_else(|| {
        let because = "certificates of TLS have RSA, ECDSA or Ed25519 keys; use one of these";
        IdentityError::Unsupported(SettingError::unsupported("this kind of SSH key", because))
    })?;
    let secrets = file.secrets(password)?;
    let plain = file.open(&secrets).ok_or_else(format)?;
    if !file.is_whole(&secrets, &plain) {
        // A file that was changed is no different.
        return Err(IdentityError::Password);
    }
    let key = private(&kind, &mut Fields(&plain)).ok_or_else(format)?;
    Ok(vec![Found { public: Some(kind.public()), ..Found::new(Vec::new(), Some(key)) }])
}

/// What follows from the password.
struct Secrets {
    key: Zeroizing<Vec<u8>>,
    iv: Vec<u8>,
    mac: Zeroizing<Vec<u8>>,
}

struct File<'a> {
    version: u8,
    kind: &'a str,
    fields: BTreeMap<&'a str, &'a str>,
    public: Vec<u8>,
    private: Vec<u8>,
}

impl<'a> File<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?.trim();
        let mut lines = text.lines();
        let (first, kind) = lines.next()?.split_once(": ")?;
        let version = match first.strip_prefix(BEGIN)? {
            "2" => 2,
            "3" => 3,
            _ => return None,
        };
        let (mut fields, mut public, mut private) = (BTreeMap::new(), Vec::new(), Vec::new());
        while let Some(line) = lines.next() {
            // A comment may be empty.
            let (name, value) = line.split_once(':')?;
            let value = value.strip_prefix(' ').unwrap_or(value);
            let blob = match name {
                "Public-Lines" => &mut public,
                "Private-Lines" => &mut private,
                _ => {
                    fields.insert(name, value);
                    continue;
                }
            };
            let digits: String = lines.by_ref().take(value.parse().ok()?).collect();
            *blob = base64(digits.as_bytes())?;
        }
        Some(Self { version, kind, fields, public, private })
    }

    fn field(&self, name: &str) -> Option<&'a str> {
        self.fields.get(name).copied()
    }

    fn is_locked(&self) -> Result<bool, IdentityError> {
        match self.field("Encryption") {
            Some("none") => Ok(false),
            Some("aes256-cbc") => Ok(true),
            _ => Err(IdentityError::Format(FORMAT)),
        }
    }

    fn secrets(&self, password: &str) -> Result<Secrets, IdentityError> {
        let locked = self.is_locked()?;
        if self.version == 3 {
            return if locked { self.argon2(password) } else { Ok(Secrets::none()) };
        }
        let password: &[u8] = if locked { password.as_bytes() } else { &[] };
        let digest = |first: &[u8]| Sha1::new().chain_update(first).chain_update(password);
        let halves = [0, 1].map(|number| digest(&[0, 0, 0, number]).finalize());
        let key = Zeroizing::new(halves.concat()[..KEY].to_vec());
        let mac = Zeroizing::new(digest(b"putty-private-key-file-mac-key").finalize().to_vec());
        Ok(Secrets { key, iv: vec![0; IV], mac })
    }

    fn argon2(&self, password: &str) -> Result<Secrets, IdentityError> {
        let format = || IdentityError::Format(FORMAT);
        let number = |name| {
            let text = self.field(name).ok_or_else(format)?;
            text.parse::<u32>().map_err(|_| format())
        };
        let algorithm = match self.field("Key-Derivation") {
            Some("Argon2id") => Algorithm::Argon2id,
            Some("Argon2i") => Algorithm::Argon2i,
            Some("Argon2d") => Algorithm::Argon2d,
            _ => return Err(format()),
        };
        let memory = number("Argon2-Memory")?;
        let (passes, lanes) = (number("Argon2-Passes")?, number("Argon2-Parallelism")?);
        if memory > MOST_MEMORY || passes > MOST_PASSES || lanes > MOST_LANES {
            let because =
                "deriving its key would take too long; save the key again with fewer passes";
            let name = "so much work of Argon2";
            return Err(IdentityError::Unsupported(SettingError::unsupported(name, because)));
        }
        let params = Params::new(memory, passes, lanes, None).map_err(|_| format())?;
        let salt = self.field("Argon2-Salt").and_then(hexadecimal).ok_or_else(format)?;
        let mut derived = Zeroizing::new([0; KEY + IV + KEY]);
        Argon2::new(algorithm, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &salt, &mut *derived)
            .map_err(|_| format())?;
        let (key, rest) = derived.split_at(KEY);
        let (iv, mac) = rest.split_at(IV);
        let (key, mac) = (Zeroizing::new(key.to_vec()), Zeroizing::new(mac.to_vec()));
        Ok(Secrets { key, iv: iv.to_vec(), mac })
    }

    fn open(&self, secrets: &Secrets) -> Option<Zeroizing<Vec<u8>>> {
        if self.field("Encryption") == Some("none") {
            return Some(Zeroizing::new(self.private.clone()));
        }
        Cipher::Cbc(KEY).open(&secrets.key, &secrets.iv, &self.private)
    }

    /// Whether the code at the end is that of the whole file.
    fn is_whole(&self, secrets: &Secrets, plain: &[u8]) -> bool {
        let (cipher, comment) = (self.field("Encryption"), self.field("Comment"));
        let parts = [
            self.kind.as_bytes(),
            cipher.unwrap_or_default().as_bytes(),
            comment.unwrap_or_default().as_bytes(),
            &self.public,
            plain,
        ];
        let mut message = Zeroizing::new(Vec::new());
        for part in parts {
            // A part of a file that was read is not that long.
            message.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            message.extend_from_slice(part);
        }
        let Some(code) = self.field("Private-MAC").and_then(hexadecimal) else { return false };
        if self.version == 3 {
            let mac = Hmac::<Sha256>::new_from_slice(&secrets.mac);
            mac.is_ok_and(|mac| mac.chain_update(&*message).verify_slice(&code).is_ok())
        } else {
            let mac = Hmac::<Sha1>::new_from_slice(&secrets.mac);
            mac.is_ok_and(|mac| mac.chain_update(&*message).verify_slice(&code).is_ok())
        }
    }
}

impl Secrets {
    fn none() -> Self {
        Self { key: Zeroizing::default(), iv: Vec::new(), mac: Zeroizing::default() }
    }
}

fn private(kind: &Kind, fields: &mut Fields<'_>) -> Option<PrivateKeyDer<'static>> {
    match kind {
        Kind::Rsa { n, e } => {
            let (d, p) = (fields.big()?, fields.big()?);
            let (q, qi) = (fields.big()?, fields.big()?);
            wire::rsa((n, e), &d, &p, &q, &qi)
        }
        Kind::Ec { curve, point } => wire::ec(*curve, point, fields.string()?),
        Kind::Ed25519 { .. } => keys::ed25519(fields.string()?),
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    pairs.map(byte).collect()
}
