//! Classic ciphers, which know whole files only.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use b2_core::ParallelDownload;
use b2_core::body::BodyVerifier;
use b2_core::download::Downloaded;
use b2_core::error::{ClientEncryptionError, Error, LocalError, RequestError};
use b2_core::port::ReadAt;
use b2_crypto::Password;
use b2_crypto::legacy::{Decryptor, Encryptor, Padding, Profile, Suite};
use b2_proto::Sha1Digest;
use zeroize::Zeroizing;

use crate::control::Control;
use crate::download::{self, Download};
use crate::drive::Ends;
use crate::encryption::download::local;
use crate::encryption::{CLIENT_ENCRYPTION, failure, info};
use crate::run::Run;
use crate::sink::{Overwrite, Sink};

/// Bytes that are encrypted at a time.
const PIECE: usize = 1 << 20;

/// A classic cipher with its key, for data that other programs made or have to
/// read.
///
/// **Warning:** nobody notices whether what is stored was changed; read
/// [`legacy`](b2_crypto::legacy) first.
#[derive(Clone)]
pub struct ClassicCipher {
    suite: Suite,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    Key { key: Zeroizing<Vec<u8>>, iv: Zeroizing<Vec<u8>> },
    Password(Password, Profile),
}

impl ClassicCipher {
    /// With a key and an initialization vector, as they are.
    #[must_use]
    pub fn with_key(suite: Suite, key: &[u8], iv: &[u8]) -> Self {
        let (key, iv) = (Zeroizing::new(key.to_vec()), Zeroizing::new(iv.to_vec()));
        Self { suite, secret: Secret::Key { key, iv } }
    }

    /// With a password, from which key and initialization vector come as the
    /// profile says.
    #[must_use]
    pub fn with_password(suite: Suite, password: Password, profile: Profile) -> Self {
        Self { suite, secret: Secret::Password(password, profile) }
    }

    fn encryptor(&self) -> Result<Encryptor, ClientEncryptionError> {
        match &self.secret {
            Secret::Key { key, iv } => self.suite.encryptor(key, iv).map_err(failure::suite),
            Secret::Password(password, profile) => {
                let encryptor = profile.encryptor(password.expose(), &self.suite);
                encryptor.map_err(failure::profile)
            }
        }
    }

    fn decryptor(&self) -> Result<Decryptor, ClientEncryptionError> {
        match &self.secret {
            Secret::Key { key, iv } => self.suite.decryptor(key, iv).map_err(failure::suite),
            Secret::Password(password, profile) => {
                let decryptor = profile.decryptor(password.expose(), &self.suite);
                decryptor.map_err(failure::profile)
            }
        }
    }

    /// Whether key and initialization vector fit; told before anything is
    /// fetched.
    pub(crate) fn check(&self) -> Result<(), ClientEncryptionError> {
        self.decryptor().map(drop)
    }

    /// Encrypts everything into a temporary file without a name. Gives its
    /// length and SHA-1 too.
    pub(crate) fn encrypt(
        &self,
        plain: &dyn ReadAt,
        ends: &Ends,
    ) -> Result<(File, u64, Sha1Digest), Error> {
        let mut encryptor = self.encryptor()?;
        let temporary = |error| Error::Local(LocalError::sink(error));
        let mut file = tempfile::tempfile().map_err(temporary)?;
        let (mut verifier, mut len) = (BodyVerifier::default(), 0);
        let mut keep = |sealed: &[u8]| {
            verifier.update(sealed);
            len += sealed.len() as u64;
            file.write_all(sealed).map_err(temporary)
        };
        let (mut buffer, mut sealed) = (Zeroizing::new(vec![0; PIECE]), Vec::new());
        let mut at = 0;
        loop {
            if ends.control.wishes().stop.is_some() {
                return Err(Error::Cancelled);
            }
            let read = match plain.read_at(at, &mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| Error::Local(LocalError::source(error)))?,
            };
            if read == 0 {
                break;
            }
            at += read as u64;
            encryptor.update(&buffer[..read], &mut sealed).map_err(failure::suite)?;
            keep(&sealed)?;
            sealed.clear();
            ends.meter.hashed(read as u64);
        }
        plain.check_unchanged().map_err(|error| Error::Local(LocalError::source(error)))?;
        encryptor.finish(&mut sealed).map_err(failure::suite)?;
        keep(&sealed)?;
        let digest =
            verifier.digest().ok_or_else(|| temporary(io::ErrorKind::UnexpectedEof.into()))?;
        Ok((file, len, digest))
    }

    /// Decrypts everything, for as long as it is wanted, and gives its length. It has to be the one
    /// that the file information says, if that says one.
    fn decrypt(
        &self,
        ciphertext: &mut dyn Read,
        stored: &Downloaded,
        control: &Control,
        put: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let said = self.said_len(stored)?;
        let mut len = 0;
        let unreadable = |error| Error::Local(LocalError::sink(error));
        let mut decryptor = self.decryptor()?;
        let (mut buffer, mut opened) = (vec![0; PIECE], Zeroizing::new(Vec::new()));
        loop {
            if control.wishes().stop.is_some() {
                return Err(Error::Cancelled);
            }
            let read = match ciphertext.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(unreadable)?,
            };
            if read == 0 {
                break;
            }
            decryptor.update(&buffer[..read], &mut opened).map_err(failure::suite)?;
            put(&opened)?;
            len += opened.len() as u64;
            opened.clear();
        }
        decryptor.finish(&mut opened).map_err(failure::suite)?;
        put(&opened)?;
        len += opened.len() as u64;
        // Zeros at the end are taken for padding where that is zeros.
        let lost = self.suite.padding() == Padding::Zeros;
        match said {
            Some(said) if len > said || (len < said && !lost) => {
                Err(failure::another_length(said, len).into())
            }
            _ => Ok(len),
        }
    }

    /// How long the content is, as the file information says. A stream cipher decrypts what was cut
    /// as well, and nothing else tells.
    fn said_len(&self, stored: &Downloaded) -> Result<Option<u64>, ClientEncryptionError> {
        let info = stored.headers.file_info.as_map();
        if info.get(CLIENT_ENCRYPTION).is_none_or(|kind| kind != info::CLASSIC) {
            return Ok(None);
        }
        let said = info::plaintext_len(info);
        let stored = stored.headers.content_length;
        match said.and_then(|said| self.suite.encrypted_len(said)) {
            Some(expected) if expected != stored => Err(failure::another_length(expected, stored)),
            _ => Ok(said),
        }
    }
}

/// Downloads all of the ciphertext, then decrypts it into the file.
///
/// The ciphertext is a temporary file beside the destination. With a journal
/// it and the journal stay until the plaintext is in its place: whoever was
/// interrupted while it was decrypted, or had the wrong key, fetches nothing
/// again.
pub(crate) fn to_file(
    download: Download,
    cipher: ClassicCipher,
    path: PathBuf,
    overwrite: Overwrite,
) -> Run<ParallelDownload, Downloaded> {
    let context = Arc::clone(&download.context);
    let durability = download.durability;
    let begun = checked(&cipher, download)
        .and_then(|download| download.assemble(ciphertext_of(&path), Overwrite::Replace));
    let (operation, ends) = match begun {
        Ok(ready) => ready,
        Err(error) => return Run::new(&context, Err(error)),
    };
    let run = Run::new(&context, Ok(operation)).with_ends(ends);
    run.then(move |downloaded, ends| {
        let Some(ciphertext) = &ends.sink else {
            return Err(local(io::ErrorKind::NotFound.into()));
        };
        let ciphertext = ciphertext.lock().unwrap_or_else(PoisonError::into_inner);
        let plain = Sink::file(path, overwrite).map_err(local)?.with_durability(durability);
        let mut reread = Reread { sink: &ciphertext, at: 0 };
        let decrypted = decrypt_into(&cipher, &mut reread, downloaded, plain, &ends.control);
        if let Some(journal) = &ends.journal {
            let downloaded = decrypted.map_err(|error| kept(error, &ciphertext))?;
            ciphertext.forget();
            // If it stays, whoever goes on with it finds no bytes, and begins anew.
            let _stays = journal.remove();
            return Ok(downloaded);
        }
        decrypted
    })
}

/// What the temporary file of the ciphertext is named after. Nothing ever has
/// this name itself.
fn ciphertext_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(".b2-ciphertext-");
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// The ciphertext from its beginning.
struct Reread<'a> {
    sink: &'a Sink,
    at: u64,
}

impl Read for Reread<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.sink.read_at(self.at, buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The ciphertext did not decrypt, but another key may be the right one.
#[derive(Debug, thiserror::Error)]
#[error("what was downloaded stays in {} for another key and the same journal", .place.display())]
struct Kept {
    place: PathBuf,
    source: Arc<dyn std::error::Error + Send + Sync>,
}

fn kept(error: Error, ciphertext: &Sink) -> Error {
    match (error, ciphertext.temporary_path()) {
        (Error::ClientEncryption(mut failure), Some(place)) => {
            failure.source = failure.source.map(|source| {
                Arc::new(Kept { place, source }) as Arc<dyn std::error::Error + Send + Sync>
            });
            Error::ClientEncryption(failure)
        }
        (error, _) => error,
    }
}

/// Downloads all of the ciphertext into a temporary file. Nothing goes out
/// unless it decrypts to its end.
pub(crate) fn in_order(
    download: Download,
    cipher: ClassicCipher,
    sink: Sink,
) -> Run<b2_core::Download, Downloaded> {
    let context = Arc::clone(&download.context);
    let ready = checked(&cipher, download).and_then(|download| {
        let folder = tempfile::Builder::new().prefix(".b2-ciphertext-").tempdir();
        let folder = folder.map_err(local)?;
        let spool = folder.path().join("ciphertext");
        let ciphertext = Sink::file(spool.clone(), Overwrite::Never).map_err(local)?;
        // The folder is gone when the work has ended.
        Ok(((folder, spool), ciphertext, download))
    });
    let ((folder, spool), ciphertext, download) = match ready {
        Ok(ready) => ready,
        Err(error) => return Run::new(&context, Err(error)),
    };
    download.into_run(ciphertext, true).then(move |downloaded, ends| {
        let mut file = File::open(&spool).map_err(local)?;
        cipher.decrypt(&mut file, &downloaded, &ends.control, &mut |_| Ok(()))?;
        file.rewind().map_err(local)?;
        let decrypted = decrypt_into(&cipher, &mut file, downloaded, sink, &ends.control);
        drop(folder);
        decrypted
    })
}

fn decrypt_into(
    cipher: &ClassicCipher,
    ciphertext: &mut dyn Read,
    mut downloaded: Downloaded,
    mut sink: Sink,
    control: &Control,
) -> Result<Downloaded, Error> {
    sink.clear().map_err(local)?;
    let mut at = 0;
    let decrypted = cipher.decrypt(ciphertext, &downloaded, control, &mut |opened| {
        sink.write(at, opened)?;
        at += opened.len() as u64;
        Ok(())
    });
    let len = match decrypted {
        Ok(len) => len,
        Err(error) => {
            sink.discard();
            return Err(error);
        }
    };
    sink.commit().map_err(local)?;
    downloaded.bytes = len;
    Ok(downloaded)
}

/// What cannot be done with a classic cipher is told before anything is
/// fetched.
fn checked(cipher: &ClassicCipher, download: Download) -> Result<Download, Error> {
    cipher.check()?;
    let object = download.object.clone()?;
    if download.wanted(&object)?.is_some() {
        let text = "a classic cipher decrypts whole files only: leave the range out";
        let source = Box::new(RequestError::Contradiction(text));
        return Err(Error::Request { operation: download::object_call(&object), source });
    }
    Ok(download)
}

impl std::fmt::Debug for ClassicCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClassicCipher").field("suite", &self.suite).finish_non_exhaustive()
    }
}
