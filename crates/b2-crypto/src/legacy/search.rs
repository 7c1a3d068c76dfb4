//! Finding out how a file was made from what one knows about it.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::{Derivation, Hash, KeyOrder, Padding, PasswordEncoding, Profile, Stretching, Suite};

/// A piece of evidence: the beginning of a ciphertext and what it decrypts to.
///
/// Does not print what it holds.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Sample<'a> {
    /// The beginning of the ciphertext, at least as long as the plaintext rounded up to blocks.
    pub ciphertext: &'a [u8],
    /// The beginning of the content. Eight bytes or more, or the wrong profile may fit by chance;
    /// with none at all nothing fits.
    pub plaintext: &'a [u8],
    /// The initialization vector or nonce, if it is known: then only the key is derived, and that of
    /// a profile does not count.
    pub iv: Option<&'a [u8]>,
}

impl<'a> Sample<'a> {
    /// The beginnings of a ciphertext and of its content.
    pub fn new(ciphertext: &'a [u8], plaintext: &'a [u8]) -> Self {
        Self { ciphertext, plaintext, iv: None }
    }

    /// Says what the initialization vector or nonce is. Search with [`KeyOrder::KeyOnly`] then, or
    /// the same key is tried several times.
    #[must_use]
    pub fn with_iv(self, iv: &'a [u8]) -> Self {
        Self { iv: Some(iv), ..self }
    }
}

impl fmt::Debug for Sample<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Sample");
        told.field("plaintext_len", &self.plaintext.len()).finish_non_exhaustive()
    }
}

/// Tries derivations of a password until one decrypts a sample.
///
/// It begins with what is most likely, and every list can be replaced. The number of tries is the
/// product of all lists.
///
/// ```
/// use b2_crypto::legacy::{Algorithm, Hash, Profile, ProfileSearch, Sample, Suite};
///
/// # fn main() -> Result<(), b2_crypto::legacy::ProfileError> {
/// # let suite = Suite::new(Algorithm::Aes);
/// # let made_with = Profile::openssl(Hash::Md5);
/// # let mut ciphertext = Vec::new();
/// # let mut encryptor = made_with.encryptor("correct horse", &suite)?;
/// # encryptor.update(b"%PDF-1.7 and more", &mut ciphertext)?;
/// # encryptor.finish(&mut ciphertext)?;
/// // Somebody gave us an encrypted PDF, its password, and nothing else.
/// let sample = Sample::new(&ciphertext, b"%PDF-1.7");
/// let search = ProfileSearch::new(vec![Suite::new(Algorithm::Aes)]);
/// let (profile, suite) = search.run("correct horse", &sample).next().unwrap();
/// # assert_eq!(profile, made_with);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProfileSearch {
    suites: Vec<Suite>,
    derivations: Vec<Derivation>,
    hashes: Vec<Hash>,
    iterations: Vec<u32>,
    salts: Vec<Vec<u8>>,
    encodings: Vec<PasswordEncoding>,
    orders: Vec<KeyOrder>,
}

impl ProfileSearch {
    /// A search over these suites with both derivations, every stretching rule, hash and order,
    /// no salt, a UTF-8 password, and usual numbers of iterations from 1 to 10000.
    pub fn new(suites: Vec<Suite>) -> Self {
        let mut derivations: Vec<Derivation> =
            [Stretching::OpenSsl, Stretching::DotNet, Stretching::CryptDeriveKey]
                .map(Derivation::Pbkdf1)
                .to_vec();
        derivations.push(Derivation::Pbkdf2);
        Self {
            suites,
            derivations,
            hashes: Hash::ALL.to_vec(),
            iterations: vec![1, 10, 100, 1000, 1024, 2048, 4096, 10_000],
            salts: vec![Vec::new()],
            encodings: vec![PasswordEncoding::Utf8],
            orders: vec![
                KeyOrder::KeyThenIv,
                KeyOrder::IvThenKey,
                KeyOrder::KeyOnly,
                KeyOrder::BothFromStart,
                KeyOrder::KeyThenIvApart,
            ],
        }
    }

    /// Replaces the derivations that are tried.
    #[must_use]
    pub fn with_derivations(self, derivations: Vec<Derivation>) -> Self {
        Self { derivations, ..self }
    }

    /// Replaces the hashes that are tried.
    #[must_use]
    pub fn with_hashes(self, hashes: Vec<Hash>) -> Self {
        Self { hashes, ..self }
    }

    /// Replaces the numbers of iterations that are tried.
    #[must_use]
    pub fn with_iterations(self, iterations: Vec<u32>) -> Self {
        Self { iterations, ..self }
    }

    /// Replaces the salts that are tried.
    #[must_use]
    pub fn with_salts(self, salts: Vec<Vec<u8>>) -> Self {
        Self { salts, ..self }
    }

    /// Replaces the encodings that are tried.
    #[must_use]
    pub fn with_encodings(self, encodings: Vec<PasswordEncoding>) -> Self {
        Self { encodings, ..self }
    }

    /// Replaces the orders that are tried.
    #[must_use]
    pub fn with_orders(self, orders: Vec<KeyOrder>) -> Self {
        Self { orders, ..self }
    }

    /// How many combinations there are.
    pub fn tries(&self) -> usize {
        [
            self.suites.len(),
            self.derivations.len(),
            self.hashes.len(),
            self.iterations.len(),
            self.salts.len(),
            self.encodings.len(),
            self.orders.len(),
        ]
        .into_iter()
        .fold(1, usize::saturating_mul)
    }

    /// Every profile and suite that decrypts the sample, found while iterating.
    pub fn run<'a>(
        &'a self,
        password: &'a str,
        sample: &'a Sample<'a>,
    ) -> impl Iterator<Item = (Profile, Suite)> + 'a {
        let tries = (0..self.tries()).map(|number| self.combination(number));
        let tries = tries.filter(|(profile, _)| !is_another(profile, &self.orders));
        tries.filter(|(profile, suite)| fits(profile, suite, password, sample))
    }

    /// The combination with this number. Fewer iterations come first, as they are quicker.
    fn combination(&self, number: usize) -> (Profile, Suite) {
        let mut rest = number;
        let mut digit = |base: usize| {
            let digit = rest % base;
            rest /= base;
            digit
        };
        let order = self.orders[digit(self.orders.len())];
        let suite = self.suites[digit(self.suites.len())];
        let hash = self.hashes[digit(self.hashes.len())];
        let derivation = self.derivations[digit(self.derivations.len())];
        let encoding = self.encodings[digit(self.encodings.len())];
        let salt = &self.salts[digit(self.salts.len())];
        let iterations = self.iterations[digit(self.iterations.len())];
        let profile = Profile::new(derivation, iterations).with_hash(hash).with_salt(salt);
        (profile.with_encoding(encoding).with_order(order), suite)
    }
}

/// Whether another order that is tried makes the same key and IV: only one rule knows who asks
/// twice.
fn is_another(profile: &Profile, orders: &[KeyOrder]) -> bool {
    profile.order() == KeyOrder::KeyThenIvApart
        && profile.derivation() != Derivation::Pbkdf1(Stretching::DotNet)
        && orders.contains(&KeyOrder::KeyThenIv)
}

fn fits(profile: &Profile, suite: &Suite, password: &str, sample: &Sample<'_>) -> bool {
    let wanted = sample.plaintext;
    if wanted.is_empty() {
        return false;
    }
    let needed = wanted.len().next_multiple_of(suite.block_len());
    let Some(beginning) = sample.ciphertext.get(..needed) else {
        return false;
    };
    // Only the beginning is looked at, so there is no padding yet.
    let suite = suite.with_padding(Padding::None);
    let mut opened = Vec::with_capacity(needed);
    let decrypted = profile.derive(password, &suite).and_then(|derived| {
        let iv = sample.iv.unwrap_or_else(|| derived.expose_iv());
        let mut decryptor = suite.decryptor(derived.expose_key(), iv)?;
        Ok(decryptor.update(beginning, &mut opened)?)
    });
    decrypted.is_ok() && opened.starts_with(wanted)
}
