//! How one part comes to B2: from here, or from a file that is there.

use b2_proto::Sha1Digest;

use crate::account::Account;
use crate::copy::PartCopy;
use crate::op::{Reply, Step, Ticket};
use crate::time::Instant;
use crate::upload::large::part::{IdleUrls, PartContext, PartUpload};
use crate::upload::large::plan::Slice;

#[derive(Debug)]
pub(crate) enum PartWork {
    Upload(PartUpload),
    Copy(Box<PartCopy>),
}

impl PartWork {
    pub(crate) fn new(slice: Slice, context: &PartContext) -> Self {
        match &context.origin {
            None => Self::Upload(PartUpload::new(slice)),
            Some(origin) => Self::Copy(Box::new(PartCopy::new(slice, &context.file_id, origin))),
        }
    }

    pub(crate) fn slice(&self) -> Slice {
        match self {
            Self::Upload(upload) => upload.slice,
            Self::Copy(copy) => copy.slice,
        }
    }

    pub(crate) fn poll(
        &mut self,
        context: &PartContext,
        urls: &mut IdleUrls,
        account: &mut Account,
        now: Instant,
    ) -> Step<Sha1Digest> {
        match self {
            Self::Upload(upload) => upload.poll(context, urls, account, now),
            Self::Copy(copy) => copy.poll(account, now),
        }
    }

    /// Takes a reply, or gives it back if it is another part's.
    pub(crate) fn handle(
        &mut self,
        urls: &mut IdleUrls,
        account: &mut Account,
        ticket: Ticket,
        reply: Reply,
        now: Instant,
    ) -> Option<Reply> {
        match self {
            Self::Upload(upload) => upload.handle(urls, account, ticket, reply, now),
            Self::Copy(copy) => copy.handle(account, ticket, reply, now),
        }
    }

    pub(crate) fn abandon(&mut self, account: &mut Account) {
        match self {
            Self::Upload(upload) => upload.abandon(account),
            Self::Copy(copy) => copy.abandon(account),
        }
    }
}
