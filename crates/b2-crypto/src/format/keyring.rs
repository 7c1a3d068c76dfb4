//! Everybody who can open a file.

use alloc::vec::Vec;

use super::kdf::Limits;
use super::prefix::{PREFIX_LEN, part};
use super::schedule::{Schedule, equal};
use super::stanza::{Stanza, Unlock};
use crate::error::{OpenError, SealError};
use crate::secret::DataKey;

/// Length, count and two bytes of nothing.
const HEAD_LEN: usize = 8;
const TAG_LEN: usize = 32;
/// A header, prefix included, takes a multiple of this, so that recipients can be added in place.
const ROOM: usize = 1024;
const MOST_STANZAS: usize = 64;
/// The longest keyring, in bytes.
pub(crate) const MOST_LEN: usize = 65_536;

/// The recipients of a file, signed with its data key.
///
/// It stands in the file behind the prefix, and may also be kept elsewhere, such as in the file
/// info of B2: whoever can open the file can make another keyring for it, without touching a
/// frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyring {
    stanzas: Vec<Stanza>,
    bytes: Vec<u8>,
}

impl Keyring {
    /// Signs these recipients. `room` is how long it should be at least; it is filled with zeros.
    pub(crate) fn new(
        stanzas: Vec<Stanza>,
        schedule: &Schedule,
        room: usize,
    ) -> Result<Self, SealError> {
        if stanzas.is_empty() {
            return Err(SealError::NoRecipient);
        }
        let needed = HEAD_LEN + TAG_LEN + stanzas.iter().map(Stanza::len).sum::<usize>();
        let len = needed.max(room);
        if stanzas.len() > MOST_STANZAS || len > MOST_LEN {
            return Err(SealError::TooManyRecipients);
        }
        let mut bytes = Vec::with_capacity(len);
        // Both were just found to be small.
        bytes.extend_from_slice(&(len as u32).to_be_bytes());
        bytes.extend_from_slice(&(stanzas.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&[0; 2]);
        stanzas.iter().for_each(|stanza| stanza.write(&mut bytes));
        bytes.resize(len - TAG_LEN, 0);
        let tag = schedule.keyring_tag(&bytes);
        bytes.extend_from_slice(&tag);
        Ok(Self { stanzas, bytes })
    }

    /// As [`new`](Self::new), as long as makes the header a multiple of 1 KiB.
    pub(crate) fn roomy(stanzas: Vec<Stanza>, schedule: &Schedule) -> Result<Self, SealError> {
        let needed = HEAD_LEN + TAG_LEN + stanzas.iter().map(Stanza::len).sum::<usize>();
        let header = (PREFIX_LEN + needed).next_multiple_of(ROOM);
        Self::new(stanzas, schedule, header - PREFIX_LEN)
    }

    /// Reads a keyring at the beginning of `bytes`; what comes behind it is not looked at.
    ///
    /// Nothing of it can be trusted until a file was unlocked with it.
    ///
    /// # Errors
    ///
    /// If it is cut or damaged.
    pub fn parse(bytes: &[u8]) -> Result<Self, OpenError> {
        let Some(head) = bytes.first_chunk::<HEAD_LEN>() else {
            return Err(OpenError::Incomplete { needed: HEAD_LEN });
        };
        let malformed = OpenError::Malformed;
        let len = usize::try_from(u32::from_be_bytes(part(head, 0))).unwrap_or(usize::MAX);
        if !(HEAD_LEN + TAG_LEN..=MOST_LEN).contains(&len) {
            return Err(malformed("the length of its recipients is out of range"));
        }
        let count = usize::from(u16::from_be_bytes(part(head, 4)));
        if count == 0 || count > MOST_STANZAS {
            return Err(malformed("the number of its recipients is out of range"));
        }
        if head[6..] != [0; 2] {
            return Err(malformed("a reserved field is not zero"));
        }
        let bytes = bytes.get(..len).ok_or(OpenError::Incomplete { needed: len })?;
        let mut rest = &bytes[HEAD_LEN..len - TAG_LEN];
        let mut stanzas = Vec::with_capacity(count);
        for _ in 0..count {
            let (stanza, behind) = Stanza::parse(rest)?;
            stanzas.push(stanza);
            rest = behind;
        }
        if rest.iter().any(|byte| *byte != 0) {
            return Err(malformed("there is something behind its recipients"));
        }
        Ok(Self { stanzas, bytes: bytes.to_vec() })
    }

    /// The bytes, to be put into a header or elsewhere.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The recipients.
    pub fn stanzas(&self) -> &[Stanza] {
        &self.stanzas
    }

    /// Whether it was made by someone who can open the file.
    pub(crate) fn is_by(&self, schedule: &Schedule) -> bool {
        let (tagged, tag) = self.bytes.split_at(self.bytes.len() - TAG_LEN);
        equal(&schedule.keyring_tag(tagged), &part(tag, 0))
    }

    /// The data key, if any recipient is the one that unlocks. What all of them cost is looked at
    /// before the first is tried, and `go_on` is asked before each.
    pub(crate) fn unwrap(
        &self,
        unlock: &Unlock,
        file_salt: &[u8; 32],
        limits: &Limits,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<DataKey, OpenError> {
        let cost = |stanza: &Stanza| stanza.cost(unlock, limits);
        let costs: Vec<_> = self.stanzas.iter().filter_map(cost).collect();
        limits.check_all(&costs)?;
        let mut stanzas: Vec<_> = self.stanzas.iter().collect();
        stanzas.sort_by_key(|stanza| cost(stanza).unwrap_or_default().rank());
        let mut refusal = OpenError::WrongKey;
        for stanza in stanzas {
            if !go_on() {
                return Err(OpenError::Stopped);
            }
            match stanza.unwrap(unlock, file_salt, limits) {
                Ok(Some(key)) => return Ok(key),
                Ok(None) => {}
                // Another recipient may be cheaper.
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}
