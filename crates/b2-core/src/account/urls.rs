//! The pool of upload URLs.
//!
//! An upload URL serves one upload at a time. It is checked out, so nobody
//! else has it, and comes back only after a success: any failure drops it, as
//! the server may still hold it.

use std::collections::BTreeMap;

use b2_proto::{AuthToken, BucketId, UploadUrl};

use crate::time::{Duration, Instant};

/// URLs kept for one bucket. More are never in flight than requests, so this
/// only bounds what a burst leaves behind.
const KEPT: usize = 32;

/// B2 keeps a URL for 24 hours; one that is nearly over is not worth a body.
const LIFETIME: Duration = Duration::from_secs(23 * 60 * 60);

/// A checked-out upload URL with its token. Not `Clone`: holding it is the
/// right to use it.
pub(crate) struct UploadTarget {
    pub(crate) url: UploadUrl,
    pub(crate) token: AuthToken,
    pub(crate) obtained: Instant,
}

impl UploadTarget {
    /// Whether B2 still takes it for the time that a body needs.
    pub(crate) fn serves(&self, now: Instant) -> bool {
        now.duration_since(self.obtained) < LIFETIME
    }
}

impl std::fmt::Debug for UploadTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadTarget").field("obtained", &self.obtained).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(crate) struct UrlPool {
    idle: BTreeMap<BucketId, Vec<UploadTarget>>,
}

impl UrlPool {
    /// The URL that was used last, as its connection is the warmest.
    pub(crate) fn check_out(&mut self, bucket: &BucketId, now: Instant) -> Option<UploadTarget> {
        let idle = self.idle.get_mut(bucket)?;
        idle.retain(|target| target.serves(now));
        let target = idle.pop();
        if idle.is_empty() {
            self.idle.remove(bucket);
        }
        target
    }

    /// Takes a URL back after a successful upload.
    pub(crate) fn give_back(&mut self, bucket: &BucketId, target: UploadTarget) {
        let idle = self.idle.entry(bucket.clone()).or_default();
        if idle.len() == KEPT {
            idle.remove(0);
        }
        idle.push(target);
    }

    /// Forgets all URLs.
    pub(crate) fn clear(&mut self) {
        self.idle.clear();
    }

    pub(crate) fn idle(&self) -> usize {
        self.idle.values().map(Vec::len).sum()
    }
}
