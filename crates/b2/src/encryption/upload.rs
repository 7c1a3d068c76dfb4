//! Before an encrypted upload: keys, header, and what is left of an earlier
//! run.

use std::sync::Arc;

use b2_core::error::{Error, LocalError, RequestError};
use b2_core::upload::{CannotResume, Resume, StoredFile, WholeDigest};
use b2_crypto::{
    Encrypted, EncryptedError, Header, Limits, NewFile, NoRandomness, OpenError, OpenFile,
    Recipient, SealError, SealOptions,
};

use crate::drive::Ends;
use crate::encryption::choice::{Cipher, ClientEncryption};
use crate::encryption::classic::ClassicCipher;
use crate::encryption::late::LateJournal;
use crate::encryption::source::{EncryptedSource, Plain};
use crate::encryption::{Sealed, deriving, failure, info};
use crate::run::Run;
use crate::source::Source;
use crate::upload::{self, Upload, not_a_stream};

/// Encrypts and uploads. To derive keys, and to compare the content with that
/// of an earlier run, takes a while and comes first.
pub(crate) fn run(
    upload: Upload,
    encryption: ClientEncryption,
) -> Run<b2_core::Upload, StoredFile> {
    let context = Arc::clone(upload.context());
    let journal = Arc::new(LateJournal::default());
    let source = Some(upload.source().bytes_at());
    let ends = Ends { source, journal: Some(Arc::clone(&journal) as _), ..Ends::default() };
    let prepare = move |ends: &Ends| {
        let mut work = Preparation { upload, ends };
        let prepared = match &encryption.0 {
            Cipher::Framed { recipients, options } => work.framed(recipients, options),
            Cipher::Classic(cipher) => work.classic(cipher),
        };
        let (operation, prepared) = prepared.and_then(|()| work.upload.complete_any())?;
        if let Some(opened) = &prepared.journal {
            journal.set(opened);
        }
        Ok((operation, prepared))
    };
    Run::prepared(&context, ends, Box::new(prepare)).then(upload::settle)
}

/// What the operating system has of randomness.
pub(crate) fn system(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(bytes).map_err(|_| NoRandomness)
}

struct Preparation<'a> {
    upload: Upload,
    ends: &'a Ends,
}

impl Preparation<'_> {
    fn framed(&mut self, recipients: &[Recipient], options: &SealOptions) -> Result<(), Error> {
        let Some(len) = self.upload.source().len() else {
            return self.stream(recipients, options);
        };
        let file = self.begun(recipients, options, Some(len))?;
        let new = file.encrypt(self.plain()).map_err(unsealed)?;
        self.upload.mark(info::FRAMED, (!options.hide_length).then_some(len))?;
        let state = [&new.session()[..], new.header()].concat();
        let left = self.open_journal(new.layout().ciphertext_len(), info::encode(&state))?;
        let encrypted = match left {
            None => new,
            Some(left) => self.again(&left, recipients, options)?,
        };
        let encrypted = EncryptedSource::new(encrypted);
        let len = encrypted.ciphertext_len();
        self.upload.replace_source(|source| source.behind(Arc::new(encrypted), len));
        Ok(())
    }

    /// Nobody knows the length, so the header says that; the last frame tells
    /// that it is the last.
    fn stream(&mut self, recipients: &[Recipient], options: &SealOptions) -> Result<(), Error> {
        let file = self.begun(recipients, options, None)?;
        self.upload.mark(info::FRAMED, None)?;
        let sealed = self.upload.seal_stream(|reader| Sealed::new(reader, file.encryptor()));
        sealed.map_err(|error| LocalError::source(error).into())
    }

    fn plain(&self) -> Plain {
        Plain(self.upload.source().bytes_at())
    }

    /// Keys and header of a new file.
    fn begun(
        &self,
        recipients: &[Recipient],
        options: &SealOptions,
        len: Option<u64>,
    ) -> Result<NewFile, Error> {
        let new = || NewFile::new(recipients, options, len, &mut system).map_err(failure::seal);
        let begun = deriving::alone(&self.ends.control, deriving::any_password(recipients), new);
        Ok(begun.ok_or(Error::Cancelled)??)
    }

    /// Opens the journal. Gives what an earlier run has left there.
    fn open_journal(&mut self, len: u64, state: String) -> Result<Option<Resume>, Error> {
        let left = self.upload.open_journal(len, Some(state))?;
        if !left.begun() {
            return Ok(None);
        }
        // Told before anything is read or derived.
        if left.modified_ms != self.upload.source().modified_ms() {
            return Err(cannot(CannotResume::Modified));
        }
        Ok(Some(left))
    }

    /// The ciphertext of the earlier run, once more.
    fn again(
        &self,
        left: &Resume,
        recipients: &[Recipient],
        options: &SealOptions,
    ) -> Result<Encrypted<Plain>, Error> {
        let another = || cannot(CannotResume::ClientEncryption);
        let state = left.client_encryption.as_deref().and_then(info::decode).ok_or_else(another)?;
        let (session, header) = state.split_first_chunk().ok_or_else(another)?;
        let header = Header::parse(header).map_err(|_| another())?;
        let digest = left.digest.ok_or_else(|| cannot(CannotResume::NoDigest))?;
        let control = &self.ends.control;
        let mut wanted = || control.wishes().stop.is_none();
        let unlock = || unlocked(&header, recipients, options, &mut wanted);
        let open = deriving::alone(control, deriving::any_password(recipients), unlock);
        let open = match open.ok_or(Error::Cancelled)? {
            Err(OpenError::Stopped) => return Err(Error::Cancelled),
            open => open.map_err(|_| another())?,
        };
        let reseal = open.reseal(&header, *session, self.plain()).map_err(unsealed)?;
        let same = reseal.confirm(digest.as_bytes(), &mut |bytes| {
            self.ends.meter.hashed(bytes);
            self.ends.control.wishes().stop.is_none()
        });
        same.map_err(unsealed)
    }

    fn classic(&mut self, cipher: &ClassicCipher) -> Result<(), Error> {
        let len = self.upload.source().len().ok_or_else(not_a_stream)?;
        let plain = self.upload.source().bytes_at();
        let (file, ciphertext_len, digest) = cipher.encrypt(&*plain, self.ends)?;
        self.upload.mark(info::CLASSIC, Some(len))?;
        if let Some(left) = self.open_journal(ciphertext_len, info::CLASSIC.to_owned())? {
            match left.digest {
                _ if left.client_encryption.as_deref() != Some(info::CLASSIC) => {
                    return Err(cannot(CannotResume::ClientEncryption));
                }
                None => return Err(cannot(CannotResume::NoDigest)),
                Some(before) if before != digest => return Err(cannot(CannotResume::Content)),
                Some(_) => {}
            }
        }
        let spooled = Source::spooled(file, ciphertext_len);
        self.upload.replace_source(|source| source.behind(spooled.into_bytes(), ciphertext_len));
        self.upload.know_digest(WholeDigest::Known(digest));
        Ok(())
    }
}

/// The file of an earlier run, if it was made in the same way for the same
/// recipients.
fn unlocked(
    header: &Header,
    recipients: &[Recipient],
    options: &SealOptions,
    wanted: &mut dyn FnMut() -> bool,
) -> Result<OpenFile, OpenError> {
    let alike = header.keyring().stanzas().len() == recipients.len()
        && header.aead() == options.aead
        && header.hides_length() == options.hide_length
        && options.frame_size.is_none_or(|size| size == header.frame_size());
    let mut open = Err(OpenError::WrongKey);
    if !alike {
        return open;
    }
    for recipient in recipients {
        let unlock = recipient.unlock();
        open = Ok(header.unlock_while(header.keyring(), &unlock, &unlimited(), wanted)?);
    }
    open
}

/// For a header of our own: what it costs was chosen before.
fn unlimited() -> Limits {
    Limits::default()
        .with_memory_kib(u32::MAX)
        .with_passes(u32::MAX)
        .with_iterations(u32::MAX)
        .with_total_kib(u64::MAX)
        .with_total_iterations(u64::MAX)
}

fn cannot(why: CannotResume) -> Error {
    let source = Box::new(RequestError::CannotResume(why));
    Error::Request { operation: "b2_start_large_file", source }
}

fn unsealed(error: EncryptedError<std::io::Error>) -> Error {
    match error {
        EncryptedError::Source(error) => Error::Local(LocalError::source(error)),
        EncryptedError::Seal(SealError::LengthChanged) => cannot(CannotResume::Modified),
        EncryptedError::Seal(error) => failure::seal(error).into(),
        EncryptedError::Stopped => Error::Cancelled,
        _ => cannot(CannotResume::Content),
    }
}

#[cfg(test)]
mod tests {
    use b2_crypto::PasswordKdf;

    use super::*;

    /// A header that was made with these numbers, as far as can be seen without computing for
    /// minutes: others are put in their place.
    fn header(cheap: PasswordKdf, recipients: &[Recipient], numbers: &[(u32, u32)]) -> Header {
        let cheap: Vec<_> = recipients.iter().map(|one| one.clone().with_kdf(cheap)).collect();
        let new = NewFile::new(&cheap, &SealOptions::default(), Some(1), &mut system).unwrap();
        let mut bytes = new.encryptor().header().to_vec();
        for (old, new) in numbers {
            let (old, new) = (old.to_be_bytes(), new.to_be_bytes());
            let found: Vec<_> =
                (92..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == old).collect();
            assert!(found.len() >= recipients.len());
            found.into_iter().for_each(|at| bytes[at..at + 4].copy_from_slice(&new));
        }
        Header::parse(&bytes).unwrap()
    }

    /// What was chosen once is not refused when an upload goes on.
    #[test]
    fn what_ones_own_header_costs_is_not_limited() {
        let recipients: Vec<_> =
            (0..20).map(|number| Recipient::password(format!("{number}").into())).collect();
        let dear = PasswordKdf::Pbkdf2Sha256 { iterations: 0x1357 };
        let dear = header(dear, &recipients[..1], &[(0x1357, 41_000_000)]);
        let large = PasswordKdf::Argon2id { memory_kib: 0x1357, passes: 1, lanes: 1 };
        let large = header(large, &recipients, &[(0x1357, 1 << 20)]);
        for (header, recipients) in [(dear, &recipients[..1]), (large, &recipients)] {
            // The limits are looked at before anything is computed.
            let refused = unlocked(&header, recipients, &SealOptions::default(), &mut || false);
            assert_eq!(refused.err(), Some(OpenError::Stopped));
        }
    }
}
