//! Everything that two programs have to agree upon to make the same key from a password.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::{Decryptor, Encryptor, Hash, ProfileError, Stretching, Suite, pbkdf1};

/// How the bytes of key and IV come from a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Derivation {
    /// PBKDF1 (RFC 8018), stretched by a rule where one digest is not enough. The class's
    /// `EncryptionPasswordKDF` 0.
    Pbkdf1(Stretching),
    /// PBKDF2 (RFC 8018) with HMAC. The class's `EncryptionPasswordKDF` 1.
    Pbkdf2,
}

/// Which bytes a password stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PasswordEncoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// One byte a character, by its number; others than the first 256 are refused.
    Latin1,
    /// UTF-16, the low byte first, without a mark.
    Utf16Le,
}

/// Which derived bytes are the key and which the IV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyOrder {
    /// First the key, then the IV.
    #[default]
    KeyThenIv,
    /// First the IV, then the key.
    IvThenKey,
    /// Only the key is derived; the IV is zeros.
    KeyOnly,
    /// Key and IV are derived apart, both from the beginning of the output.
    BothFromStart,
    /// First the key, then the IV, asked for one after the other. It makes a difference for
    /// [`Stretching::DotNet`] only: where a request leaves a part of a digest, .NET's
    /// `PasswordDeriveBytes` begins the next one with other bytes of what it has kept than those
    /// that follow, a fault that it keeps for the sake of old data.
    KeyThenIvApart,
}

/// How a password becomes key and IV.
///
/// No file says which profile made it, and the class's documentation leaves most of it open;
/// [`ProfileSearch`](super::ProfileSearch) finds the profile of a file whose password and
/// beginning are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub(super) derivation: Derivation,
    pub(super) hash: Hash,
    pub(super) iterations: u32,
    pub(super) salt: Vec<u8>,
    pub(super) encoding: PasswordEncoding,
    pub(super) order: KeyOrder,
}

/// A key and an IV. They are wiped when this is dropped and do not print.
pub struct DerivedKey {
    key: Zeroizing<Vec<u8>>,
    iv: Zeroizing<Vec<u8>>,
}

impl DerivedKey {
    /// The key. Whoever calls this takes care that it is not printed.
    pub fn expose_key(&self) -> &[u8] {
        &self.key
    }

    /// The IV. Whoever calls this takes care that it is not printed.
    pub fn expose_iv(&self) -> &[u8] {
        &self.iv
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(..)")
    }
}

impl Profile {
    /// A profile with SHA-1, no salt, a UTF-8 password, and the key before the IV.
    pub fn new(derivation: Derivation, iterations: u32) -> Self {
        Self {
            derivation,
            iterations,
            hash: Hash::default(),
            salt: Vec::new(),
            encoding: PasswordEncoding::default(),
            order: KeyOrder::default(),
        }
    }

    /// What `openssl enc -k PASSWORD -nosalt -md HASH` does: one iteration of PBKDF1.
    pub fn openssl(hash: Hash) -> Self {
        Self::new(Derivation::Pbkdf1(Stretching::OpenSsl), 1).with_hash(hash)
    }

    /// What `openssl enc -k PASSWORD -nosalt -pbkdf2 -iter N -md HASH` does.
    pub fn openssl_pbkdf2(hash: Hash, iterations: u32) -> Self {
        Self::new(Derivation::Pbkdf2, iterations).with_hash(hash)
    }

    /// Chooses the hash.
    #[must_use]
    pub fn with_hash(self, hash: Hash) -> Self {
        Self { hash, ..self }
    }

    /// Chooses the salt, which both sides must have.
    #[must_use]
    pub fn with_salt(self, salt: &[u8]) -> Self {
        Self { salt: salt.to_vec(), ..self }
    }

    /// Chooses which bytes a password stands for.
    #[must_use]
    pub fn with_encoding(self, encoding: PasswordEncoding) -> Self {
        Self { encoding, ..self }
    }

    /// Chooses which derived bytes are the key and which the IV.
    #[must_use]
    pub fn with_order(self, order: KeyOrder) -> Self {
        Self { order, ..self }
    }

    /// How bytes come from the password.
    pub fn derivation(&self) -> Derivation {
        self.derivation
    }

    /// The hash.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// How often it hashes.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// The salt; empty if there is none.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Which bytes the password stands for.
    pub fn encoding(&self) -> PasswordEncoding {
        self.encoding
    }

    /// Which derived bytes are the key and which the IV.
    pub fn order(&self) -> KeyOrder {
        self.order
    }

    /// The key and IV of a password, as long as `suite` needs them.
    ///
    /// # Errors
    ///
    /// If the rule gives too few bytes, or the encoding lacks a character.
    pub fn derive(&self, password: &str, suite: &Suite) -> Result<DerivedKey, ProfileError> {
        let password = self.encoding.bytes(password)?;
        let (key, iv) = (suite.key_len(), suite.iv_len());
        let derived = |len| self.derived(&password, len);
        let (key, iv) = match self.order {
            KeyOrder::KeyThenIv => split(&derived(key + iv)?, key),
            KeyOrder::IvThenKey => {
                let (iv, key) = split(&derived(iv + key)?, iv);
                (key, iv)
            }
            KeyOrder::KeyOnly => (derived(key)?, Zeroizing::new(vec![0; iv])),
            KeyOrder::BothFromStart => (derived(key)?, derived(iv)?),
            KeyOrder::KeyThenIvApart => {
                let (first, mut second) = split(&derived(key + iv)?, key);
                if self.derivation == Derivation::Pbkdf1(Stretching::DotNet) {
                    asked_again(&derived(key + iv)?, self.hash.digest_len(), key, &mut second)?;
                }
                (first, second)
            }
        };
        Ok(DerivedKey { key, iv })
    }

    /// Begins an encryption with a password.
    ///
    /// # Errors
    ///
    /// As [`derive`](Self::derive) and [`Suite::encryptor`].
    pub fn encryptor(&self, password: &str, suite: &Suite) -> Result<Encryptor, ProfileError> {
        let derived = self.derive(password, suite)?;
        Ok(suite.encryptor(&derived.key, &derived.iv)?)
    }

    /// Begins a decryption with a password.
    ///
    /// # Errors
    ///
    /// As [`derive`](Self::derive) and [`Suite::decryptor`].
    pub fn decryptor(&self, password: &str, suite: &Suite) -> Result<Decryptor, ProfileError> {
        let derived = self.derive(password, suite)?;
        Ok(suite.decryptor(&derived.key, &derived.iv)?)
    }

    fn derived(&self, password: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, ProfileError> {
        let mut output = Zeroizing::new(vec![0; len]);
        match self.derivation {
            Derivation::Pbkdf1(stretching) => {
                let (salt, iterations) = (&self.salt, self.iterations);
                pbkdf1(self.hash, password, salt, iterations, stretching, &mut output)?;
            }
            Derivation::Pbkdf2 if self.iterations == 0 => return Err(ProfileError::NoIterations),
            Derivation::Pbkdf2 => {
                self.hash.pbkdf2(password, &self.salt, self.iterations, &mut output);
            }
        }
        Ok(output)
    }
}

fn split(bytes: &[u8], at: usize) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
    let (front, back) = bytes.split_at(at);
    (Zeroizing::new(front.to_vec()), Zeroizing::new(back.to_vec()))
}

/// What .NET gives behind the first `asked` bytes, as it is known: if fewer bytes were kept than
/// are asked for now, they are taken from where their number is, and not from where they begin.
fn asked_again(
    stream: &[u8],
    digest: usize,
    asked: usize,
    output: &mut [u8],
) -> Result<(), ProfileError> {
    let made = asked.next_multiple_of(digest);
    let kept = made - asked;
    if kept < output.len() {
        // .NET reads beyond its buffer here, and throws.
        let taken = stream.get(kept..2 * kept).filter(|_| 2 * kept <= made);
        let taken = taken.ok_or(ProfileError::TooShort { limit: made, wanted: 2 * kept })?;
        output[..kept].copy_from_slice(taken);
    }
    Ok(())
}

impl PasswordEncoding {
    fn bytes(self, password: &str) -> Result<Zeroizing<Vec<u8>>, ProfileError> {
        // Room for the longest form, so that no copy of a password is left behind by growing.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * password.len()));
        match self {
            Self::Utf8 => bytes.extend_from_slice(password.as_bytes()),
            Self::Latin1 => {
                for character in password.chars() {
                    let byte = u8::try_from(u32::from(character));
                    bytes.push(byte.map_err(|_| ProfileError::Encoding)?);
                }
            }
            Self::Utf16Le => bytes.extend(password.encode_utf16().flat_map(u16::to_le_bytes)),
        }
        Ok(bytes)
    }
}
