//! Key stores of Java before version 9 (JKS). Newer ones are PKCS#12.

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::super::der::{OCTET_STRING, OID, Reader, SEQUENCE};
use super::own::{Found, IdentityError};
use crate::settings::SettingError;

const FORMAT: &str = "Java key store";
const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
/// The stores of the Java Cryptography Extension.
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
const PROTECTOR: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02, 0x11, 0x01, 0x01];
/// What Java puts between the password and the store before it digests both.
const WHITENER: &[u8] = b"Mighty Aphrodite";
const DIGEST: usize = 20;

/// All entries; keys are opened with the password of the store, which is what
/// Java does unless told.
pub(super) fn read(bytes: &[u8], password: &str) -> Result<Vec<Found>, IdentityError> {
    if bytes.starts_with(&JCEKS) {
        let because = "its keys are locked in a way of its own; convert it to PKCS#12 with keytool \
                       -importkeystore -deststoretype pkcs12";
        return Err(IdentityError::Unsupported(SettingError::unsupported("JCEKS", because)));
    }
    let format = || IdentityError::Format(FORMAT);
    let (store, digest) = bytes.split_last_chunk::<DIGEST>().ok_or_else(format)?;
    if !looks_like(store) {
        return Err(format());
    }
    let password = wide(password);
    let own = Sha1::new().chain_update(&*password).chain_update(WHITENER).chain_update(store);
    if own.finalize()[..] != *digest {
        // A store that was cut is no different.
        return Err(IdentityError::Password);
    }
    let mut fields = Fields(&store[MAGIC.len()..]);
    let version = fields.number().filter(|version| matches!(version, 1 | 2)).ok_or_else(format)?;
    let count = fields.number().ok_or_else(format)?;
    let mut found = Vec::new();
    for _ in 0..count {
        let entry = fields.entry(version).ok_or_else(format)?;
        let key = entry.key.map(|locked| unlock(locked, &password)).transpose()?;
        found.push(Found::new(entry.chain, key));
    }
    Ok(found)
}

pub(super) fn looks_like(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) || bytes.starts_with(&JCEKS)
}

/// Java's characters, in two bytes each.
fn wide(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

struct Entry<'a> {
    chain: Vec<CertificateDer<'static>>,
    key: Option<&'a [u8]>,
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.take(4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Bytes with their length before them.
    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        self.take(len)
    }

    /// A text with its length in two bytes.
    fn text(&mut self) -> Option<&'a [u8]> {
        let bytes = self.take(2)?;
        self.take(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
    }

    fn entry(&mut self, version: u32) -> Option<Entry<'a>> {
        const KEY: u32 = 1;
        const TRUSTED: u32 = 2;
        let tag = self.number()?;
        let _alias = self.text()?;
        let _made_at = self.take(8)?;
        let mut entry = Entry { chain: Vec::new(), key: None };
        let certificates = match tag {
            KEY => {
                entry.key = Some(self.bytes()?);
                self.number()?
            }
            TRUSTED => 1,
            _ => return None,
        };
        for _ in 0..certificates {
            if version == 2 && self.text()? != b"X.509" {
                return None;
            }
            entry.chain.push(CertificateDer::from(self.bytes()?.to_vec()));
        }
        Some(entry)
    }
}

/// Opens a key: a stream of digests is laid over it, and a digest of it tells
/// whether the password was right.
fn unlock(locked: &[u8], password: &[u8]) -> Result<PrivateKeyDer<'static>, IdentityError> {
    let format = || IdentityError::Format(FORMAT);
    let inner = protected(locked).ok_or_else(format)?;
    let (salt, rest) = inner.split_at_checked(DIGEST).ok_or_else(format)?;
    let (hidden, check) = rest.split_last_chunk::<DIGEST>().ok_or_else(format)?;
    let mut key = Zeroizing::new(Vec::with_capacity(hidden.len()));
    let mut pad = salt.to_vec();
    for piece in hidden.chunks(DIGEST) {
        pad = Sha1::new().chain_update(password).chain_update(&pad).finalize().to_vec();
        key.extend(piece.iter().zip(&pad).map(|(byte, mask)| byte ^ mask));
    }
    if Sha1::new().chain_update(password).chain_update(&*key).finalize()[..] != *check {
        return Err(IdentityError::Password);
    }
    Ok(PrivatePkcs8KeyDer::from(key.to_vec()).into())
}

fn protected(locked: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(locked).enter(SEQUENCE)?;
    let kind = fields.enter(SEQUENCE)?.take(OID)?;
    (kind == PROTECTOR).then(|| fields.take(OCTET_STRING))?
}
