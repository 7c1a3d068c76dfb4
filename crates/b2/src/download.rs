//! Downloading one file.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use b2_core::ParallelDownload;
use b2_core::download::{
    Check, DownloadAccess, DownloadResume, Downloaded, FileHeaders, Object, ParallelOptions,
};
use b2_core::error::{Error, LocalError, RequestError};
use b2_core::port::WriteAt;
use b2_proto::{ByteRange, CustomerKey};
use bytes::Bytes;

use crate::drive::{Context, Ends};
use crate::journal::{Journal, Recording};
use crate::run::Run;
use crate::sink::{self, Durability, Overwrite, Shared, Sink};

/// A download to be configured and given a destination.
///
/// Memory: about 2 MiB for each request under way, whatever the size of the
/// file, unless it goes [to memory](Self::to_bytes). Bytes are hashed while they are written and
/// checked at the end whenever B2 knows a digest; the result says which. A
/// connection that breaks is resumed after the last byte that arrived, from
/// the same version of the file.
///
/// # Errors
///
/// - [`Error::Api`] with status 404: there is no such file, or it is hidden.
/// - [`Error::Integrity`]: the content is damaged, also when fetched again.
/// - [`Error::Local`]: the destination exists, cannot be written, or is full;
///   nothing is left under its name, unless the message says that the file is
///   in its place and only its folder could not be synced.
/// - [`Error::Exhausted`], [`Error::Transport`]: try again later.
///
/// # Cancel safety
///
/// Dropping the future leaves no file under the final name, and no temporary
/// one beside it: that is removed before the drop returns. Only a process that
/// is killed, or a machine that loses power, leaves one, named `.b2-partial-`
/// with some letters after it; while no download to that folder runs it may be
/// deleted.
#[derive(Debug)]
#[must_use = "a download needs a destination: to_file, to_writer or to_bytes"]
pub struct Download {
    pub(crate) context: Arc<Context>,
    pub(crate) object: Result<Object, Error>,
    range: Option<ByteRange>,
    start: u64,
    pub(crate) access: DownloadAccess,
    pub(crate) options: ParallelOptions,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) durability: Durability,
}

/// What a download to memory gives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DownloadedBytes {
    /// The content.
    pub content: Bytes,
    /// The version that was downloaded.
    pub headers: FileHeaders,
    /// How the content was checked.
    pub check: Check,
}

impl Download {
    pub(crate) fn new(context: &Arc<Context>, object: Result<Object, Error>) -> Self {
        Self {
            context: Arc::clone(context),
            object,
            range: None,
            start: 0,
            access: DownloadAccess::default(),
            options: ParallelOptions::default(),
            journal: None,
            durability: Durability::default(),
        }
    }

    /// Fetches only these bytes. They cannot be checked: the digest that B2
    /// stores is that of the whole file.
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }

    /// Leaves out so many bytes at the beginning of the object, or of its
    /// [range](Self::with_range): they are at hand already. What is fetched
    /// cannot be checked then. A [journal](Self::with_journal) does this by
    /// itself, and checks.
    pub fn with_start(mut self, bytes: u64) -> Self {
        self.start = bytes;
        self
    }

    /// With another token, from another place, or under another guise.
    pub fn with_access(mut self, access: DownloadAccess) -> Self {
        self.access = access.or_customer_key_of(&self.access);
        self
    }

    /// The key of a file that is under SSE-C.
    pub fn with_customer_key(mut self, key: CustomerKey) -> Self {
        self.access = self.access.with_customer_key(key);
        self
    }

    /// Requests that are under way at the same time when a file is downloaded
    /// [to a file](Self::to_file), at least 1; default 4. More fill a long
    /// line better; each needs up to 2 MiB of memory.
    ///
    /// Unless this is called, a line on which one request fetches 256 MiB a
    /// second is left to one: what comes in its order is hashed on its way, all
    /// else is read back for it.
    pub fn with_concurrency(mut self, requests: usize) -> Self {
        self.options = self.options.with_concurrency(requests).with_enough(u64::MAX);
        self
    }

    /// Bytes that each request fetches when a file is downloaded
    /// [to a file](Self::to_file); default 32 MiB, the first 8 MiB. B2 counts
    /// each request as a transaction of class B.
    pub fn with_piece_size(mut self, bytes: u64) -> Self {
        self.options = self.options.with_piece_size(bytes);
        self
    }

    /// Keeps a journal of a download [to a file](Self::to_file) in the file at
    /// `path`. If there is one already, and what it tells of is still there
    /// and still the same version, the download goes on where that one
    /// stopped; otherwise it begins anew. The journal is removed when the file
    /// is in its place.
    ///
    /// What is there already is held against a SHA-1: that of the file, if it
    /// has one and all of it is wanted, otherwise those of its pieces, which
    /// are in the journal. What does not match is fetched again.
    ///
    /// With a journal the bytes that arrived stay beside the destination when
    /// the download ends early, in a file named `.b2-partial-` with the name
    /// of the destination after it. Only one download can use a journal at a
    /// time.
    pub fn with_journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// When a download [to a file](Self::to_file) has to be on the disk; by
    /// default before the call returns.
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Decrypts what was encrypted on this side and verifies it. What is given
    /// as a range is a range of the content then.
    #[cfg(feature = "encryption")]
    pub fn with_client_decryption(
        self,
        decryption: crate::encryption::ClientDecryption,
    ) -> crate::encryption::DecryptedDownload {
        crate::encryption::DecryptedDownload::new(self, decryption)
    }

    /// Writes to a file, which must not exist. It appears under its name only
    /// when it is complete and checked.
    ///
    /// A file of more than 8 MiB is fetched in pieces, several at a time where one
    /// alone is not [fast enough](Self::with_concurrency).
    pub fn to_file(self, path: impl AsRef<Path>) -> Run<ParallelDownload, Downloaded> {
        self.into_file(path.as_ref().to_owned(), Overwrite::Never)
    }

    /// Writes to a file and replaces the one that is there, in one step, when
    /// the new content is complete and checked.
    ///
    /// The new file has the mode of the old one. A symbolic link is followed
    /// and stays; one that leads nowhere is refused, and so is anything that
    /// exists and is not a regular file, such as a pipe or a device.
    pub fn to_file_replacing(self, path: impl AsRef<Path>) -> Run<ParallelDownload, Downloaded> {
        self.into_file(path.as_ref().to_owned(), Overwrite::Replace)
    }

    /// Appends to the end of a file, which is made if it does not exist: all
    /// of it or, if the download fails, nothing. A process that is killed
    /// leaves what it had appended. Nobody else may append to the file
    /// meanwhile.
    ///
    /// With [`with_start`](Self::with_start) and the length of the file this
    /// completes one that another program has left half done.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// # bucket.upload("notes.txt", "hello world").await?;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("notes.txt");
    /// std::fs::write(&path, "hello")?;
    /// bucket.download("notes.txt").with_start(5).append_to_file(&path).await?;
    /// assert_eq!(std::fs::read(&path)?, b"hello world");
    /// # Ok(()) }
    /// ```
    pub fn append_to_file(self, path: impl AsRef<Path>) -> Run<b2_core::Download, Downloaded> {
        match Sink::appending(path.as_ref()) {
            Ok(sink) => self.into_run(sink, true),
            Err(error) => Run::new(&self.context, Err(Error::Local(LocalError::sink(error)))),
        }
    }

    /// Asks only for what B2 says about the file, from the headers of a
    /// download.
    pub fn headers(self) -> Run<b2_core::Download, FileHeaders> {
        let operation = self
            .object
            .map(|object| b2_core::Download::headers_only(object).with_access(self.access));
        Run::new(&self.context, operation).then(|downloaded, _| Ok(downloaded.headers))
    }

    /// The bytes to ask for; `None`: all.
    pub(crate) fn wanted(&self, object: &Object) -> Result<Option<ByteRange>, Error> {
        let range = match (self.range, self.start) {
            (range, 0) => return Ok(range),
            (None, start) => return Ok(Some(ByteRange::starting_at(start))),
            (Some(range), start) => range.advanced(start),
        };
        range.map(Some).map_err(|_| Error::Request {
            operation: object_call(object),
            source: Box::new(RequestError::EmptyRange),
        })
    }

    pub(crate) fn into_file(
        self,
        path: PathBuf,
        overwrite: Overwrite,
    ) -> Run<ParallelDownload, Downloaded> {
        let context = Arc::clone(&self.context);
        match self.assemble(path, overwrite) {
            Ok((operation, ends)) => Run::new(&context, Ok(operation)).with_ends(ends).then(settle),
            Err(error) => Run::new(&context, Err(error)),
        }
    }

    /// The operation that fetches into a file, and its ends.
    pub(crate) fn assemble(
        self,
        path: PathBuf,
        overwrite: Overwrite,
    ) -> Result<(ParallelDownload, Ends), Error> {
        let object = self.object.clone()?;
        let range = self.wanted(&object)?;
        let local = |error| Error::Local(LocalError::sink(error));
        let mut options = self.options;
        let (sink, journal) = match &self.journal {
            None => (Sink::file(path, overwrite).map_err(local)?, None),
            Some(at) => {
                // First what may be refused, so that nothing is made in vain.
                let first = range.and_then(ByteRange::first).unwrap_or(0);
                let fresh = DownloadResume::new(first, Some(named(&path)));
                let journal = Journal::open(at, fresh.clone())
                    .map_err(|why| why.into_error(object_call(&object)))?;
                let (sink, len) = Sink::resumable(path, overwrite).map_err(local)?;
                let state = journal.state();
                // Bytes that are gone cannot be gone on with.
                let end = state
                    .pieces
                    .last_key_value()
                    .map_or(0, |(offset, len)| offset.saturating_add(*len));
                if end <= len && state.is_for(&fresh) {
                    options = options.with_resume(state);
                } else {
                    journal.renew(fresh).map_err(local)?;
                }
                options = options.with_piece_digests(true);
                (sink, Some(Arc::new(journal) as Arc<dyn Recording>))
            }
        };
        let operation = ParallelDownload::new(object, options).with_access(self.access);
        let operation = match range {
            Some(range) => operation.with_range(range),
            None => operation,
        };
        let sink = Some(Arc::new(Mutex::new(sink.with_durability(self.durability))));
        Ok((operation, Ends { sink, journal, temporary: true, ..Ends::default() }))
    }

    /// Writes to a writer as the bytes arrive, and flushes it at the end. They
    /// cannot be taken back: if the content turns out to be damaged the call
    /// fails after it was written.
    pub fn to_writer(
        self,
        writer: impl Write + Send + 'static,
    ) -> Run<b2_core::Download, Downloaded> {
        self.into_run(Sink::writer(writer), false)
    }

    /// Writes to a destination of your own, in order.
    pub fn to_sink(self, sink: impl WriteAt) -> Run<b2_core::Download, Downloaded> {
        self.into_run(Sink::custom(Box::new(sink)), false)
    }

    /// Collects the content in memory, all of it.
    pub fn to_bytes(self) -> Run<b2_core::Download, DownloadedBytes> {
        let bytes = Shared::default();
        let kept = Arc::clone(&bytes);
        self.into_run(Sink::memory(bytes), false).then(move |downloaded, _| {
            let content = Bytes::from(std::mem::take(&mut *sink::lock(&kept)));
            Ok(DownloadedBytes { content, headers: downloaded.headers, check: downloaded.check })
        })
    }

    pub(crate) fn into_run(
        self,
        sink: Sink,
        temporary: bool,
    ) -> Run<b2_core::Download, Downloaded> {
        let context = Arc::clone(&self.context);
        let operation = self.in_order(sink.rewindable());
        let sink = Some(Arc::new(Mutex::new(sink)));
        let ends = Ends { sink, temporary, ..Ends::default() };
        Run::new(&context, operation).with_ends(ends).then(settle)
    }

    fn in_order(self, rewindable: bool) -> Result<b2_core::Download, Error> {
        let object = self.object.clone()?;
        let range = self.wanted(&object)?;
        let download =
            b2_core::Download::new(object).with_access(self.access).with_rewindable(rewindable);
        Ok(match range {
            Some(range) => download.with_range(range),
            None => download,
        })
    }
}

/// The content is complete and checked: makes it visible, and forgets how it
/// came about.
pub(crate) fn settle(downloaded: Downloaded, ends: &Ends) -> Result<Downloaded, Error> {
    let local = |error| Error::Local(LocalError::sink(error));
    if let Some(sink) = &ends.sink {
        let mut sink = sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sink.commit().map_err(local)?;
    }
    if let Some(journal) = &ends.journal {
        // If it stays, whoever goes on with it finds no bytes, and begins anew.
        let _stays = journal.remove();
    }
    Ok(downloaded)
}

/// The destination as a journal names it.
pub(crate) fn named(path: &Path) -> String {
    std::path::absolute(path).as_deref().unwrap_or(path).to_string_lossy().into_owned()
}

pub(crate) fn object_call(object: &Object) -> &'static str {
    match object {
        Object::Id(_) => "b2_download_file_by_id",
        _ => "b2_download_file_by_name",
    }
}
