//! Which parts of an interrupted upload are good already.
//!
//! ```text
//! Listing --all pages--> Comparing --all settled--> Done(parts to keep)
//!    \--no such unfinished file--> Done(Gone)
//! ```
//!
//! A part is kept if B2 has it in the right length and with the digest that
//! the journal knows. One that the journal does not know, or any part of a
//! source that cannot tell whether it has changed, is read and hashed first.

use std::collections::{BTreeMap, VecDeque};

use b2_proto::{ContentSha1, ErrorCode, LargeFileId, ListPartsRequest, Part, Sha1Digest};

use crate::account::Account;
use crate::call::Call;
use crate::endpoint::ListParts;
use crate::error::{Error, RequestError, Side};
use crate::list::Pager;
use crate::op::{DigestRequest, Operation, Reply, Step, Ticket, Wait, WaitReason};
use crate::time::Instant;
use crate::upload::large::plan::{PartPlan, Slice};
use crate::upload::large::resume::CannotResume;

/// Rows of a page: as many as B2 gives.
const ROWS: u32 = 1_000;

/// What a review gives.
#[derive(Debug)]
pub(crate) enum Reviewed {
    /// Parts that need not be sent again.
    Kept(BTreeMap<u32, Sha1Digest>),
    /// There is no such unfinished file any more.
    Gone,
}

/// What is believed without looking at the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// What the journal says: the source tells if it has changed.
    Journal,
    /// The same, and the source cannot be read to find out the rest.
    JournalOnly,
    /// Nothing: the source may have changed.
    Nothing,
}

#[derive(Debug)]
pub(crate) struct Review {
    plan: PartPlan,
    known: BTreeMap<u32, Sha1Digest>,
    trust: Trust,
    state: State,
    kept: BTreeMap<u32, Sha1Digest>,
    doubtful: VecDeque<(Slice, Sha1Digest)>,
}

#[derive(Debug)]
enum State {
    Listing { pager: Pager<ListParts>, call: Box<Call<ListParts>> },
    Comparing,
    Hashing { ticket: Ticket, slice: Slice, stored: Sha1Digest },
    Failed(Error),
}

impl Review {
    pub(crate) fn new(
        file_id: &LargeFileId,
        plan: PartPlan,
        known: BTreeMap<u32, Sha1Digest>,
        trust: Trust,
    ) -> Self {
        let request = ListPartsRequest::new(file_id.clone()).with_max_part_count(ROWS);
        let call = Box::new(Call::new(request.clone()));
        let state = State::Listing { pager: Pager::new(request), call };
        let (kept, doubtful) = (BTreeMap::new(), VecDeque::new());
        Self { plan, known, trust, state, kept, doubtful }
    }

    pub(crate) fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Reviewed> {
        loop {
            match &mut self.state {
                State::Listing { pager, call } => {
                    let rows = match call.poll(account, now).finished() {
                        Err(step) => return step,
                        Ok(Ok(page)) => pager.accept(page),
                        Ok(Err(error)) if is_gone(&error) => {
                            return Step::Done(Ok(Reviewed::Gone));
                        }
                        Ok(Err(error)) => Err(error),
                    };
                    let next = pager.next_call();
                    match rows {
                        Err(error) => return Step::Done(Err(error)),
                        Ok(rows) => rows.into_iter().for_each(|part| self.sort(&part)),
                    }
                    self.turn(next);
                }
                State::Comparing => match self.doubtful.pop_front() {
                    None => {
                        return Step::Done(Ok(Reviewed::Kept(std::mem::take(&mut self.kept))));
                    }
                    Some((slice, stored)) => {
                        let ticket = account.next_ticket();
                        self.state = State::Hashing { ticket, slice, stored };
                        let Slice { offset, len, .. } = slice;
                        let side = Side::Source;
                        return Step::Digest(DigestRequest { ticket, side, offset, len });
                    }
                },
                State::Hashing { .. } => {
                    return Step::Wait(Wait::for_digest());
                }
                State::Failed(error) => return Step::Done(Err(error.clone())),
            }
        }
    }

    fn turn(&mut self, next: Option<Call<ListParts>>) {
        match (&mut self.state, next) {
            (State::Listing { call, .. }, Some(next)) => **call = next,
            _ => self.state = State::Comparing,
        }
    }

    /// A part that B2 has: keep it, look closer, or send it again.
    fn sort(&mut self, part: &Part) {
        let slice = self.plan.slice(part.part_number);
        let Some(slice) = slice.filter(|slice| slice.len == part.content_length) else {
            return;
        };
        let Some(ContentSha1::Verified(stored)) = part.content_sha1 else {
            return;
        };
        match (self.trust, self.known.get(&slice.number) == Some(&stored)) {
            (Trust::Journal | Trust::JournalOnly, true) => {
                self.kept.insert(slice.number, stored);
            }
            (Trust::JournalOnly, false) => {}
            _ => self.doubtful.push_back((slice, stored)),
        }
    }

    pub(crate) fn handle(
        &mut self,
        account: &mut Account,
        ticket: Ticket,
        reply: Reply,
        now: Instant,
    ) {
        match &mut self.state {
            State::Listing { call, .. } => call.handle(account, ticket, reply, now),
            State::Hashing { ticket: own, slice, stored } if *own == ticket => {
                let (slice, stored) = (*slice, *stored);
                self.state = self.compare(slice, stored, reply);
            }
            _ => {}
        }
    }

    fn compare(&mut self, slice: Slice, stored: Sha1Digest, reply: Reply) -> State {
        let known = self.known.get(&slice.number);
        match reply {
            Reply::Digest(own) if own == stored => {
                self.kept.insert(slice.number, stored);
                State::Comparing
            }
            // The journal says that these bytes were sent from this source.
            Reply::Digest(_) if known == Some(&stored) => State::Failed(Error::Request {
                operation: "b2_upload_part",
                source: Box::new(RequestError::CannotResume(CannotResume::Content)),
            }),
            Reply::Local(error) => State::Failed(Error::Local(error)),
            _ => State::Comparing,
        }
    }

    pub(crate) fn abandon(&mut self, account: &mut Account) {
        if let State::Listing { call, .. } = &mut self.state {
            call.abandon(account);
        }
    }
}

/// B2 has no code of its own for a file that is finished or cancelled.
pub(crate) fn is_gone(error: &Error) -> bool {
    let code = error.code();
    matches!(
        code,
        Some(
            ErrorCode::BadRequest
                | ErrorCode::NotFound
                | ErrorCode::FileNotPresent
                | ErrorCode::NoSuchFile
                | ErrorCode::InvalidFileId
        )
    )
}

impl Wait {
    pub(crate) fn for_digest() -> Self {
        Self { until: None, on_account: false, reason: WaitReason::Hashing }
    }
}
