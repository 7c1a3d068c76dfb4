//! Copies made inside B2: no byte passes through this machine.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use b2_core::FileCopy;
use b2_core::copy::CopyOptions;
use b2_core::error::Error;
use b2_core::event::StoredPart;
use b2_core::upload::{LargeOptions, Resume, StoredFile};
use b2_proto::{ByteRange, EncryptionRequest, FileId, FileRetention, LegalHold};

use crate::bucket::{Bucket, file_name};
use crate::drive::{Ends, OnPart};
use crate::journal::{Journal, Recording};
use crate::run::Run;

impl Bucket {
    /// Copies the version `source` of any bucket of the account to `name` in
    /// this one. The capabilities are `writeFiles`, and `readFiles` for the
    /// source.
    ///
    /// The source is described first, one transaction of class B. Up to 5 GB
    /// are copied in one request, more in parts, several at a time.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with status 404 if there is no such version, with 400 if
    /// it is encrypted with another key than [the one
    /// given](CopyFile::with_source_encryption);
    /// [`Error::Unconfirmed`] if the answer is lost and the key may not look
    /// for the copy: look with [`versions`](Self::versions) whether it is
    /// there.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// bucket.upload("a.txt", "hello").await?;
    /// let source = bucket.head("a.txt").await?.file_id;
    /// let copied = bucket.copy(source, "b.txt").run().await?;
    /// assert_eq!(copied.file.content_length, 5);
    /// # Ok(()) }
    /// ```
    pub fn copy(&self, source: FileId, name: &str) -> CopyFile {
        let options = CopyOptions::default().with_bucket(self.id().clone());
        CopyFile {
            bucket: self.clone(),
            source,
            name: name.into(),
            options,
            journal: None,
            on_part: None,
        }
    }
}

/// A copy to be configured; [`run`](Self::run) makes it.
///
/// # Cancel safety
///
/// Dropping the future does not undo what B2 has begun: a copy in one request
/// may appear, and one in parts leaves an unfinished large file, which costs
/// money until it is [continued](Self::with_journal) or cancelled.
/// [`Handle::abort`](crate::Handle::abort) cancels it.
#[derive(Clone)]
#[must_use = "call `run` to make the copy"]
pub struct CopyFile {
    bucket: Bucket,
    source: FileId,
    name: Box<str>,
    options: CopyOptions,
    journal: Option<PathBuf>,
    on_part: Option<OnPart>,
}

impl CopyFile {
    fn map(mut self, change: impl FnOnce(CopyOptions) -> CopyOptions) -> Self {
        self.options = change(self.options);
        self
    }

    fn map_large(self, change: impl FnOnce(LargeOptions) -> LargeOptions) -> Self {
        self.map(|options| {
            let large = change(options.large().clone());
            options.with_large(large)
        })
    }

    /// Copies these bytes only; default: all. The copy of a range bears no
    /// `large_file_sha1`, as that of the source is not its own.
    pub fn with_range(self, range: ByteRange) -> Self {
        self.map(|options| options.with_range(range))
    }

    /// Gives the copy a content type and file information of its own, in
    /// place of all that the source has; default: those of the source.
    pub fn with_metadata(self, content_type: &str, info: BTreeMap<String, String>) -> Self {
        self.map(|options| options.with_metadata(content_type, info))
    }

    /// Gives one entry of the file information another value, or adds it; all
    /// the others, and the content type, stay what they are.
    pub fn with_changed_info(self, name: &str, value: &str) -> Self {
        self.map(|options| options.with_changed_info(name, value))
    }

    /// How the copy is encrypted; default: as the bucket says.
    pub fn with_encryption(self, encryption: EncryptionRequest) -> Self {
        self.map(|options| options.with_encryption(encryption))
    }

    /// The key of a source that is under SSE-C.
    pub fn with_source_encryption(self, encryption: EncryptionRequest) -> Self {
        self.map(|options| options.with_source_encryption(encryption))
    }

    /// How long the copy must be kept; default: as the bucket says. The
    /// capability is `writeFileRetentions`.
    pub fn with_retention(self, retention: FileRetention) -> Self {
        self.map(|options| options.with_retention(retention))
    }

    /// Whether the copy is held until the hold is lifted. The capability is
    /// `writeFileLegalHolds`.
    pub fn with_legal_hold(self, hold: LegalHold) -> Self {
        self.map(|options| options.with_legal_hold(hold))
    }

    /// Longest file in bytes that is copied in one request; default and at
    /// most 5,000,000,000.
    pub fn with_simple_limit(self, bytes: u64) -> Self {
        self.map(|options| options.with_simple_limit(bytes))
    }

    /// Length of every part but the last of a copy in parts, in bytes;
    /// default: what B2 recommends, 100,000,000.
    pub fn with_part_size(self, bytes: u64) -> Self {
        self.map_large(|options| options.with_part_size(bytes))
    }

    /// Parts that are copied at the same time, at least 1; default 4.
    pub fn with_concurrency(self, parts: usize) -> Self {
        self.map_large(|options| options.with_concurrency(parts))
    }

    /// Keeps a journal of a copy in parts in the file at `path`, as
    /// [`Upload::with_journal`](crate::Upload::with_journal) does: if there is
    /// one, the copy goes on where that one stopped; a failure leaves the
    /// parts on the server.
    pub fn with_journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// Goes on with a copy that [`Handle::snapshot`](crate::Handle::snapshot)
    /// told of.
    pub fn with_resume(self, resume: Resume) -> Self {
        self.map_large(|options| options.with_resume(resume))
    }

    /// Asks after each part whether to go on; [`ControlFlow::Break`] stops the
    /// copy as [`Handle::interrupt`](crate::Handle::interrupt) does.
    pub fn with_part_callback(
        mut self,
        ask: impl Fn(&StoredPart) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        self.on_part = Some(Arc::new(ask));
        self
    }

    /// Makes the copy.
    ///
    /// # Errors
    ///
    /// As [`Bucket::copy`] says; [`Error::Request`] before anything is sent if
    /// the name or the information breaks B2's rules.
    pub fn run(self) -> Run<FileCopy, StoredFile> {
        let context = Arc::clone(self.bucket.context());
        match self.assemble() {
            Ok((operation, ends)) => Run::new(&context, Ok(operation)).with_ends(ends).then(settle),
            Err(error) => Run::new(&context, Err(error)),
        }
    }

    fn assemble(self) -> Result<(FileCopy, Ends), Error> {
        let name = file_name("b2_copy_file", &self.name)?;
        let first = self.options.first_byte();
        let key = self.options.customer_key();
        let bucket = self.bucket.id().clone();
        let fresh =
            Resume::of_copy(bucket, &self.name, self.source.clone(), first).with_customer_key(key);
        let fresh = self.options.large().resume().cloned().unwrap_or(fresh);
        let mut options = self.options;
        let journal = match &self.journal {
            None => Journal::in_memory(fresh),
            Some(path) => {
                let journal = Journal::open(path, fresh)
                    .map_err(|why| why.into_error("b2_start_large_file"))?;
                let large = options.large().clone();
                options = options
                    .with_large(large.with_resume(journal.state()).with_keep_unfinished(true));
                journal
            }
        };
        let journal: Arc<dyn Recording> = Arc::new(journal);
        let ends = Ends { journal: Some(journal), on_part: self.on_part, ..Ends::default() };
        Ok((FileCopy::new(self.source, name, options)?, ends))
    }
}

impl fmt::Debug for CopyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyFile")
            .field("source", &self.source)
            .field("name", &self.name)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The caller is about to be told: nothing is left to go on with.
fn settle(copied: StoredFile, ends: &Ends) -> Result<StoredFile, Error> {
    ends.meter.set_total(copied.file.content_length);
    ends.meter.acknowledged(copied.file.content_length);
    if let Some(journal) = &ends.journal {
        // If it stays, whoever goes on with it finds the file stored.
        let _stays = journal.remove();
    }
    Ok(copied)
}
