//! A file of any size: in one request or in parts.
//!
//! ```text
//! Choosing --authorized----------------> Small --> Done
//!    |                 \---------------> Large --> Done
//!    +-- length unknown --> Reading --ended: Small
//!                                   \-more: Large
//! ```

use b2_proto::{BucketId, CancelLargeFileRequest, LargeFileId};

use crate::account::{Account, Session};
use crate::call::Call;
use crate::endpoint::CancelLargeFile;
use crate::error::{Error, RequestError};
use crate::event::Event;
use crate::op::{Operation, Prefetch, Reply, Slot, Step, Stop, Ticket, Wait};
use crate::session::Authorize;
use crate::time::Instant;
use crate::upload::headers::UploadHeaders;
use crate::upload::large::{LargeOptions, LargeUpload, in_range};
use crate::upload::small::{SIMPLE_UPLOAD_LIMIT, SmallUpload};
use crate::upload::stored::StoredFile;

/// Uploads one file in the way that its length asks for.
#[derive(Debug)]
pub struct Upload {
    state: State,
    paused: bool,
    /// An earlier stream may have begun a large file that nobody knows.
    possible_orphan: bool,
}

/// When a file is cut into parts, and how.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UploadOptions {
    simple_limit: Option<u64>,
    large: LargeOptions,
}

impl UploadOptions {
    /// Longest file in bytes that is sent in one request; default: twice the
    /// part size, or what B2 recommends, 200,000,000. At most
    /// [`SIMPLE_UPLOAD_LIMIT`]; of a source of unknown length as much as one
    /// part, whatever is said here. Files that are not longer than B2's smallest
    /// part (5,000,000) are always sent in one request.
    #[must_use]
    pub fn with_simple_limit(mut self, bytes: u64) -> Self {
        self.simple_limit = Some(bytes);
        self
    }

    /// How a large file is sent.
    #[must_use]
    pub fn with_large(mut self, options: LargeOptions) -> Self {
        self.large = options;
        self
    }

    /// How a large file is sent.
    #[must_use]
    pub fn large(&self) -> &LargeOptions {
        &self.large
    }

    fn check(&self) -> Result<(), Error> {
        // 0: in one request only what B2 does not take in parts.
        let limit = self.simple_limit.unwrap_or(SIMPLE_UPLOAD_LIMIT).max(1);
        in_range("the limit of one request", limit, SIMPLE_UPLOAD_LIMIT).map_err(refused)
    }

    fn is_large(&self, len: u64, session: &Session) -> bool {
        let part_size = self.large.part_size.unwrap_or(session.recommended_part_size);
        let limit = self.simple_limit.unwrap_or_else(|| part_size.saturating_mul(2));
        let resumed = self.large.resume.as_ref().is_some_and(|resume| resume.begun());
        let divisible = len > session.absolute_minimum_part_size;
        divisible && (resumed || len > limit.min(SIMPLE_UPLOAD_LIMIT))
    }
}

#[derive(Debug)]
enum State {
    Choosing(Box<Choice>),
    /// What an earlier stream of the name has left is cancelled.
    Clearing(Box<Choice>, Box<Call<CancelLargeFile>>),
    /// Nothing is left of it.
    Cleared(Box<Choice>),
    /// The source is read until it is longer than one part.
    Reading {
        choice: Box<Choice>,
        ticket: Ticket,
        first_part: u64,
    },
    Failed(Error),
    /// What an earlier stream may have begun was not found.
    Forgotten(Box<SmallUpload>),
    Small(Box<SmallUpload>),
    Large(Box<LargeUpload>),
    Over,
}

#[derive(Debug)]
struct Choice {
    authorize: Authorize,
    bucket: BucketId,
    headers: UploadHeaders,
    /// `None`: only its end will tell.
    len: Option<u64>,
    /// Length of the first part then.
    first_part: u64,
    options: UploadOptions,
}

impl Upload {
    /// Uploads the first `len` bytes of the source.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if `len` is above ten terabytes, the file
    /// information breaks B2's rules, or `options` resume another upload.
    pub fn new(
        bucket: BucketId,
        headers: UploadHeaders,
        len: u64,
        options: UploadOptions,
    ) -> Result<Self, Error> {
        // Whatever it becomes, what is wrong with it is told before anything
        // is sent.
        LargeUpload::new(bucket.clone(), headers.clone(), len, options.large.clone())?;
        options.check()?;
        Ok(Self::choosing(bucket, headers, Some(len), options))
    }

    /// Uploads a source whose length only its end will tell.
    ///
    /// What is not longer than one part is sent in one request, anything else
    /// in parts that grow: the first 500 have the part size of `options`, or
    /// what B2 recommends (100,000,000 bytes), the next 500 twice as much, and
    /// so on. The source has to hold as many parts as are under way at a time.
    /// Such an upload cannot be resumed, and bears a SHA-1 of the whole only
    /// if it is [known](crate::upload::WholeDigest::Known). What `options`
    /// want to resume is the record of an earlier stream that was killed: what
    /// it left is cancelled first.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the file information breaks B2's rules, or
    /// `options` resume a file of another name; while it runs, if the source
    /// turns out longer than ten terabytes.
    pub fn of_stream(
        bucket: BucketId,
        headers: UploadHeaders,
        options: UploadOptions,
    ) -> Result<Self, Error> {
        LargeUpload::of_stream(bucket.clone(), headers.clone(), 1, options.large.clone())?;
        options.check()?;
        Ok(Self::choosing(bucket, headers, None, options))
    }

    fn choosing(
        bucket: BucketId,
        headers: UploadHeaders,
        len: Option<u64>,
        options: UploadOptions,
    ) -> Self {
        let authorize = Authorize::new();
        let choice = Choice { authorize, bucket, headers, len, first_part: 0, options };
        Self { state: State::Choosing(Box::new(choice)), paused: false, possible_orphan: false }
    }

    /// All that comes before the first byte of the source is sent.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn begin(&mut self, account: &mut Account, now: Instant) -> Result<(), Step<StoredFile>> {
        self.choose(account, now)?;
        self.clear(account, now)?;
        self.ask(account)
    }

    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn choose(&mut self, account: &mut Account, now: Instant) -> Result<(), Step<StoredFile>> {
        let State::Choosing(choice) = &mut self.state else {
            return Ok(());
        };
        let session = match choice.authorize.poll(account, now).finished()? {
            Ok(session) => session,
            Err(error) => return Err(Step::Done(Err(error))),
        };
        let State::Choosing(mut choice) = std::mem::replace(&mut self.state, State::Over) else {
            return Ok(());
        };
        let allowed = choice.headers.allowed(&session, &choice.bucket);
        allowed.map_err(|source| Step::Done(Err(refused(source))))?;
        choice.first_part = choice.options.large.first_part(&session);
        self.state = match choice.len {
            Some(len) if choice.options.is_large(len, &session) => {
                let Choice { bucket, headers, options, .. } = *choice;
                self.large(LargeUpload::new(bucket, headers, len, options.large))
            }
            Some(len) => choice.small(len),
            None => match choice.left() {
                Some(file_id) => {
                    let call = Call::new(CancelLargeFileRequest::new(file_id));
                    State::Clearing(choice, Box::new(call))
                }
                None => State::Cleared(choice),
            },
        };
        Ok(())
    }

    /// Cancels what is left of an earlier stream.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn clear(&mut self, account: &mut Account, now: Instant) -> Result<(), Step<StoredFile>> {
        let State::Clearing(_, call) = &mut self.state else { return Ok(()) };
        let cancelled = call.poll(account, now).finished()?;
        let State::Clearing(choice, _) = std::mem::replace(&mut self.state, State::Over) else {
            return Ok(());
        };
        match cancelled {
            // Somebody else has finished or cancelled it.
            Err(error) if !error.api().is_some_and(|api| matches!(api.status, 400 | 404)) => {
                self.state = State::Failed(error);
                Ok(())
            }
            _ => {
                self.state = State::Cleared(choice);
                Err(Step::Event(Event::LargeFileCancelled))
            }
        }
    }

    /// Asks for more of the source than one part.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn ask(&mut self, account: &mut Account) -> Result<(), Step<StoredFile>> {
        let State::Cleared(_) = &self.state else { return Ok(()) };
        let State::Cleared(choice) = std::mem::replace(&mut self.state, State::Over) else {
            return Ok(());
        };
        let (ticket, first_part) = (account.next_ticket(), choice.first_part);
        self.state = State::Reading { choice, ticket, first_part };
        Err(Step::Prefetch(Prefetch { ticket, offset: 0, len: first_part + 1 }))
    }

    fn large(&self, upload: Result<LargeUpload, Error>) -> State {
        upload.map_or_else(State::Failed, |mut large| {
            large.pause(self.paused);
            State::Large(Box::new(large))
        })
    }

    /// So much of the source is there.
    fn read(&mut self, choice: Choice, first_part: u64, reply: Reply) -> State {
        match reply {
            Reply::Prefetched { len } if len <= first_part => {
                let record = choice.options.large.resume.as_ref();
                self.possible_orphan =
                    record.is_some_and(|record| record.begun() && record.file_id.is_none());
                match choice.small(len) {
                    State::Small(small) if self.possible_orphan => State::Forgotten(small),
                    state => state,
                }
            }
            Reply::Prefetched { .. } => {
                let Choice { bucket, headers, options, .. } = choice;
                self.large(LargeUpload::of_stream(bucket, headers, first_part, options.large))
            }
            Reply::Local(error) => State::Failed(Error::Local(error)),
            _ => State::Failed(Error::Cancelled),
        }
    }
}

fn refused(source: RequestError) -> Error {
    Error::Request { operation: "b2_upload_file", source: Box::new(source) }
}

impl Choice {
    /// The large file that an earlier stream has begun and not finished.
    fn left(&self) -> Option<LargeFileId> {
        self.options.large.resume.as_ref().filter(|resume| resume.begun())?.file_id.clone()
    }

    fn small(self, len: u64) -> State {
        let upload = SmallUpload::new(self.bucket, self.headers, len);
        upload.map_or_else(State::Failed, |small| State::Small(Box::new(small)))
    }
}

impl Operation for Upload {
    type Output = StoredFile;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<StoredFile> {
        if let Err(step) = self.begin(account, now) {
            return step;
        }
        match &mut self.state {
            State::Small(small) => match small.poll(account, now) {
                Step::Done(Ok(mut uploaded)) => {
                    uploaded.possible_orphan |= self.possible_orphan;
                    Step::Done(Ok(uploaded))
                }
                step => step,
            },
            State::Forgotten(_) => {
                if let State::Forgotten(small) = std::mem::replace(&mut self.state, State::Over) {
                    self.state = State::Small(small);
                }
                Step::Event(Event::PossibleOrphan)
            }
            State::Large(large) => large.poll(account, now),
            State::Reading { .. } => Step::Wait(Wait::for_source()),
            State::Failed(error) => {
                let error = error.clone();
                self.state = State::Over;
                Step::Done(Err(error))
            }
            State::Choosing(_) | State::Clearing(..) | State::Cleared(_) | State::Over => {
                Step::Done(Err(Error::Cancelled))
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Reading { choice, ticket: own, first_part } if own == ticket => {
                self.state = self.read(*choice, first_part, reply);
                return;
            }
            other => self.state = other,
        }
        match &mut self.state {
            State::Choosing(choice) => choice.authorize.handle(account, ticket, reply, now),
            State::Clearing(_, call) => call.handle(account, ticket, reply, now),
            State::Small(small) => small.handle(account, ticket, reply, now),
            State::Large(large) => large.handle(account, ticket, reply, now),
            State::Cleared(_)
            | State::Reading { .. }
            | State::Failed(_)
            | State::Forgotten(_)
            | State::Over => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Choosing(choice) => choice.authorize.abandon(account),
            State::Clearing(_, call) => call.abandon(account),
            State::Small(small) => small.abandon(account),
            State::Large(large) => large.abandon(account),
            State::Cleared(_)
            | State::Reading { .. }
            | State::Failed(_)
            | State::Forgotten(_)
            | State::Over => {}
        }
    }

    fn stop(&mut self, how: Stop) -> bool {
        match &mut self.state {
            State::Large(large) => large.stop(how),
            _ => false,
        }
    }

    fn pause(&mut self, paused: bool) -> bool {
        self.paused = paused;
        match &mut self.state {
            State::Choosing(_)
            | State::Clearing(..)
            | State::Cleared(_)
            | State::Reading { .. } => true,
            State::Large(large) => large.pause(paused),
            State::Forgotten(_) | State::Small(_) | State::Failed(_) | State::Over => false,
        }
    }

    fn slots(&self) -> &[Slot] {
        match &self.state {
            State::Large(large) => large.slots(),
            _ => &[],
        }
    }
}
