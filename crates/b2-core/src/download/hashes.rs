//! Stretches of the sink that the driver hashes, one at a time.

use std::collections::VecDeque;

use b2_proto::Sha1Digest;

use crate::account::Account;
use crate::error::Side;
use crate::op::{DigestRequest, Ticket};

/// A stretch of the sink.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) offset: u64,
    pub(super) len: u64,
    /// What it has to be, if it is from before an interruption.
    pub(super) expected: Option<Sha1Digest>,
}

/// Stretches whose digests are wanted.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    waiting: VecDeque<Stretch>,
    under_way: Option<(Ticket, Stretch)>,
}

impl Hashes {
    pub(super) fn push(&mut self, stretch: Stretch) {
        self.waiting.push_back(stretch);
    }

    /// What to ask the driver for now.
    pub(super) fn ask(&mut self, account: &mut Account) -> Option<DigestRequest> {
        let stretch = self.waiting.front().filter(|_| self.under_way.is_none()).copied()?;
        self.waiting.pop_front();
        let ticket = account.next_ticket();
        self.under_way = Some((ticket, stretch));
        let (offset, len) = (stretch.offset, stretch.len);
        Some(DigestRequest { ticket, side: Side::Sink, offset, len })
    }

    /// What was hashed, if the ticket is one of these.
    pub(super) fn answered(&mut self, ticket: Ticket) -> Option<Stretch> {
        self.under_way.take_if(|(own, _)| *own == ticket).map(|(_, stretch)| stretch)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_none()
    }

    /// Whether something from before an interruption is still to be verified.
    pub(super) fn verifies(&self) -> bool {
        let under_way = self.under_way.iter().map(|(_, stretch)| stretch);
        self.waiting.iter().chain(under_way).any(|stretch| stretch.expected.is_some())
    }
}
