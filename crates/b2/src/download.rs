//! Downloading one file.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use b2_core::download::{Check, Downloaded, FileHeaders, Object};
use b2_core::error::{Error, LocalError};
use b2_core::port::WriteAt;
use b2_proto::ByteRange;
use bytes::Bytes;

use crate::drive::{Context, Ends};
use crate::run::Run;
use crate::sink::{self, Overwrite, Shared, Sink};

/// A download to be configured and given a destination.
///
/// Memory: about 2 MiB, whatever the size of the file, unless it goes
/// [to memory](Self::to_bytes). Bytes are hashed while they are written and
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
    context: Arc<Context>,
    object: Result<Object, Error>,
    range: Option<ByteRange>,
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
        Self { context: Arc::clone(context), object, range: None }
    }

    /// Fetches only these bytes. They cannot be checked: the digest that B2
    /// stores is that of the whole file.
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }

    /// Writes to a file, which must not exist. It appears under its name only
    /// when it is complete and checked.
    pub fn to_file(self, path: impl AsRef<Path>) -> Run<b2_core::Download, Downloaded> {
        self.into_file(path.as_ref().to_owned(), Overwrite::Never)
    }

    /// Writes to a file and replaces the one that is there, in one step, when
    /// the new content is complete and checked.
    ///
    /// The new file has the mode of the old one. A symbolic link is followed
    /// and stays; one that leads nowhere is refused, and so is anything that
    /// exists and is not a regular file, such as a pipe or a device.
    pub fn to_file_replacing(self, path: impl AsRef<Path>) -> Run<b2_core::Download, Downloaded> {
        self.into_file(path.as_ref().to_owned(), Overwrite::Replace)
    }

    fn into_file(self, path: PathBuf, overwrite: Overwrite) -> Run<b2_core::Download, Downloaded> {
        match Sink::file(path, overwrite) {
            Ok(sink) => self.into_run(sink),
            Err(error) => Run::new(&self.context, Err(Error::Local(LocalError::sink(error)))),
        }
    }

    /// Writes to a writer as the bytes arrive, and flushes it at the end. They
    /// cannot be taken back: if the content turns out to be damaged the call
    /// fails after it was written.
    pub fn to_writer(
        self,
        writer: impl Write + Send + 'static,
    ) -> Run<b2_core::Download, Downloaded> {
        self.into_run(Sink::writer(writer))
    }

    /// Writes to a destination of your own.
    pub fn to_sink(self, sink: impl WriteAt) -> Run<b2_core::Download, Downloaded> {
        self.into_run(Sink::custom(Box::new(sink)))
    }

    /// Collects the content in memory, all of it.
    pub fn to_bytes(self) -> Run<b2_core::Download, DownloadedBytes> {
        let bytes = Shared::default();
        let kept = Arc::clone(&bytes);
        self.into_run(Sink::memory(bytes)).then(move |downloaded, _| {
            let content = Bytes::from(std::mem::take(&mut *sink::lock(&kept)));
            Ok(DownloadedBytes { content, headers: downloaded.headers, check: downloaded.check })
        })
    }

    fn into_run(self, sink: Sink) -> Run<b2_core::Download, Downloaded> {
        let rewindable = sink.rewindable();
        let operation = self.object.map(|object| {
            let download = b2_core::Download::new(object).with_rewindable(rewindable);
            match self.range {
                Some(range) => download.with_range(range),
                None => download,
            }
        });
        let temporary = sink.temporary();
        let sink = Arc::new(Mutex::new(sink));
        let ends = Ends { sink: Some(sink), temporary, ..Ends::default() };
        Run::new(&self.context, operation).with_ends(ends).then(|downloaded, ends| {
            if let Some(sink) = &ends.sink {
                let mut sink = sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                sink.commit().map_err(|error| Error::Local(LocalError::sink(error)))?;
            }
            Ok(downloaded)
        })
    }
}
