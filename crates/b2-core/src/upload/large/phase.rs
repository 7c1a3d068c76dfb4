//! Where a large upload stands.

use std::collections::BTreeMap;

use b2_proto::Sha1Digest;

use crate::account::Account;
use crate::call::Call;
use crate::endpoint::{CancelLargeFile, FinishLargeFile, GetFileInfo};
use crate::error::Error;
use crate::op::{Operation, Ticket};
use crate::reconcile::Reconciled;
use crate::upload::large::begin::Begin;
use crate::upload::large::parts::Parts;
use crate::upload::large::review::Review;
use crate::upload::stored::StoredFile;

#[derive(Debug)]
pub(super) enum Phase {
    Planning,
    Hashing(Ticket),
    /// Is the source still what a resumed upload was begun with?
    Verifying(Ticket, BTreeMap<u32, Sha1Digest>),
    Beginning(Box<Begin>),
    Reviewing(Box<Review>),
    /// An earlier upload may have finished it and stopped before it knew.
    Looking(Box<Call<GetFileInfo>>),
    Sending(Box<Parts>),
    Finishing(Box<Reconciled<FinishLargeFile>>),
    Cancelling(Box<Call<CancelLargeFile>>, Error),
    /// There was nothing to cancel: has an earlier upload finished it?
    Doubting(Box<Call<GetFileInfo>>, Error),
    Done(Result<Box<StoredFile>, Error>),
    Over,
}

impl Phase {
    pub(super) fn abandon(&mut self, account: &mut Account) {
        match self {
            Self::Beginning(begin) => begin.abandon(account),
            Self::Reviewing(review) => review.abandon(account),
            Self::Looking(call) => call.abandon(account),
            Self::Sending(parts) => parts.abandon(account),
            Self::Finishing(call) => call.abandon(account),
            Self::Cancelling(call, _) => call.abandon(account),
            Self::Doubting(call, _) => call.abandon(account),
            Self::Planning
            | Self::Hashing(_)
            | Self::Verifying(..)
            | Self::Done(_)
            | Self::Over => {}
        }
    }

    /// Whether B2 is about to change something, so that stopping has to wait
    /// for what becomes of it.
    pub(super) fn committed(&self) -> bool {
        match self {
            Self::Beginning(begin) => !begin.is_idle(),
            // What was finished by an earlier upload is not cancelled.
            Self::Looking(_)
            | Self::Finishing(_)
            | Self::Cancelling(..)
            | Self::Doubting(..)
            | Self::Done(_)
            | Self::Over => true,
            Self::Planning
            | Self::Hashing(_)
            | Self::Verifying(..)
            | Self::Reviewing(_)
            | Self::Sending(_) => false,
        }
    }
}
