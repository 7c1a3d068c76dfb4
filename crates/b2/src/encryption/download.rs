//! Downloading a file that was encrypted on this side.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use b2_core::ParallelDownload;
use b2_core::download::{Check, DownloadResume, Downloaded};
use b2_core::error::{Error, LocalError};
use b2_core::op::Operation;
use b2_core::port::WriteAt;
use b2_proto::ByteRange;
use bytes::Bytes;

use crate::control::Control;
use crate::download::{self, Download, DownloadedBytes};
use crate::drive::Ends;
use crate::encryption::choice::{ClientDecryption, Opener};
use crate::encryption::classic;
use crate::encryption::frames::{self, Frames, Wanted};
use crate::encryption::opening::{Opened, Opening};
use crate::journal::{Journal, Recording};
use crate::run::Run;
use crate::sink::{self, Overwrite, Shared, Sink};

/// A download that is decrypted on its way, to be given a destination. Its
/// [range](Download::with_range) is one of the content.
///
/// The header is fetched first, by a request of its own, so that a wrong
/// password is told before any content is fetched or a destination touched.
/// Then come the frames: those of a file several at a time, of a range only
/// those that hold it. Each is verified before a byte of it goes out, and
/// there is no temporary file with ciphertext, except for [classic
/// ciphers](ClientDecryption::classic).
///
/// What comes back has the [`headers`](Downloaded::headers) of the encrypted
/// file; [`bytes`](Downloaded::bytes) counts those of the content.
///
/// # Errors
///
/// As [`Download`], and [`Error::ClientEncryption`]:
///
/// - `WrongKey`, `NotEncrypted`: nothing was fetched but the header.
/// - `Damaged`: what is stored was changed, cut or exchanged. What a writer
///   was given before is genuine; of a file nothing appears.
/// - `Range`: the content has no such bytes.
/// - `Undecryptable`: from a classic cipher, which cannot tell a wrong key
///   from a damaged file.
///
/// # Cancel safety
///
/// As [`Download`].
#[derive(Debug)]
#[must_use = "a download needs a destination: to_file, to_writer or to_bytes"]
pub struct DecryptedDownload {
    download: Download,
    decryption: ClientDecryption,
}

impl DecryptedDownload {
    pub(crate) fn new(download: Download, decryption: ClientDecryption) -> Self {
        Self { download, decryption }
    }

    /// As [`Download::to_file`]. With a [journal](Download::with_journal) the
    /// content that was verified stays beside the destination, **decrypted**,
    /// and the download goes on after it. Its SHA-1 is in the journal and is
    /// compared first; what was changed meanwhile is fetched again.
    pub fn to_file(self, path: impl AsRef<Path>) -> Run<ParallelDownload, Downloaded> {
        self.into_file(path.as_ref().to_owned(), Overwrite::Never)
    }

    /// As [`Download::to_file_replacing`].
    pub fn to_file_replacing(self, path: impl AsRef<Path>) -> Run<ParallelDownload, Downloaded> {
        self.into_file(path.as_ref().to_owned(), Overwrite::Replace)
    }

    /// As [`Download::to_writer`]; every byte was verified before it is
    /// written.
    pub fn to_writer(
        self,
        writer: impl Write + Send + 'static,
    ) -> Run<b2_core::Download, Downloaded> {
        self.in_order(Sink::writer(writer))
    }

    /// As [`Download::to_sink`].
    pub fn to_sink(self, sink: impl WriteAt) -> Run<b2_core::Download, Downloaded> {
        self.in_order(Sink::custom(Box::new(sink)))
    }

    /// Collects the content in memory, all of it.
    pub fn to_bytes(self) -> Run<b2_core::Download, DownloadedBytes> {
        let bytes = Shared::default();
        let kept = Arc::clone(&bytes);
        self.in_order(Sink::memory(bytes)).then(move |downloaded, _| {
            let content = Bytes::from(std::mem::take(&mut *sink::lock(&kept)));
            Ok(DownloadedBytes { content, headers: downloaded.headers, check: downloaded.check })
        })
    }

    fn into_file(self, path: PathBuf, overwrite: Overwrite) -> Run<ParallelDownload, Downloaded> {
        // What would be refused in the end is refused at once.
        if let Err(error) = sink::check(&path, overwrite) {
            return Run::new(&self.download.context, Err(local(error)));
        }
        match &self.decryption.0 {
            Opener::Framed { .. } => self.framed(move |download, opened, wanted, range| {
                to_file(download, opened, wanted, (range, path, overwrite))
            }),
            Opener::Classic(cipher) => {
                classic::to_file(self.download, cipher.clone(), path, overwrite)
            }
        }
    }

    fn in_order(self, sink: Sink) -> Run<b2_core::Download, Downloaded> {
        match &self.decryption.0 {
            Opener::Framed { .. } => self.framed(move |download, opened, wanted, _| {
                let frames = Frames::new(&opened.file, opened.layout, wanted.clone());
                let operation = b2_core::Download::new(opened.object)
                    .with_access(download.access)
                    .with_rewindable(sink.rewindable())
                    .with_range(range_of(&wanted)?);
                let sink = sink.through(Box::new(frames));
                Ok((operation, Ends { sink: Some(Arc::new(Mutex::new(sink))), ..Ends::default() }))
            }),
            Opener::Classic(cipher) => classic::in_order(self.download, cipher.clone(), sink),
        }
    }

    /// Fetches the header, and goes on with what is made of it.
    fn framed<O: Operation<Output = Downloaded> + Send + 'static>(
        self,
        assemble: impl FnOnce(Download, Opened, Wanted, Option<ByteRange>) -> Result<(O, Ends), Error>
        + Send
        + 'static,
    ) -> Run<O, Downloaded> {
        let Self { download, decryption: ClientDecryption(opener) } = self;
        let context = Arc::clone(&download.context);
        let asked = download.object.clone().and_then(|object| {
            let range = download.wanted(&object)?;
            Ok((object, range))
        });
        let (object, range, key) = match (asked, opener) {
            (Ok((object, range)), Opener::Framed { unlock, limits }) => {
                (object, range, (unlock, limits))
            }
            (Err(error), _) => return Run::new(&context, Err(error)),
            (_, Opener::Classic(_)) => return Run::new(&context, Err(Error::Cancelled)),
        };
        let length = Arc::new(OnceLock::new());
        let told = Arc::clone(&length);
        let access = download.access.clone();
        let then = move |opened: Opened, _: &Control| {
            let wanted = opened.wanted(range)?;
            let _first = told.set(wanted.content.end - wanted.content.start);
            assemble(download, opened, wanted, range)
        };
        let opening = Opening::new(object, access, key, Box::new(then)).with_range(range);
        // Stands for the destination until that may be touched.
        let sink = Some(Arc::new(Mutex::new(Sink::memory(Shared::default()))));
        let ends = Ends { sink, ..Ends::default() };
        Run::fetched(&context, ends, Box::new(opening)).then(download::settle).then(
            move |mut downloaded, _| {
                downloaded.bytes = length.get().copied().unwrap_or(0);
                downloaded.check = Check::Authenticated;
                Ok(downloaded)
            },
        )
    }
}

/// The pieces are whole frames, so that a journal speaks of whole frames too.
fn to_file(
    download: Download,
    opened: Opened,
    wanted: Wanted,
    (range, path, overwrite): (Option<ByteRange>, PathBuf, Overwrite),
) -> Result<(ParallelDownload, Ends), Error> {
    let frame = opened.layout.ciphertext_range(0).map_or(1, |range| range.end - range.start);
    let mut options = download.options.with_unit(frame);
    let (sink, journal) = match &download.journal {
        None => (Sink::file(path, overwrite).map_err(local)?, None),
        Some(at) => {
            // First what may be refused, so that nothing is made in vain.
            let asked = range.map_or_else(|| "all".to_owned(), |range| range.to_string());
            let fresh = DownloadResume::new(
                wanted.content.start,
                Some(format!("{asked} decrypted to {}", download::named(&path))),
            );
            let journal = Journal::open(at, fresh.clone())
                .map_err(|why| why.into_error(download::object_call(&opened.object)))?;
            let (sink, len) = Sink::resumable(path, overwrite).map_err(local)?;
            let state = journal.state();
            let same = state.is_for(&fresh)
                && state.file_id.as_ref() == Some(&opened.headers.file_id)
                && state.len == wanted.ciphertext.end - wanted.ciphertext.start;
            // Bytes that are gone cannot be gone on with.
            let reach = frames::reach(&opened.layout, &wanted, &state.pieces);
            if same && reach.is_some_and(|reach| reach <= len) {
                options = options.with_resume(state);
            } else {
                journal.renew(fresh).map_err(local)?;
            }
            // Nobody could tell later that the bytes are still those that were verified.
            options = options.with_piece_digests(true);
            (sink, Some(Arc::new(journal) as Arc<dyn Recording>))
        }
    };
    let frames = Frames::new(&opened.file, opened.layout, wanted.clone());
    let sink = sink.with_durability(download.durability).through(Box::new(frames));
    let operation = ParallelDownload::new(opened.object, options)
        .with_access(download.access)
        .with_range(range_of(&wanted)?);
    let sink = Some(Arc::new(Mutex::new(sink)));
    Ok((operation, Ends { sink, journal, temporary: true, ..Ends::default() }))
}

fn range_of(wanted: &Wanted) -> Result<ByteRange, Error> {
    let range =
        ByteRange::inclusive(wanted.ciphertext.start, wanted.ciphertext.end.saturating_sub(1));
    range.map_err(|_| crate::encryption::failure::open(b2_crypto::OpenError::Range).into())
}

pub(crate) fn local(error: std::io::Error) -> Error {
    Error::Local(LocalError::sink(error))
}
