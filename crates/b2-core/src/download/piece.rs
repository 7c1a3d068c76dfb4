//! A stretch of an object that one request fetches.

use crate::account::{AUTHORIZE, Account};
use crate::download::outcome::Downloaded;
use crate::download::whole::Download;
use crate::op::{Operation as _, Step};
use crate::time::Instant;

/// One of the pieces that a download is cut into.
#[derive(Debug)]
pub(super) struct Piece {
    /// Where its first byte goes.
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) download: Download,
    /// When it was first asked for.
    asked_at: Option<Instant>,
}

impl Piece {
    pub(super) fn new(offset: u64, len: u64, download: Download) -> Self {
        Self { offset, len, download, asked_at: None }
    }

    pub(super) fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Downloaded> {
        let step = self.download.poll(account, now);
        // It may authorize the account first, which is not its own time.
        if matches!(&step, Step::Send(sent) if sent.operation != AUTHORIZE) {
            self.asked_at.get_or_insert(now);
        }
        step
    }

    /// Whether so many bytes came at a rate of `enough` bytes a second or more,
    /// from the first request to the last byte.
    pub(super) fn was_fast(&self, bytes: u64, now: Instant, enough: u64) -> bool {
        let Some(asked_at) = self.asked_at else { return false };
        let nanos = now.duration_since(asked_at).as_nanos();
        enough < u64::MAX
            && u128::from(bytes) * 1_000_000_000 >= nanos.saturating_mul(enough.into())
    }
}
