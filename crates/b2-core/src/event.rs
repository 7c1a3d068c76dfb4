//! Facts that a machine reports while it runs.
//!
//! Events inform; they never decide. A driver hands each to its observer
//! outside every lock and polls again.

use b2_proto::{Action, FileId, LargeFileId, Sha1Digest};

use crate::error::Remedy;
use crate::time::Instant;

/// Something that happened inside a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A request failed and will be made again. Once for each failed attempt
    /// that is not the last.
    Retrying {
        /// B2's name of the call that failed.
        operation: &'static str,
        /// Attempts made so far, from 1.
        attempt: u32,
        /// What will be done about it.
        remedy: Remedy,
        /// When the next attempt is due; may be in the past.
        at: Instant,
        /// The failure, without secrets.
        cause: Box<str>,
    },
    /// This operation obtained a fresh account authorization token, for all.
    TokenRefreshed,
    /// An upload URL was given up after a failure; a fresh one is fetched.
    UrlDropped,
    /// The answer to an upload was lost; the file is looked for before
    /// anything is sent again.
    Reconciling,
    /// The answer to an upload was lost, and the file was not found or the
    /// application key may not list files, so it is sent again: a second
    /// version of the same bytes may exist. Older versions are listed by `b2_list_file_versions`.
    PossibleDuplicate,
    /// A download goes on from this byte after its answer broke off.
    Resuming {
        /// Bytes already in the sink.
        from: u64,
    },
    /// A download in pieces knows what it fetches. Once, before the first
    /// [`PieceStored`](Self::PieceStored), and again when it begins anew.
    DownloadBegun {
        /// The version.
        file_id: FileId,
        /// Bytes that are wanted in all.
        len: u64,
    },
    /// A piece of a download is in the sink; after a resumption once for each
    /// that is kept.
    PieceStored {
        /// Its first byte, counted from the start of the sink.
        offset: u64,
        /// Its length in bytes.
        len: u64,
        /// SHA-1 of what the sink has there, if it was asked for and the whole
        /// has none of its own.
        digest: Option<Sha1Digest>,
        /// Whether it was there already, from before an interruption.
        kept: bool,
    },
    /// The bytes received did not match the digest; all are fetched again.
    Restarting,
    /// A large file is about to be started. Whoever keeps a journal writes
    /// this down first: if the answer is lost, the file may exist.
    LargeFileStarting {
        /// B2's clock, in ms since 1970, as far as known.
        at_ms: Option<i64>,
        /// Length of the file in bytes; `None` if only its end will tell.
        len: Option<u64>,
        /// Length of every part but the last, in bytes; of the first, if the
        /// length of the file is unknown.
        part_size: u64,
        /// SHA-1 of the whole file, if it was computed or known.
        digest: Option<Sha1Digest>,
        /// SHA-1 of all that B2 is told of the file, but for keys.
        told: Sha1Digest,
    },
    /// A large file was started, or found again: from here on it costs money
    /// until it is finished or cancelled.
    LargeFileStarted {
        /// Its id.
        file_id: LargeFileId,
        /// Length of every part but the last, in bytes; of the first, if the
        /// length of the file is unknown.
        part_size: u64,
        /// How many parts it has; `None` if only its end will tell.
        parts: Option<u32>,
    },
    /// B2 has confirmed a part. Once for each, in the order of their
    /// completion; after a resumption once for each that is kept.
    PartStored(StoredPart),
    /// The answer that would have begun a large file was lost and the file is
    /// not found, or may not be looked for with this application key. Another
    /// one is begun: an unfinished file without parts may be left behind.
    PossibleOrphan,
    /// One of several versions is deleted, or an unfinished large file is
    /// cancelled.
    VersionDeleted {
        /// What its id was.
        file_id: FileId,
        /// What it was.
        action: Action,
    },
    /// The large file is cancelled: nothing is left behind. (When it is
    /// finished, the operation is done.)
    LargeFileCancelled,
}

/// A part that B2 has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredPart {
    /// Its number, from 1.
    pub number: u32,
    /// How many parts the file has; `None` if only its end will tell.
    pub of: Option<u32>,
    /// Its first byte, counted from the start of the source.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
    /// SHA-1 of its content.
    pub digest: Sha1Digest,
    /// Whether it was there already, from before an interruption.
    pub kept: bool,
}
