//! Finishing a large file.
//!
//! ```text
//! Listing --all parts, without a gap--+
//!                                     v
//! digests of the caller's own --> Finishing --200, or it is finished--> Done
//! ```

use b2_proto::{
    ContentSha1, FileVersion, FinishLargeFileRequest, LargeFileId, ListPartsRequest, Part,
    Sha1Digest,
};

use crate::account::Account;
use crate::call::Call;
use crate::endpoint::{Endpoint, FinishLargeFile, ListParts};
use crate::error::{Error, ProtocolError, RequestError};
use crate::list::Pager;
use crate::op::{Operation, Reply, Step, Ticket};
use crate::reconcile::Reconciled;
use crate::time::Instant;
use crate::upload::{MAX_PARTS, in_range};

/// Rows of a page; B2 bills a listing by started thousands.
const ROWS: u32 = 1_000;

/// Makes one file of the stored parts; the capability is `writeFiles`.
///
/// A finish whose answer is lost is looked up, which needs the capability
/// `readFiles`; without it the error is [`Error::Unconfirmed`] and names the
/// file.
///
/// Memory: one digest for each part, 200 KiB at the most.
#[derive(Debug)]
pub struct FinishUpload {
    file_id: LargeFileId,
    state: State,
}

#[derive(Debug)]
enum State {
    Listing(Box<Listing>),
    Finishing(Box<Reconciled<FinishLargeFile>>),
}

#[derive(Debug)]
struct Listing {
    pager: Pager<ListParts>,
    call: Call<ListParts>,
    digests: Vec<ContentSha1>,
}

impl FinishUpload {
    /// Finishes with whatever parts B2 has: it is asked for their digests. Use
    /// [`with_digests`](Self::with_digests) where they are known: B2 compares
    /// them, so that a part that somebody replaced is found.
    #[must_use]
    pub fn new(file_id: LargeFileId) -> Self {
        let request = ListPartsRequest::new(file_id.clone()).with_max_part_count(ROWS);
        let (pager, call) = (Pager::new(request.clone()), Call::new(request));
        let listing = Box::new(Listing { pager, call, digests: Vec::new() });
        Self { file_id, state: State::Listing(listing) }
    }

    /// Finishes with the parts of these digests, from part 1 on.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if there is none, or more than [`MAX_PARTS`].
    pub fn with_digests(file_id: LargeFileId, digests: Vec<Sha1Digest>) -> Result<Self, Error> {
        let count = u64::try_from(digests.len()).unwrap_or(u64::MAX);
        in_range("the number of digests", count, MAX_PARTS.into()).map_err(|source| {
            Error::Request { operation: FinishLargeFile::NAME, source: Box::new(source) }
        })?;
        let digests = digests.into_iter().map(ContentSha1::Verified).collect();
        let state = finishing(file_id.clone(), digests);
        Ok(Self { file_id, state })
    }
}

fn finishing(file_id: LargeFileId, digests: Vec<ContentSha1>) -> State {
    let request = FinishLargeFileRequest::new(file_id, digests);
    State::Finishing(Box::new(Reconciled::new(request)))
}

impl Listing {
    /// Takes a page; answers whether it was the last.
    fn listed(&mut self, rows: Vec<Part>) -> Result<bool, Error> {
        for row in rows {
            self.digests.push(self.next(row)?);
        }
        match self.pager.next_call() {
            Some(call) => self.call = call,
            None if self.digests.is_empty() => return Err(missing(1)),
            None => return Ok(true),
        }
        Ok(false)
    }

    fn next(&self, row: Part) -> Result<ContentSha1, Error> {
        let expected = u32::try_from(self.digests.len()).unwrap_or(u32::MAX).saturating_add(1);
        if row.part_number != expected {
            return Err(missing(expected));
        }
        if expected > MAX_PARTS {
            let source = Box::new(ProtocolError::Contradiction("more parts than there can be"));
            return Err(Error::Protocol { operation: ListParts::NAME, source });
        }
        match row.content_sha1 {
            Some(ContentSha1::Verified(digest) | ContentSha1::Unverified(digest)) => {
                Ok(ContentSha1::Verified(digest))
            }
            _ => {
                let source = Box::new(ProtocolError::Contradiction("a part has no digest"));
                Err(Error::Protocol { operation: ListParts::NAME, source })
            }
        }
    }
}

fn missing(number: u32) -> Error {
    let source = Box::new(RequestError::MissingPart { number });
    Error::Request { operation: FinishLargeFile::NAME, source }
}

impl Operation for FinishUpload {
    type Output = FileVersion;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<FileVersion> {
        loop {
            match &mut self.state {
                State::Listing(listing) => {
                    let page = match listing.call.poll(account, now).finished() {
                        Err(step) => return step,
                        Ok(page) => page,
                    };
                    let rows = page.and_then(|page| listing.pager.accept(page));
                    match rows.and_then(|rows| listing.listed(rows)) {
                        Err(error) => return Step::Done(Err(error)),
                        Ok(false) => {}
                        Ok(true) => {
                            let digests = std::mem::take(&mut listing.digests);
                            self.state = finishing(self.file_id.clone(), digests);
                        }
                    }
                }
                State::Finishing(call) => {
                    let mut result = match call.poll(account, now).finished() {
                        Err(step) => return step,
                        Ok(result) => result,
                    };
                    if let Err(Error::Unconfirmed { file_id, .. }) = &mut result {
                        *file_id = Some(self.file_id.clone());
                    }
                    return Step::Done(result);
                }
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Listing(listing) => listing.call.handle(account, ticket, reply, now),
            State::Finishing(call) => call.handle(account, ticket, reply, now),
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Listing(listing) => listing.call.abandon(account),
            State::Finishing(call) => call.abandon(account),
        }
    }
}
