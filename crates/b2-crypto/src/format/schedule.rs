//! Every key of a file, derived from its data key.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::prefix::KIND_LEN;
use crate::secret::DataKey;

/// A derived key.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// HKDF-SHA256 from a secret, under labels of its own for each purpose.
pub(crate) struct Expander(Hkdf<Sha256>);

impl Expander {
    pub(crate) fn new(salt: &[u8; 32], secret: &[u8]) -> Self {
        // HKDF's first step, done here so that its result is wiped.
        let mut mac = keyed(salt);
        mac.update(secret);
        let extracted = Zeroizing::new(mac.finalize().into_bytes());
        let hkdf = Hkdf::from_prk(&extracted);
        // It refuses what is shorter than a digest, which this is not; the rest is the same in one.
        Self(hkdf.unwrap_or_else(|_| Hkdf::new(Some(salt), secret)))
    }

    /// The key for one purpose.
    pub(crate) fn key(&self, label: &[u8], rest: &[&[u8]]) -> Key {
        let mut key = Key::default();
        self.fill(label, rest, &mut *key);
        key
    }

    fn fill(&self, label: &[u8], rest: &[&[u8]], output: &mut [u8]) {
        let parts = [&[label], rest].concat();
        if self.0.expand_multi_info(&parts, output).is_err() {
            // HKDF gives up to 8160 bytes, and nobody here asks for more than 32. If someone
            // did, no key would be better than a short one.
            output.zeroize();
            debug_assert!(false, "too long an output of HKDF");
        }
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC itself fills a key with zeros up to this length.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    Hmac::new(&(*block).into())
}

/// HMAC-SHA256 of several parts.
pub(crate) fn tag(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed(key);
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Whether two tags are equal, in the same time wherever they differ.
pub(crate) fn equal(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

/// The keys of one file.
pub(crate) struct Schedule {
    expander: Expander,
    data_key: DataKey,
}

impl Schedule {
    pub(crate) fn new(data_key: DataKey, salt: &[u8; 32]) -> Self {
        Self { expander: Expander::new(salt, &data_key.0), data_key }
    }

    /// What recipients have wrapped.
    pub(crate) fn data_key(&self) -> &DataKey {
        &self.data_key
    }

    pub(crate) fn header_tag(&self, tagged: &[u8]) -> [u8; 32] {
        tag(&self.expander.key(b"b2-crypto/1 header", &[]), &[tagged])
    }

    pub(crate) fn is_header_tag(&self, tagged: &[u8], found: &[u8; 32]) -> bool {
        equal(&self.header_tag(tagged), found)
    }

    pub(crate) fn keyring_tag(&self, tagged: &[u8]) -> [u8; 32] {
        tag(&self.expander.key(b"b2-crypto/1 keyring", &[]), &[tagged])
    }

    /// Over what is kept beside a file, for one purpose.
    pub(crate) fn beside_tag(&self, purpose: &[u8], tagged: &[u8]) -> [u8; 32] {
        tag(&self.expander.key(b"b2-crypto/1 beside ", &[purpose]), &[tagged])
    }

    /// What the length of the content is hidden with.
    pub(crate) fn length_mask(&self) -> u64 {
        let mut mask = Zeroizing::new([0; 8]);
        self.expander.fill(b"b2-crypto/1 length", &[], &mut *mask);
        u64::from_be_bytes(*mask)
    }

    /// The key of the frames that were sealed in one session.
    pub(crate) fn frame_key(&self, kind: &[u8; KIND_LEN], session: &[u8; 16]) -> Key {
        self.expander.key(b"b2-crypto/1 frames", &[kind, session])
    }
}
