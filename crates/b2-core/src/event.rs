//! Facts that a machine reports while it runs.
//!
//! Events inform; they never decide. A driver hands each to its observer
//! outside every lock and polls again.

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
    /// The answer to an upload was lost and the application key may not list
    /// files, so it is sent again: a second version of the same bytes may
    /// exist. Older versions are listed by `b2_list_file_versions`.
    PossibleDuplicate,
    /// A download goes on from this byte after its answer broke off.
    Resuming {
        /// Bytes already in the sink.
        from: u64,
    },
    /// The bytes received did not match the digest; all are fetched again.
    Restarting,
}
