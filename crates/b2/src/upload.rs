//! Uploading one file.

#[cfg(feature = "encryption")]
mod encrypted;

use std::future::IntoFuture;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use b2_core::error::{Error, RequestError};
use b2_core::event::StoredPart;
use b2_core::port::{BlockingTransport, BoxFuture};
use b2_core::upload::{
    CannotResume, LargeOptions, Resume, StoredFile, UploadHeaders, UploadOptions, WholeDigest,
};
use b2_proto::{BucketId, EncryptionRequest, FileName, FileRetention, InvalidFileInfo, LegalHold};

use crate::drive::{Context, Ends, OnPart};
use crate::journal::{Journal, Recording};
use crate::run::{Handle, Run};
use crate::source::Source;

/// An upload to be configured and then awaited, started, run or taken apart.
///
/// A small file is sent in one request, a large one in parts, several at a
/// time; [`with_simple_limit`](Self::with_simple_limit) says where the one
/// ends and the other begins. A file is at most ten terabytes long.
///
/// Memory: up to 1.25 MiB for each part under way, within the budget of the
/// client, whatever the size of the file. The source is read once while it is
/// sent and hashed on the way, again only if an attempt fails, and once more
/// before a large file is begun, for its
/// [digest](Self::with_whole_digest).
///
/// # Errors
///
/// - [`Error::Request`]: the name, the length or the file information breaks
///   B2's rules; nothing was sent.
/// - [`Error::Local`]: the source could not be read.
/// - [`Error::Api`]: B2 refused; [`Error::advice`] says what helps.
/// - [`Error::Exhausted`], [`Error::Transport`]: try again later.
/// - [`Error::Unconfirmed`]: the answer was lost and the file could not be
///   looked for; it may be there.
///
/// # Cancel safety
///
/// Dropping the future cuts the requests. B2 stores a small file only when it
/// is complete; the parts of a large one stay on the server and cost money
/// until the upload is continued, with a
/// [journal](Self::with_journal) or a [snapshot](Handle::snapshot), or the
/// file is cancelled. [`Handle::abort`] cancels it.
#[must_use = "nothing is sent before it is awaited, started or run"]
pub struct Upload {
    context: Arc<Context>,
    bucket: BucketId,
    headers: Result<UploadHeaders, Error>,
    source: Source,
    options: UploadOptions,
    whole_digest: Option<WholeDigest>,
    journal: Option<PathBuf>,
    keep_unfinished: Option<bool>,
    on_part: Option<OnPart>,
    /// The journal, once it is open.
    opened: Option<Journal<Resume>>,
    #[cfg(feature = "encryption")]
    encryption: Option<crate::encryption::ClientEncryption>,
}

impl Upload {
    pub(crate) fn new(
        context: &Arc<Context>,
        bucket: BucketId,
        name: Result<FileName, Error>,
        source: Source,
    ) -> Self {
        let modified_ms = source.modified_ms();
        let headers = name.map(UploadHeaders::new);
        let upload = Self {
            context: Arc::clone(context),
            bucket,
            headers,
            source,
            options: UploadOptions::default(),
            whole_digest: None,
            journal: None,
            keep_unfinished: None,
            on_part: None,
            opened: None,
            #[cfg(feature = "encryption")]
            encryption: None,
        };
        match modified_ms {
            Some(ms) => upload.with_last_modified_ms(ms),
            None => upload,
        }
    }

    fn map(mut self, change: impl FnOnce(UploadHeaders) -> UploadHeaders) -> Self {
        self.headers = self.headers.map(change);
        self
    }

    fn try_map(
        mut self,
        change: impl FnOnce(UploadHeaders) -> Result<UploadHeaders, InvalidFileInfo>,
    ) -> Self {
        self.headers = self.headers.and_then(|headers| change(headers).map_err(invalid_info));
        self
    }

    /// The content type to store; default: B2 chooses by the extension.
    pub fn with_content_type(self, content_type: &str) -> Self {
        self.map(|headers| headers.with_content_type(content_type))
    }

    /// Adds one entry of file information; at most 10 in all.
    pub fn with_file_info(self, name: &str, value: &str) -> Self {
        self.try_map(|headers| headers.with_file_info(name, value))
    }

    /// When the source was last changed, in ms since 1970; default: what the
    /// file system says, nothing for other sources.
    pub fn with_last_modified_ms(self, ms: i64) -> Self {
        self.try_map(|headers| headers.with_last_modified_ms(ms))
    }

    /// The upload time to store, in ms since 1970; the account has to be
    /// enabled for it.
    pub fn with_custom_upload_timestamp(self, ms: i64) -> Self {
        self.map(|headers| headers.with_custom_upload_timestamp(ms))
    }

    /// How B2 encrypts the file; default: as the bucket says. The key of SSE-C
    /// is needed again for every download; a journal does not hold it.
    pub fn with_encryption(self, encryption: EncryptionRequest) -> Self {
        self.map(|headers| headers.with_encryption(encryption))
    }

    /// Encrypts on this side, so that B2 stores what it cannot read. Parts,
    /// retries, digests and the [journal](Self::with_journal) are those of the
    /// ciphertext, which is never on the disk; only a classic cipher goes
    /// through a temporary file.
    ///
    /// File information tells that the file is encrypted and how long its
    /// content is, if that is not hidden, so 8 entries are left, and one less for each of the
    /// time of the last change and the digest of the whole. The content
    /// type is `application/octet-stream` unless [one is
    /// given](Self::with_content_type).
    ///
    /// To go on after an interruption needs the same password or key. The
    /// content is then read once and compared with what was sent before, and
    /// the digest of the whole is computed whatever
    /// [`with_whole_digest`](Self::with_whole_digest) says: a source that has
    /// changed is refused before a byte of it leaves.
    ///
    /// A [stream](Source::stream) is encrypted while it is read, in frames of
    /// 1 MiB, and what its temporary files hold is ciphertext. Its file
    /// information does not tell the length; whoever can open the file knows
    /// it.
    ///
    /// Memory besides: eight bytes for each frame, so 128 KiB for a GiB, and
    /// at most 16 frames of 64 KiB, from 16 GiB on of 256 KiB.
    ///
    /// # Errors
    ///
    /// - [`Error::ClientEncryption`] if there is no recipient, or an option is
    ///   out of its range.
    ///   The length of a [stream](Source::stream) cannot be hidden, as nobody
    ///   knows it: use [`Source::reader`].
    /// - [`Error::Request`] for a stream and a classic cipher: as above.
    #[cfg(feature = "encryption")]
    pub fn with_client_encryption(
        mut self,
        encryption: crate::encryption::ClientEncryption,
    ) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// How long the version must be kept; default: as the bucket says. The
    /// bucket must have file lock; the capability is `writeFileRetentions`.
    pub fn with_retention(self, retention: FileRetention) -> Self {
        self.map(|headers| headers.with_retention(retention))
    }

    /// Whether the version is held until the hold is lifted. The bucket must
    /// have file lock; the capability is `writeFileLegalHolds`.
    pub fn with_legal_hold(self, hold: LegalHold) -> Self {
        self.map(|headers| headers.with_legal_hold(hold))
    }

    fn map_large(mut self, change: impl FnOnce(LargeOptions) -> LargeOptions) -> Self {
        let large = change(self.options.large().clone());
        self.options = self.options.with_large(large);
        self
    }

    /// Longest file in bytes that is sent in one request; default: twice the
    /// part size, so 200,000,000 bytes with the parts that B2 recommends. At
    /// most [`SIMPLE_UPLOAD_LIMIT`](crate::SIMPLE_UPLOAD_LIMIT); a file that
    /// is not longer than B2's smallest part (5,000,000) is always sent in
    /// one.
    pub fn with_simple_limit(mut self, bytes: u64) -> Self {
        self.options = self.options.with_simple_limit(bytes);
        self
    }

    /// Length of every part but the last, in bytes; default: what B2
    /// recommends, 100,000,000. It is raised so far that 10,000 parts suffice,
    /// and to B2's smallest part, 5,000,000. Larger parts need fewer requests,
    /// smaller ones lose less when one fails.
    pub fn with_part_size(self, bytes: u64) -> Self {
        self.map_large(|options| options.with_part_size(bytes))
    }

    /// Parts that are under way at the same time, at least 1; default 4. More
    /// fill a long line better; each needs up to 1.25 MiB of the memory budget.
    /// [`run_blocking`](Self::run_blocking) sends one after the other.
    pub fn with_concurrency(self, parts: usize) -> Self {
        self.map_large(|options| options.with_concurrency(parts))
    }

    /// Whether the SHA-1 of the whole file is stored with one that is sent in
    /// parts, as `large_file_sha1`, so that a download can be checked. B2
    /// takes it only at the start, so [`WholeDigest::Compute`] reads the
    /// source once more before the first part: for 1 GiB half a second of a
    /// processor with SHA instructions. Default, [`WholeDigest::Automatic`]: it
    /// is computed if there is room for one more entry of file information;
    /// for sources of your own ([`Source::custom`]), which may be dear to
    /// read, and streams it is not.
    pub fn with_whole_digest(mut self, choice: WholeDigest) -> Self {
        self.whole_digest = Some(choice);
        self
    }

    /// Keeps a journal of an upload in parts in the file at `path`. If there
    /// is one already, the upload goes on where that one stopped: parts that
    /// B2 has confirmed are neither read nor sent again. The journal is
    /// removed when the file is stored or cancelled.
    ///
    /// With a journal, a failure leaves the parts on the server: run the
    /// upload again, or cancel it, as they cost money.
    ///
    /// A [stream](Source::stream) cannot be read again, so its journal only
    /// records the large file: if the process is killed, the next upload with
    /// that journal cancels what is left, and begins anew.
    ///
    /// The journal holds no secret. Only one upload can use it at a time; its
    /// folder must exist.
    pub fn with_journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// Goes on with an upload that [`Handle::snapshot`] told of.
    pub fn with_resume(self, resume: Resume) -> Self {
        self.map_large(|options| options.with_resume(resume))
    }

    /// Whether a failure leaves the parts on the server, to be continued
    /// later; default: only with a journal. Otherwise the file is cancelled.
    pub fn with_keep_unfinished(mut self, keep: bool) -> Self {
        self.keep_unfinished = Some(keep);
        self
    }

    /// Asks after each part whether to go on; [`ControlFlow::Break`] stops the
    /// upload as [`Handle::interrupt`] does. Called between requests: return
    /// quickly.
    pub fn with_part_callback(
        mut self,
        ask: impl Fn(&StoredPart) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        self.on_part = Some(Arc::new(ask));
        self
    }

    #[cfg_attr(not(feature = "encryption"), expect(unused_mut, reason = "nothing is taken"))]
    fn into_run(mut self) -> Run<b2_core::Upload, StoredFile> {
        #[cfg(feature = "encryption")]
        if let Some(encryption) = self.encryption.take() {
            return crate::encryption::upload(self, encryption);
        }
        let context = Arc::clone(&self.context);
        match self.assemble() {
            Ok((operation, ends)) => Run::new(&context, Ok(operation)).with_ends(ends).then(settle),
            Err(error) => Run::new(&context, Err(error)),
        }
    }

    fn assemble(mut self) -> Result<(b2_core::Upload, Ends), Error> {
        let Some(len) = self.source.len() else {
            return self.assemble_stream();
        };
        self.open_journal(len, None)?;
        self.complete()
    }

    /// Opens the journal of an upload of so many bytes, and gives what is in
    /// it. `state` is what makes the same ciphertext again, if the bytes are
    /// encrypted on this side.
    pub(crate) fn open_journal(
        &mut self,
        len: u64,
        state: Option<String>,
    ) -> Result<Resume, Error> {
        let headers = self.headers.clone()?;
        let (name, encrypted) = (headers.file_name().as_str(), state.is_some());
        let key = headers.encryption().and_then(|encryption| encryption.customer_key.as_ref());
        let fresh = Resume::new(self.bucket.clone(), name, len, self.source.modified_ms())
            .with_identity(self.source.identity().map(str::to_owned))
            .with_customer_key(key)
            .with_client_encryption(state);
        let fresh = self.options.large().resume().cloned().unwrap_or(fresh);
        let journal = match &self.journal {
            None => Journal::in_memory(fresh),
            Some(path) => {
                Journal::open(path, fresh).map_err(|why| why.into_error("b2_start_large_file"))?
            }
        };
        let left = journal.state();
        if left.begun() && left.client_encryption.is_some() != encrypted {
            let source = Box::new(RequestError::CannotResume(CannotResume::ClientEncryption));
            return Err(Error::Request { operation: "b2_start_large_file", source });
        }
        self.opened = Some(journal);
        Ok(left)
    }

    /// The operation, once the journal is open and the source is what is to
    /// be sent.
    pub(crate) fn complete(self) -> Result<(b2_core::Upload, Ends), Error> {
        let headers = self.headers?;
        let len = self.source.len().ok_or_else(not_a_stream)?;
        let modified_ms = self.source.modified_ms();
        let identity = self.source.identity().map(str::to_owned);
        let mut large = self.options.large().clone();
        large = large.with_modified_ms(modified_ms).with_identity(identity);
        let journal = self.opened.ok_or(Error::Cancelled)?;
        if self.journal.is_some() {
            large = large.with_resume(journal.state());
        }
        let whole_digest = match self.whole_digest {
            None | Some(WholeDigest::Automatic) => self.source.whole_digest(),
            Some(chosen) => chosen,
        };
        large = large
            .with_whole_digest(whole_digest)
            .with_keep_unfinished(self.keep_unfinished.unwrap_or_else(|| self.journal.is_some()));
        let options = self.options.with_large(large);
        let operation = b2_core::Upload::new(self.bucket, headers, len, options)?;
        let ends = Ends {
            source: Some(self.source.into_bytes()),
            journal: Some(Arc::new(journal)),
            on_part: self.on_part,
            ..Ends::default()
        };
        ends.meter.set_total(len);
        Ok((operation, ends))
    }

    /// What is read only once is cancelled if it fails; its journal only
    /// records what a process that is killed has left.
    fn assemble_stream(self) -> Result<(b2_core::Upload, Ends), Error> {
        let headers = self.headers?;
        let mut large = self.options.large().clone().with_keep_unfinished(false);
        let mut journal = None;
        if let Some(path) = &self.journal {
            let fresh = Resume::new(self.bucket.clone(), headers.file_name().as_str(), 0, None);
            let record = Journal::open(path, fresh);
            let record = record.map_err(|why| why.into_error("b2_start_large_file"))?;
            large = large.with_resume(record.state());
            journal = Some(Arc::new(record) as Arc<dyn Recording>);
        }
        if let Some(choice) = self.whole_digest {
            large = large.with_whole_digest(choice);
        }
        let options = self.options.with_large(large);
        let operation = b2_core::Upload::of_stream(self.bucket, headers, options)?;
        let source = Some(self.source.into_bytes());
        Ok((operation, Ends { source, journal, on_part: self.on_part, ..Ends::default() }))
    }

    /// Uploads in the background.
    pub fn start(self) -> Handle<StoredFile> {
        self.into_run().start()
    }

    /// Uploads on this thread.
    ///
    /// # Errors
    ///
    /// As the [type](Self) says.
    pub fn run_blocking(self, transport: &dyn BlockingTransport) -> Result<StoredFile, Error> {
        self.into_run().run_blocking(transport)
    }

    /// The protocol machine, to be driven by your own loop.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] as the [type](Self) says.
    pub fn into_operation(self) -> Result<b2_core::Upload, Error> {
        self.into_run().into_operation()
    }
}

/// What is asked for needs a source that can be read again.
pub(crate) fn not_a_stream() -> Error {
    let source = Box::new(RequestError::CannotResume(CannotResume::Stream));
    Error::Request { operation: "b2_start_large_file", source }
}

fn invalid_info(rule: InvalidFileInfo) -> Error {
    let source = Box::new(RequestError::FileInfo(rule));
    Error::Request { operation: "b2_upload_file", source }
}

/// The caller is about to be told: nothing is left to go on with.
pub(crate) fn settle(uploaded: StoredFile, ends: &Ends) -> Result<StoredFile, Error> {
    ends.meter.acknowledged(uploaded.file.content_length);
    if let Some(journal) = &ends.journal {
        // If it stays, whoever goes on with it finds the file stored.
        let _stays = journal.remove();
    }
    Ok(uploaded)
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("bucket", &self.bucket)
            .field("source", &self.source)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl IntoFuture for Upload {
    type Output = Result<StoredFile, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.into_run().into_future()
    }
}
