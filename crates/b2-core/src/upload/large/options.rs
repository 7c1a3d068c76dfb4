//! Choices about a large upload.

use b2_proto::Sha1Digest;

use crate::account::Session;
use crate::error::RequestError;
use crate::upload::large::plan::{MAX_PART_SIZE, MAX_PARTS};
use crate::upload::large::resume::Resume;

/// Parts that are under way at the same time, unless told.
const CONCURRENCY: usize = 4;

/// How a large file is sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LargeOptions {
    pub(crate) part_size: Option<u64>,
    pub(crate) concurrency: usize,
    pub(crate) whole_digest: WholeDigest,
    pub(crate) keep_unfinished: bool,
    pub(crate) modified_ms: Option<i64>,
    pub(crate) identity: Option<String>,
    pub(crate) resume: Option<Resume>,
}

/// Whether the SHA-1 of the whole file is stored with it, as
/// `large_file_sha1`.
///
/// B2 checks each part, and computes no digest of the whole. With one stored,
/// anyone can check a download. B2 takes it only when the file is begun, so it
/// costs one more pass over the source before the first part is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WholeDigest {
    /// Compute it if there is room for it in the file information, and none
    /// there already. Sources of your own, which may be dear to read, go
    /// without.
    #[default]
    Automatic,
    /// Compute it, whatever the source; if there is no room for it, that is an
    /// error.
    Compute,
    /// Compute it, whatever the source, for a journal to recognize the source
    /// by; B2 gets it if there is room for it.
    Recorded,
    /// Do not store any.
    Omit,
    /// It is known: store it without reading anything. If there is no room
    /// for it, that is an error.
    Known(Sha1Digest),
}

impl Default for LargeOptions {
    fn default() -> Self {
        Self {
            part_size: None,
            concurrency: CONCURRENCY,
            whole_digest: WholeDigest::default(),
            keep_unfinished: false,
            modified_ms: None,
            identity: None,
            resume: None,
        }
    }
}

impl LargeOptions {
    /// Length of every part but the last, in bytes; default: what B2
    /// recommends, 100,000,000. It is raised so far that 10,000 parts
    /// suffice, and to B2's minimum of 5,000,000; 0 and more than
    /// [`MAX_PART_SIZE`] are errors. Larger parts need
    /// fewer requests, smaller ones lose less when one fails.
    #[must_use]
    pub fn with_part_size(mut self, bytes: u64) -> Self {
        self.part_size = Some(bytes);
        self
    }

    /// Parts that are under way at the same time, at least 1; default 4. More
    /// fill a long line better and need more memory.
    #[must_use]
    pub fn with_concurrency(mut self, parts: usize) -> Self {
        self.concurrency = parts;
        self
    }

    /// Whether the SHA-1 of the whole file is stored; default: it is computed
    /// if there is room for it.
    #[must_use]
    pub fn with_whole_digest(mut self, choice: WholeDigest) -> Self {
        self.whole_digest = choice;
        self
    }

    /// Whether the parts stay on the server when the upload fails, to be
    /// resumed; default: no, the file is cancelled so that it costs nothing.
    #[must_use]
    pub fn with_keep_unfinished(mut self, keep: bool) -> Self {
        self.keep_unfinished = keep;
        self
    }

    /// When the source was last changed, in ms since 1970; a source that can
    /// tell is not hashed again when an upload is resumed.
    #[must_use]
    pub fn with_modified_ms(mut self, ms: Option<i64>) -> Self {
        self.modified_ms = ms;
        self
    }

    /// What else tells the source from one that was changed: for a file that
    /// it is the same one and when its content or attributes were last
    /// changed, which nobody can set back. If it is not what it was when a
    /// resumed upload was begun, the source is hashed again.
    #[must_use]
    pub fn with_identity(mut self, identity: Option<String>) -> Self {
        self.identity = identity;
        self
    }

    /// The upload to go on with.
    #[must_use]
    pub fn resume(&self) -> Option<&Resume> {
        self.resume.as_ref()
    }

    /// Goes on where another upload stopped.
    #[must_use]
    pub fn with_resume(mut self, resume: Resume) -> Self {
        self.resume = Some(resume);
        self
    }

    /// Length of the first part of a source of unknown length.
    pub(crate) fn first_part(&self, session: &Session) -> u64 {
        let least = session.absolute_minimum_part_size.clamp(1, MAX_PART_SIZE);
        let wanted = self.part_size.unwrap_or(session.recommended_part_size);
        wanted.clamp(least, MAX_PART_SIZE)
    }

    /// Numbers that make no sense are told, not bent.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        let part_size = self.part_size.unwrap_or(1);
        in_range("the part size", part_size, MAX_PART_SIZE)?;
        let parts = u64::try_from(self.concurrency).unwrap_or(u64::MAX);
        in_range("the number of parts at a time", parts, MAX_PARTS.into())
    }
}

/// Whether a number lies between 1 and `max`.
pub(crate) fn in_range(name: &'static str, value: u64, max: u64) -> Result<(), RequestError> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(RequestError::OutOfRange { name, value, min: 1, max })
}
