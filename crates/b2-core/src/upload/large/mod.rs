//! One file in parts: several at a time, resumable, never left behind unseen.
//!
//! ```text
//! Hashing --digest--> Beginning --id--> Sending --all parts--> Finishing --200--> Done
//!                         ^                ^                    (a lost answer is looked up)
//!  (resumed) Reviewing ---|--parts kept----+
//!               \--gone--> Looking --cancelled meanwhile--> Beginning
//!                             \--finished meanwhile--> Done
//!  any failure or a stop --> Cancelling --> Done(error)
//! ```
//!
//! A file that fails is cancelled on the server, as unfinished parts cost
//! money; with [`LargeOptions::with_keep_unfinished`] they stay for a later
//! [`Resume`].

pub(crate) mod begin;
mod options;
pub(crate) mod part;
mod parts;
mod phase;
mod plan;
mod planning;
mod resume;
mod resumption;
mod review;
mod supply;
mod work;

pub(crate) use options::in_range;
pub use options::{LargeOptions, WholeDigest};
pub use plan::{MAX_FILE_SIZE, MAX_PART_SIZE, MAX_PARTS, PartPlan, Slice};
pub use resume::{CannotResume, Resume, ResumeEntry};

use std::collections::{BTreeMap, VecDeque};

use b2_proto::{
    Action, BucketId, CancelLargeFileRequest, Capability, ContentSha1, FileId, FileInfo,
    FileVersion, FinishLargeFileRequest, GetFileInfoRequest, LargeFileId, Sha1Digest,
};

use crate::account::{Account, Authorizer};
use crate::call::Call;
use crate::copy::CopyOrigin;
use crate::error::{Error, ProtocolError, RequestError, Side};
use crate::event::Event;
use crate::op::{DigestRequest, Operation, Reply, Slot, Step, Stop, Ticket, Wait};
use crate::reconcile::Reconciled;
use crate::time::Instant;
use crate::upload::headers::UploadHeaders;
use crate::upload::stored::StoredFile;

use begin::Begin;
use part::PartContext;
use parts::Parts;
use phase::Phase;
use review::Reviewed;
use supply::{Growth, Supply};

const OPERATION: &str = "b2_start_large_file";

/// Uploads one file in parts.
#[derive(Debug)]
pub struct LargeUpload {
    bucket: BucketId,
    headers: UploadHeaders,
    len: u64,
    options: LargeOptions,
    authorizer: Authorizer,
    phase: Phase,
    events: VecDeque<Event>,
    plan: Option<PartPlan>,
    digest: Option<Sha1Digest>,
    file_id: Option<LargeFileId>,
    paused: bool,
    possible_orphan: bool,
    /// Somebody may have finished the file: an earlier upload, or this one.
    perhaps_finished: bool,
    stop: Option<Stop>,
    /// Where the bytes are, if they are copied inside B2.
    origin: Option<CopyOrigin>,
    /// Length of the first part of a source whose own length is unknown.
    stream: Option<u64>,
}

impl LargeUpload {
    /// Uploads the first `len` bytes of the source, which have to be more
    /// than B2's smallest part (5,000,000).
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if `len` is above [`MAX_FILE_SIZE`], the file
    /// information breaks B2's rules, or `options` resume another upload.
    pub fn new(
        bucket: BucketId,
        headers: UploadHeaders,
        len: u64,
        options: LargeOptions,
    ) -> Result<Self, Error> {
        if len > MAX_FILE_SIZE {
            return Err(request(RequestError::TooLarge { len, limit: MAX_FILE_SIZE }));
        }
        headers.check(OPERATION)?;
        options.check().map_err(request)?;
        if let Some(resume) = &options.resume {
            let checked = resume.check(&bucket, &headers, len, options.modified_ms);
            checked.map_err(cannot_resume)?;
        }
        Ok(Self {
            bucket,
            headers,
            len,
            options,
            authorizer: Authorizer::default(),
            phase: Phase::Planning,
            events: VecDeque::new(),
            plan: None,
            digest: None,
            file_id: None,
            paused: false,
            possible_orphan: false,
            perhaps_finished: false,
            stop: None,
            origin: None,
            stream: None,
        })
    }

    /// Uploads a source until it ends, wherever that is; it has more than
    /// `first_part` bytes.
    pub(crate) fn of_stream(
        bucket: BucketId,
        headers: UploadHeaders,
        first_part: u64,
        options: LargeOptions,
    ) -> Result<Self, Error> {
        if let Some(record) = &options.resume {
            record.check_place(&bucket, &headers).map_err(cannot_resume)?;
            if record.plan().is_some() {
                // A file's: whoever can read it again can go on with it.
                return Err(cannot_resume(CannotResume::Stream));
            }
        }
        let record = options.resume.clone();
        // Nobody could go on with what is left.
        let options = LargeOptions { resume: None, keep_unfinished: false, ..options };
        let mut upload = Self::new(bucket, headers, 0, options)?;
        upload.options.resume = record;
        Ok(Self { stream: Some(first_part), ..upload })
    }

    /// The parts are copied from another file of B2 instead of being sent.
    pub(crate) fn copying(mut self, origin: CopyOrigin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The id that B2 gave the file, once it is begun.
    #[must_use]
    pub fn file_id(&self) -> Option<&LargeFileId> {
        self.file_id.as_ref()
    }

    fn request(&self) -> b2_proto::StartLargeFileRequest {
        let mut request = begin::start_request(&self.bucket, &self.headers);
        if let (Some(digest), Some(info)) = (self.digest, &mut request.file_info)
            && self.room().is_ok()
        {
            info.insert(FileInfo::LARGE_FILE_SHA1.to_owned(), digest.to_string());
        }
        request
    }

    fn start(&mut self, account: &Account, now: Instant) -> Phase {
        let at_ms = account.server_time_ms(now);
        let part_size = self.plan.map(|plan| plan.part_size()).or(self.stream).unwrap_or(0);
        let digest = self.digest;
        let len = self.stream.is_none().then_some(self.len);
        let request = self.request();
        let told = begin::told(&request);
        self.events.push_back(Event::LargeFileStarting { at_ms, len, part_size, digest, told });
        Phase::Beginning(Box::new(Begin::new(request, at_ms)))
    }

    fn began(&mut self, account: &mut Account, file_id: LargeFileId) {
        account.begin_work_on(&file_id);
        let part_size = self.plan.map(|plan| plan.part_size()).or(self.stream).unwrap_or(0);
        let parts = self.plan.map(|plan| plan.count());
        let event = Event::LargeFileStarted { file_id: file_id.clone(), part_size, parts };
        self.events.push_back(event);
        self.file_id = Some(file_id);
    }

    fn send(&self, kept: BTreeMap<u32, Sha1Digest>) -> Phase {
        let supply = match (self.plan, self.stream) {
            (Some(plan), _) => Some(Supply::Plan(plan)),
            (None, first) => first.map(|first| Supply::Stream(Growth::new(first))),
        };
        let (Some(supply), Some(file_id)) = (supply, self.file_id.clone()) else {
            return Phase::Done(Err(contradiction("no large file was begun")));
        };
        let context = PartContext {
            file_id,
            key: self.headers.customer_key().cloned(),
            origin: self.origin.clone(),
        };
        let mut parts = Parts::new(supply, context, self.options.concurrency, kept);
        parts.paused = self.paused;
        Phase::Sending(Box::new(parts))
    }

    fn finish(&mut self, digests: Vec<Sha1Digest>) -> Phase {
        self.perhaps_finished = true;
        let Some(file_id) = self.file_id.clone() else {
            return Phase::Done(Err(contradiction("no large file was begun")));
        };
        let digests = digests.into_iter().map(ContentSha1::Verified).collect();
        let request = FinishLargeFileRequest::new(file_id, digests);
        Phase::Finishing(Box::new(Reconciled::new(request)))
    }

    /// Its end is no event: whoever keeps a journal may drop it only when the
    /// caller has been told, or the file would be uploaded again.
    fn finished(&mut self, account: &mut Account, file: FileVersion) -> Phase {
        if let Some(file_id) = self.file_id.take() {
            account.end_work_on(&file_id);
        }
        if file.content_length != self.len {
            return Phase::Done(Err(contradiction("the stored length is another")));
        }
        let possible_orphan = self.possible_orphan;
        Phase::Done(Ok(Box::new(StoredFile { file, possible_duplicate: false, possible_orphan })))
    }

    /// The large file is no more.
    fn ended(&mut self, account: &mut Account) {
        if let Some(file_id) = self.file_id.take() {
            account.end_work_on(&file_id);
            self.events.push_back(Event::LargeFileCancelled);
        }
    }

    /// The upload cannot be completed.
    fn failed(&mut self, error: Error) -> Phase {
        let mut error = error;
        if let Error::Unconfirmed { file_id, .. } = &mut error {
            // It may be finished, so it must not be cancelled.
            file_id.clone_from(&self.file_id);
            return Phase::Done(Err(error));
        }
        match &self.file_id {
            Some(file_id) if !self.options.keep_unfinished => {
                let request = CancelLargeFileRequest::new(file_id.clone());
                Phase::Cancelling(Box::new(Call::new(request)), error)
            }
            _ => Phase::Done(Err(error)),
        }
    }

    fn look(&mut self, account: &Account) -> Phase {
        match self.file_id.clone() {
            Some(_) if !account.may(&Capability::ReadFiles) => {
                let gone = contradiction("its parts are gone, and the key may not see the file");
                self.failed(Error::unconfirmed("b2_finish_large_file", gone))
            }
            Some(id) => {
                let request = GetFileInfoRequest::new(FileId::from(id));
                Phase::Looking(Box::new(Call::new(request)))
            }
            None => Phase::Done(Err(contradiction("no large file was begun"))),
        }
    }

    /// Somebody cancelled the file meanwhile: it is begun anew.
    fn gone(&mut self, account: &mut Account, now: Instant) -> Phase {
        self.ended(account);
        self.start(account, now)
    }

    fn cancelled(&mut self, account: &mut Account, result: Result<(), Error>, why: Error) -> Phase {
        let file_id = self.file_id.clone();
        match (result, file_id) {
            (Err(_), Some(file_id)) => {
                let last = Box::new(why);
                Phase::Done(Err(Error::Orphaned { file_id, last }))
            }
            _ => {
                self.ended(account);
                Phase::Done(Err(why))
            }
        }
    }

    fn hashed(&mut self, account: &Account, reply: Reply, now: Instant) -> Phase {
        match reply {
            Reply::Digest(digest) => {
                self.digest = Some(digest);
                self.start(account, now)
            }
            Reply::Local(error) => Phase::Done(Err(Error::Local(error))),
            _ => Phase::Done(Err(contradiction("the driver gave no digest"))),
        }
    }

    /// One step of the phase: what to pass on, or the phase that follows.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn advance(
        &mut self,
        phase: &mut Phase,
        account: &mut Account,
        now: Instant,
    ) -> Result<Phase, Step<StoredFile>> {
        match phase {
            Phase::Planning => match self.begin(account, now)? {
                next @ (Phase::Hashing(ticket) | Phase::Verifying(ticket, _)) => {
                    *phase = next;
                    let (side, offset, len) = (Side::Source, 0, self.len);
                    Err(Step::Digest(DigestRequest { ticket, side, offset, len }))
                }
                next => Ok(next),
            },
            Phase::Beginning(begin) => match begin.poll(account, now).finished()? {
                Ok(file_id) => {
                    self.possible_orphan |= begin.possible_orphan;
                    self.began(account, file_id);
                    Ok(self.send(BTreeMap::new()))
                }
                Err(error) => Ok(Phase::Done(Err(error))),
            },
            Phase::Reviewing(review) => match review.poll(account, now).finished()? {
                Ok(Reviewed::Kept(kept)) => Ok(self.send(kept)),
                Ok(Reviewed::Gone) => Ok(self.look(account)),
                // Nothing was done for it: what is there stays as it was.
                Err(error) => Ok(Phase::Done(Err(error))),
            },
            Phase::Looking(call) => match call.poll(account, now).finished()? {
                Ok(file) if file.action == Action::Upload => Ok(self.finished(account, file)),
                Ok(_) => Ok(Phase::Done(Err(contradiction("its parts are gone, and it is not")))),
                Err(error) if review::is_gone(&error) => Ok(self.gone(account, now)),
                // It may be finished: it must not be begun again unseen.
                Err(error @ Error::Api { .. }) => {
                    Ok(self.failed(Error::unconfirmed("b2_finish_large_file", error)))
                }
                Err(error) => Ok(Phase::Done(Err(error))),
            },
            Phase::Sending(parts) => match parts.poll(account, now).finished()? {
                Ok(digests) => {
                    self.len = parts.bytes();
                    Ok(self.finish(digests))
                }
                Err(error) => {
                    parts.abandon(account);
                    Ok(self.failed(error))
                }
            },
            Phase::Finishing(call) => match call.poll(account, now).finished()? {
                Ok(file) => Ok(self.finished(account, file)),
                Err(error) => Ok(self.failed(error)),
            },
            Phase::Cancelling(call, why) => match call.poll(account, now).finished()? {
                Ok(_) => Ok(self.cancelled(account, Ok(()), why.clone())),
                Err(error) if review::is_gone(&error) => match self.file_id.clone() {
                    Some(id) if self.perhaps_finished => {
                        let call = Call::new(GetFileInfoRequest::new(FileId::from(id)));
                        Ok(Phase::Doubting(Box::new(call), why.clone()))
                    }
                    _ => Ok(self.cancelled(account, Ok(()), why.clone())),
                },
                Err(error) => Ok(self.cancelled(account, Err(error), why.clone())),
            },
            Phase::Doubting(call, why) => match call.poll(account, now).finished()? {
                Ok(file) if file.action == Action::Upload => Ok(self.finished(account, file)),
                Err(error) if !review::is_gone(&error) => {
                    Ok(self.failed(Error::unconfirmed("b2_finish_large_file", error)))
                }
                _ => Ok(self.cancelled(account, Ok(()), why.clone())),
            },
            Phase::Done(result) => {
                let result = std::mem::replace(result, Err(Error::Cancelled));
                *phase = Phase::Over;
                Err(Step::Done(result.map(|uploaded| *uploaded)))
            }
            Phase::Hashing(_) | Phase::Verifying(..) | Phase::Over => {
                Err(Step::Wait(Wait::for_digest()))
            }
        }
    }
}

impl Operation for LargeUpload {
    type Output = StoredFile;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<StoredFile> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(event);
            }
            let mut phase = std::mem::replace(&mut self.phase, Phase::Over);
            if self.stop.is_some() && !phase.committed() {
                self.stop = None;
                if matches!(phase, Phase::Beginning(_)) {
                    // Nothing was asked for, so a journal has nothing to tell.
                    self.events.push_back(Event::LargeFileCancelled);
                }
                phase.abandon(account);
                self.authorizer.abandon(account);
                let left = self.options.resume.take().filter(Resume::begun);
                if let Some(resume) = left.filter(|_| self.stream.is_none()) {
                    // It has not come to going on with what there is.
                    self.file_id = self.file_id.take().or(resume.file_id);
                    self.perhaps_finished = true;
                }
                // Events come first.
                self.phase = self.failed(Error::Cancelled);
                continue;
            }
            match self.advance(&mut phase, account, now) {
                Ok(next) => self.phase = next,
                Err(step) => {
                    self.phase = phase;
                    return step;
                }
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.phase {
            Phase::Planning => drop(self.authorizer.handle(account, ticket, reply, now)),
            Phase::Hashing(own) if *own == ticket => {
                self.phase = self.hashed(account, reply, now);
            }
            Phase::Beginning(begin) => begin.handle(account, ticket, reply, now),
            Phase::Reviewing(review) => review.handle(account, ticket, reply, now),
            Phase::Looking(call) => call.handle(account, ticket, reply, now),
            Phase::Sending(parts) => parts.handle(account, ticket, reply, now),
            Phase::Finishing(call) => call.handle(account, ticket, reply, now),
            Phase::Cancelling(call, _) => call.handle(account, ticket, reply, now),
            Phase::Doubting(call, _) => call.handle(account, ticket, reply, now),
            Phase::Verifying(own, parts) if *own == ticket => {
                let parts = std::mem::take(parts);
                self.phase = self.compared(parts, reply);
            }
            Phase::Hashing(_) | Phase::Verifying(..) | Phase::Done(_) | Phase::Over => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        self.authorizer.abandon(account);
        self.phase.abandon(account);
        if let Some(file_id) = &self.file_id {
            account.end_work_on(file_id);
        }
    }

    fn stop(&mut self, how: Stop) -> bool {
        self.options.keep_unfinished = how == Stop::Keep && self.stream.is_none();
        self.stop = Some(how);
        true
    }

    fn pause(&mut self, paused: bool) -> bool {
        self.paused = paused;
        if let Phase::Sending(parts) = &mut self.phase {
            parts.paused = paused;
        }
        true
    }

    fn slots(&self) -> &[Slot] {
        match &self.phase {
            Phase::Sending(parts) => &parts.slots,
            _ => &[],
        }
    }
}

fn cannot_resume(why: CannotResume) -> Error {
    request(RequestError::CannotResume(why))
}

fn request(why: RequestError) -> Error {
    Error::Request { operation: OPERATION, source: Box::new(why) }
}

fn contradiction(what: &'static str) -> Error {
    let source = Box::new(ProtocolError::Contradiction(what));
    Error::Protocol { operation: OPERATION, source }
}
