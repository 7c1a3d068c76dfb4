//! The data key, wrapped for one recipient.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use super::kdf::{Cost, Limits, PasswordKdf};
use super::prefix::part;
use super::schedule::{Expander, Key, equal, tag};
use crate::error::{OpenError, SealError};
use crate::random::Randomness;
use crate::secret::{DataKey, Password, RawKey};

/// Who a file is encrypted for.
#[derive(Clone, Debug)]
pub struct Recipient {
    secret: Secret,
    label: String,
}

#[derive(Clone, Debug)]
enum Secret {
    Password(Password, PasswordKdf),
    Raw(RawKey),
}

impl Recipient {
    /// Whoever knows the password. Keys come from it by [`PasswordKdf::DEFAULT`].
    pub fn password(password: Password) -> Self {
        Self { secret: Secret::Password(password, PasswordKdf::DEFAULT), label: String::new() }
    }

    /// Whoever has the key.
    pub fn raw_key(key: RawKey) -> Self {
        Self { secret: Secret::Raw(key), label: String::new() }
    }

    /// Derives keys in another way. For a raw key it changes nothing.
    #[must_use]
    pub fn with_kdf(mut self, chosen: PasswordKdf) -> Self {
        if let Secret::Password(_, kdf) = &mut self.secret {
            *kdf = chosen;
        }
        self
    }

    /// What opens the files that are encrypted for it.
    pub fn unlock(&self) -> Unlock {
        match &self.secret {
            Secret::Password(password, _) => Unlock::Password(password.clone()),
            Secret::Raw(key) => Unlock::RawKey(key.clone()),
        }
    }

    fn kind(&self) -> RecipientKind {
        match &self.secret {
            Secret::Password(_, kdf) => RecipientKind::Password(*kdf),
            Secret::Raw(_) => RecipientKind::RawKey,
        }
    }

    /// Names the recipient, so that it can be found and removed later. At most 255 bytes.
    ///
    /// The label is **not** encrypted: everybody who has the file can read it.
    #[must_use]
    pub fn with_label(self, label: &str) -> Self {
        Self { label: label.to_owned(), ..self }
    }
}

/// What opens a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Unlock {
    /// A password.
    Password(Password),
    /// A key.
    RawKey(RawKey),
}

/// What is needed of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecipientKind {
    /// A password, and how keys come from it.
    Password(PasswordKdf),
    /// A raw key.
    RawKey,
}

/// A recipient in a file: the file's data key, wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stanza {
    kind: RecipientKind,
    label: String,
    salt: [u8; 32],
    wrapped: [u8; 32],
    tag: [u8; 32],
}

const RAW_KIND: u8 = 2;
/// A stanza without its label.
pub(crate) const STANZA_LEN: usize = 110;

impl Stanza {
    pub(crate) fn wrap(
        recipient: &Recipient,
        data_key: &DataKey,
        file_salt: &[u8; 32],
        random: &mut dyn Randomness,
    ) -> Result<Self, SealError> {
        if recipient.label.len() > 255 {
            return Err(SealError::TooManyRecipients);
        }
        let mut salt = [0; 32];
        random.fill(&mut salt)?;
        let secret = match &recipient.secret {
            Secret::Raw(key) => Key::new(*key.expose()),
            Secret::Password(password, kdf) => kdf.derive(password, &salt)?,
        };
        let (kind, label) = (recipient.kind(), recipient.label.clone());
        let mut stanza = Self { kind, label, salt, wrapped: data_key.0, tag: [0; 32] };
        let expander = Expander::new(&salt, &*secret);
        stanza.wrapped = *stanza.padded(&expander);
        stanza.tag = stanza.expected_tag(&expander, file_salt);
        Ok(stanza)
    }

    /// The data key; `None` if this is somebody else's.
    pub(crate) fn unwrap(
        &self,
        unlock: &Unlock,
        file_salt: &[u8; 32],
        limits: &Limits,
    ) -> Result<Option<DataKey>, OpenError> {
        let secret = match (unlock, self.kind) {
            (Unlock::RawKey(key), RecipientKind::RawKey) => Key::new(*key.expose()),
            (Unlock::Password(password), RecipientKind::Password(kdf)) => {
                limits.check(kdf)?;
                match kdf.derive(password, &self.salt) {
                    Ok(key) => key,
                    Err(SealError::EmptyPassword) => return Ok(None),
                    Err(SealError::OutOfMemory) => return Err(OpenError::OutOfMemory),
                    Err(_) => return Err(OpenError::Malformed("its key derivation")),
                }
            }
            _ => return Ok(None),
        };
        let expander = Expander::new(&self.salt, &*secret);
        let own = equal(&self.expected_tag(&expander, file_salt), &self.tag);
        Ok(own.then(|| DataKey(*self.padded(&expander))))
    }

    /// Whether this is that recipient, with the same label and the same derivation of keys.
    pub(crate) fn is_of(
        &self,
        recipient: &Recipient,
        file_salt: &[u8; 32],
        limits: &Limits,
    ) -> Result<bool, OpenError> {
        let alike = self.label == recipient.label && self.kind == recipient.kind();
        Ok(alike && self.unwrap(&recipient.unlock(), file_salt, limits)?.is_some())
    }

    /// What it costs to try this; `None` if that is within no limit, or nothing is to be tried.
    pub(crate) fn cost(&self, unlock: &Unlock, limits: &Limits) -> Option<Cost> {
        match (unlock, self.kind) {
            (Unlock::Password(_), RecipientKind::Password(kdf)) => {
                limits.check(kdf).is_ok().then(|| Cost::of(kdf))
            }
            _ => None,
        }
    }

    /// Who this is for.
    pub fn kind(&self) -> RecipientKind {
        self.kind
    }

    /// What the recipient was named; not encrypted, and to be trusted only in an opened file.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Wraps and unwraps: the salt is never used twice, so neither is the pad.
    fn padded(&self, expander: &Expander) -> Key {
        let mut bytes = expander.key(b"b2-crypto/1 wrap", &[]);
        bytes.iter_mut().zip(self.wrapped).for_each(|(byte, wrapped)| *byte ^= wrapped);
        bytes
    }

    fn expected_tag(&self, expander: &Expander, file_salt: &[u8; 32]) -> [u8; 32] {
        let key = expander.key(b"b2-crypto/1 wrap tag", &[]);
        let (head, label) = (self.head(), self.label.as_bytes());
        tag(&key, &[file_salt, &head, &self.salt, &self.wrapped, label])
    }

    fn head(&self) -> [u8; 14] {
        let (kind, numbers) = match self.kind {
            RecipientKind::Password(kdf) => kdf.to_numbers(),
            RecipientKind::RawKey => (RAW_KIND, [0; 3]),
        };
        let mut head = [0; 14];
        head[0] = kind;
        // A label that is longer is refused where it comes in.
        head[1] = self.label.len() as u8;
        let places = head[2..].chunks_exact_mut(4).zip(numbers);
        places.for_each(|(place, number)| place.copy_from_slice(&number.to_be_bytes()));
        head
    }

    pub(crate) fn len(&self) -> usize {
        STANZA_LEN + self.label.len()
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.head());
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.wrapped);
        bytes.extend_from_slice(&self.tag);
        bytes.extend_from_slice(self.label.as_bytes());
    }

    /// Reads one, and gives what comes behind it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), OpenError> {
        let cut = || OpenError::Malformed("a recipient is cut");
        let (fixed, rest) = bytes.split_at_checked(STANZA_LEN).ok_or_else(cut)?;
        let (label, rest) = rest.split_at_checked(usize::from(fixed[1])).ok_or_else(cut)?;
        let number = |at| u32::from_be_bytes(part(fixed, at));
        let numbers = [number(2), number(6), number(10)];
        let kind = match (fixed[0], numbers) {
            (RAW_KIND, [0, 0, 0]) => RecipientKind::RawKey,
            (kind, numbers) => {
                let kdf = PasswordKdf::from_numbers(kind, numbers);
                RecipientKind::Password(kdf.ok_or(OpenError::Unknown("a kind of recipient"))?)
            }
        };
        let label = core::str::from_utf8(label);
        let label = label.map_err(|_| OpenError::Malformed("a label is not UTF-8"))?.to_owned();
        let (salt, wrapped, tag) = (part(fixed, 14), part(fixed, 46), part(fixed, 78));
        Ok((Self { kind, label, salt, wrapped, tag }, rest))
    }
}
