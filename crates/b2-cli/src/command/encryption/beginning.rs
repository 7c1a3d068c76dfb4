//! What a file begins with, and which of two headers counts if another one lies beside it.

use std::io::Read;
use std::path::Path;

use b2_crypto::{Header, Limits, OpenError, OpenFile, USUAL_HEADER_LEN, Unlock};

use crate::command::encryption::failure::EncryptionFailure;
use crate::command::encryption::pending::{self, Beside, Pending};
use crate::failure::Failure;

/// The beginning of a file, read and not yet believed.
pub(super) struct Beginning {
    /// Everything that was read: at least the header.
    pub(super) bytes: Vec<u8>,
    /// After a crash it may be half of one and half of another.
    own: Result<Header, OpenError>,
    beside: Beside,
}

/// A file that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    /// The header that counts.
    pub(super) header: Header,
    pub(super) file: OpenFile,
    /// Which of the secrets has opened it.
    pub(super) by: usize,
    /// Whether the header has still to be written into the file.
    pub(super) pending: bool,
}

type Unlocked = Result<(OpenFile, usize), OpenError>;

impl Beginning {
    /// Reads the header of the file at `path`, and what lies beside it; `-` is standard input, and
    /// beside that is nothing.
    pub(super) fn read(file: &mut impl Read, path: &Path) -> Result<Self, Failure> {
        let unreadable = |source| Failure::local(format!("cannot read {}", path.display()), source);
        let mut bytes = Vec::new();
        let mut needed = USUAL_HEADER_LEN;
        let own = loop {
            let more = needed.saturating_sub(bytes.len()) as u64;
            let read = file.by_ref().take(more).read_to_end(&mut bytes).map_err(unreadable)?;
            let parsed = Header::parse(&bytes);
            match (&parsed, said_len(&bytes)) {
                (Err(OpenError::Incomplete { needed: more }), _) if read > 0 => needed = *more,
                // It is torn within its beginning, and the rest is wanted nevertheless.
                (Err(_), Some(more)) if read > 0 && more > bytes.len() => needed = more,
                _ => break parsed,
            }
        };
        let beside = match path.as_os_str() == "-" {
            true => Beside::Nothing,
            false => pending::left(path, &bytes),
        };
        Ok(Self { bytes, own, beside })
    }

    /// The header as far as it can be told without a secret: that of the file, unless that is torn.
    pub(super) fn header(&self) -> Result<&Header, EncryptionFailure> {
        match (&self.own, &self.beside) {
            (Err(_), Beside::Pending(pending)) => Ok(&pending.header),
            (own, _) => Ok(own.as_ref().map_err(Clone::clone)?),
        }
    }

    /// Whether a header could not be left beside the file, as something else is there or as there
    /// is no room for its name.
    pub(super) fn is_taken(&self, opened: &Result<Opened, OpenError>) -> bool {
        let counted = matches!(opened, Ok(Opened { pending: true, .. }));
        !counted && !matches!(self.beside, Beside::Nothing)
    }

    /// What to say of a file that lies there before anything was opened.
    pub(super) fn told(&self) -> Option<String> {
        let (place, what) = match &self.beside {
            Beside::Nothing | Beside::NoPlace => return None,
            Beside::Unreadable(place, error) => return Some(unreadable(place, error)),
            Beside::Pending(pending) => (&pending.place, "a change that was interrupted, it seems"),
            Beside::Other(place) => (place, "perhaps the rest of a change that was interrupted"),
        };
        let place = place.display();
        Some(format!("{place} lies beside it: {what}, which `b2 recipients` finishes; keep it"))
    }

    /// Opens the file with the first of these secrets that does.
    ///
    /// What lies beside the file counts only if it is by somebody who could open it: that is seen
    /// with the key of the file, which the header of the file gives, or after a crash one of the
    /// two that lie beside it. If it counts nothing else does, so that a change is made or not.
    ///
    /// # Errors
    ///
    /// That of the header that counts.
    pub(super) fn open(&self, unlocks: &[Unlock]) -> Result<Opened, OpenError> {
        let own = self.own.clone().and_then(|header| {
            let (file, by) = unlocked(&header, unlocks)?;
            Ok(Opened { header, file, by, pending: false })
        });
        let Beside::Pending(pending) = &self.beside else {
            return own;
        };
        match own {
            Ok(own) if pending.is_by(&own.file) => {
                unlocked(&pending.header, unlocks).map(|by| counts(pending, by))
            }
            Ok(own) => Ok(own),
            Err(error) => self.torn(pending, unlocks, error),
        }
    }

    /// As [`open`](Self::open), if the file's own header does not open it.
    fn torn(
        &self,
        pending: &Pending,
        unlocks: &[Unlock],
        error: OpenError,
    ) -> Result<Opened, OpenError> {
        let new = unlocked(&pending.header, unlocks);
        let genuine =
            |unlocked: &Unlocked| unlocked.as_ref().is_ok_and(|(file, _)| pending.is_by(file));
        let own = self.own.as_ref().ok();
        if genuine(&new) {
            return new.map(|by| counts(pending, by));
        }
        // Whoever was removed is told so, and not that the file was damaged.
        let removed = own != Some(&pending.before) && genuine(&unlocked(&pending.before, unlocks));
        match new {
            Err(new) if removed || own.is_none() => Err(new),
            _ => Err(error),
        }
    }

    /// What to say of a file that lies there and did not count. To remove it is advised only if the
    /// file was opened without it: else it may be all that is left of the header.
    pub(super) fn doubt(&self, opened: &Result<Opened, OpenError>) -> Option<String> {
        let place = match (&self.beside, opened) {
            (Beside::Nothing | Beside::NoPlace, _) | (_, Ok(Opened { pending: true, .. })) => {
                return None;
            }
            (Beside::Unreadable(place, error), _) => return Some(unreadable(place, error)),
            (_, Err(OpenError::WrongKey)) => return None,
            (_, Err(_)) => return self.told(),
            (Beside::Pending(pending), Ok(_)) => &pending.place,
            (Beside::Other(place), Ok(_)) => place,
        };
        Some(format!(
            "warning: {} was not used, as it is no change of the file as it is now; \
             if nobody is changing it at this moment, remove it",
            place.display()
        ))
    }
}

fn unreadable(place: &Path, error: &std::io::Error) -> String {
    let place = place.display();
    format!(
        "warning: {place} lies beside it and cannot be read ({error}): it may be the rest of a \
         change that was interrupted; keep it, and try again as the user whose it is"
    )
}

fn counts(pending: &Pending, (file, by): (OpenFile, usize)) -> Opened {
    Opened { header: pending.header.clone(), file, by, pending: true }
}

/// Opens with the first secret that does. The error is that of the first one.
fn unlocked(header: &Header, unlocks: &[Unlock]) -> Unlocked {
    let mut first = Err(OpenError::WrongKey);
    for (by, unlock) in unlocks.iter().enumerate() {
        match header.unlock(unlock, &Limits::default()) {
            Ok(file) => return Ok((file, by)),
            Err(error) if by == 0 => first = Err(error),
            Err(_) => {}
        }
    }
    first
}

/// How long the header says to be, whatever else it says.
fn said_len(bytes: &[u8]) -> Option<usize> {
    /// The longest header there is.
    const LONGEST: usize = PREFIX + 65_536;
    /// What comes before the length.
    const PREFIX: usize = 84;
    let len = bytes.get(PREFIX..)?.first_chunk()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    Some(PREFIX + len).filter(|len| Header::is_likely(bytes) && *len <= LONGEST)
}
