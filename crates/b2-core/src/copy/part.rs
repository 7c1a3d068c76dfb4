//! One part of a large file that is copied from another file.

use b2_proto::{
    ByteRange, ContentSha1, CopyPartRequest, EncryptionRequest, FileId, LargeFileId, Part,
    Sha1Digest,
};

use crate::account::Account;
use crate::call::Call;
use crate::endpoint::{CopyPart, Endpoint};
use crate::error::{Error, ProtocolError};
use crate::op::{Operation, Reply, Step, Ticket};
use crate::time::Instant;
use crate::upload::Slice;

/// Where the bytes of a copied large file are.
#[derive(Clone, Debug)]
pub(crate) struct CopyOrigin {
    pub(crate) source: FileId,
    /// The byte of the source with which the copy begins.
    pub(crate) first: u64,
    pub(crate) source_encryption: Option<EncryptionRequest>,
    pub(crate) destination_encryption: Option<EncryptionRequest>,
}

/// Copies one part. A second time replaces the part by the same bytes, so a
/// lost answer is met with another attempt.
#[derive(Debug)]
pub(crate) struct PartCopy {
    pub(crate) slice: Slice,
    call: Call<CopyPart>,
}

impl PartCopy {
    pub(crate) fn new(slice: Slice, file_id: &LargeFileId, origin: &CopyOrigin) -> Self {
        let first = origin.first + slice.offset;
        let mut request =
            CopyPartRequest::new(file_id.clone(), slice.number, origin.source.clone());
        request.range = ByteRange::of_len(first, slice.len).ok();
        request.source_server_side_encryption.clone_from(&origin.source_encryption);
        // The key of the large file, with which all its parts are written;
        // what else it was begun with, B2 knows.
        request.destination_server_side_encryption =
            origin.destination_encryption.clone().filter(EncryptionRequest::is_sse_c);
        Self { slice, call: Call::new(request) }
    }

    pub(crate) fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Sha1Digest> {
        match self.call.poll(account, now).finished() {
            Err(step) => step,
            Ok(part) => Step::Done(part.and_then(|part| self.verified(&part))),
        }
    }

    /// What B2 has must be what was asked for.
    fn verified(&self, part: &Part) -> Result<Sha1Digest, Error> {
        let contradiction = |what| {
            let source = Box::new(ProtocolError::Contradiction(what));
            Err(Error::Protocol { operation: CopyPart::NAME, source })
        };
        match part.content_sha1 {
            _ if part.part_number != self.slice.number => contradiction("another part was stored"),
            _ if part.content_length != self.slice.len => {
                contradiction("the stored length is another")
            }
            Some(ContentSha1::Verified(digest) | ContentSha1::Unverified(digest)) => Ok(digest),
            _ => contradiction("the part has no digest"),
        }
    }

    pub(crate) fn handle(
        &mut self,
        account: &mut Account,
        ticket: Ticket,
        reply: Reply,
        now: Instant,
    ) -> Option<Reply> {
        if !self.call.awaits(ticket) {
            return Some(reply);
        }
        self.call.handle(account, ticket, reply, now);
        None
    }

    pub(crate) fn abandon(&mut self, account: &mut Account) {
        self.call.abandon(account);
    }
}
