//! One file in one request.
//!
//! ```text
//! Idle --pool has a URL--------------------------> Sending --200--> Done, URL back to the pool
//!  ^ \--pool empty--> GettingUrl --200-----------> Sending
//!  |                                                  |
//!  +--- due again <-- URL dropped: 401, 408, 5xx, ----+
//!  |                  busy, cut short                 |
//!  +--- due again <-- URL kept: 429 ------------------+
//!  |                                                  |
//!  +--- not found <-- Looking <-- answer lost --------+
//!                        +--found--> Done
//! ```

use std::collections::VecDeque;

use b2_proto::{
    BucketId, Capability, ContentSha1, FileVersion, GetUploadUrlRequest, GetUploadUrlResponse,
    Sha1Digest, header,
};

use crate::account::{Account, UploadTarget};
use crate::answer::{self, Answer};
use crate::call::Call;
use crate::endpoint::{GetUploadUrl, ListFileVersions};
use crate::error::{Error, IntegrityError, ProtocolError, Remedy, RequestError};
use crate::event::Event;
use crate::op::{Operation, Reply, Step, Ticket, Transmit, Wait};
use crate::plan::{BodyPlan, DigestMode, SinkPlan};
use crate::request::RequestBuilder;
use crate::retry::{Attempts, OnAmbiguous, Surface, Verdict};
use crate::time::Instant;
use crate::upload::headers::UploadHeaders;
use crate::upload::sought::Sought;
use crate::upload::stored::StoredFile;

const OPERATION: &str = "b2_upload_file";

/// Largest file that one request may carry, in bytes. B2's documentation has
/// said five billion bytes and 5 GiB; this is the smaller.
pub const SIMPLE_UPLOAD_LIMIT: u64 = 5_000_000_000;

/// The answer describes one file.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Uploads one file with `b2_upload_file`.
///
/// The digest is computed while the bytes are sent and travels behind them,
/// so the source is read once. A failed attempt reads it again.
#[derive(Debug)]
pub struct SmallUpload {
    bucket: BucketId,
    headers: UploadHeaders,
    len: u64,
    state: State,
    events: VecDeque<Event>,
    attempts: Attempts,
    possible_duplicate: bool,
    /// B2's clock when the first attempt was begun.
    begun_ms: Option<i64>,
}

#[derive(Debug)]
enum State {
    Idle,
    GettingUrl(Box<Call<GetUploadUrl>>),
    Sending { ticket: Ticket, target: UploadTarget },
    Looking { call: Box<Call<ListFileVersions>>, sought: Sought, doubt: Error },
    Done(Result<Box<StoredFile>, Error>),
    Over,
}

impl SmallUpload {
    /// Uploads the first `len` bytes of the source.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if `len` is above [`SIMPLE_UPLOAD_LIMIT`] or the
    /// file information breaks B2's rules.
    pub fn new(bucket: BucketId, headers: UploadHeaders, len: u64) -> Result<Self, Error> {
        if len > SIMPLE_UPLOAD_LIMIT {
            let source = RequestError::TooLarge { len, limit: SIMPLE_UPLOAD_LIMIT };
            return Err(Error::Request { operation: OPERATION, source: Box::new(source) });
        }
        headers.check(OPERATION)?;
        Ok(Self {
            bucket,
            headers,
            len,
            state: State::Idle,
            events: VecDeque::new(),
            attempts: Attempts::default(),
            possible_duplicate: false,
            begun_ms: None,
        })
    }

    /// Bytes of the source that will be sent.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the file to upload is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn begin(&mut self, account: &mut Account, now: Instant) -> Step<StoredFile> {
        if let Some(wait) = self.attempts.held_back(account, OPERATION, now) {
            return Step::Wait(wait);
        }
        match account.check_out_url(&self.bucket, now) {
            Some(target) => self.send(account, target, now),
            None => {
                let request = GetUploadUrlRequest::new(self.bucket.clone());
                self.get_url(account, Box::new(Call::new(request)), now)
            }
        }
    }

    fn get_url(
        &mut self,
        account: &mut Account,
        mut call: Box<Call<GetUploadUrl>>,
        now: Instant,
    ) -> Step<StoredFile> {
        match call.poll(account, now).finished() {
            Ok(Ok(answer)) => self.send(account, target(answer, now), now),
            Ok(Err(error)) => Step::Done(Err(error)),
            Err(step) => {
                self.state = State::GettingUrl(call);
                step
            }
        }
    }

    fn send(
        &mut self,
        account: &mut Account,
        target: UploadTarget,
        now: Instant,
    ) -> Step<StoredFile> {
        if let Some(error) = self.outside(account) {
            account.give_back_url(&self.bucket, target);
            return Step::Done(Err(error));
        }
        if self.begun_ms.is_none() {
            self.begun_ms = account.server_time_ms(now);
        }
        match self.transmit(account, &target, now) {
            Ok(transmit) => {
                self.state = State::Sending { ticket: transmit.ticket, target };
                Step::Send(Box::new(transmit))
            }
            Err(error) => Step::Done(Err(error)),
        }
    }

    fn outside(&self, account: &Account) -> Option<Error> {
        let source = Box::new(self.headers.allowed(account.session()?, &self.bucket).err()?);
        Some(Error::Request { operation: OPERATION, source })
    }

    fn transmit(
        &self,
        account: &mut Account,
        target: &UploadTarget,
        now: Instant,
    ) -> Result<Transmit, Error> {
        let url = target.url.expose();
        let builder = RequestBuilder::new(OPERATION, http::Method::POST, url, account.config())?
            .authorization(target.token.expose())?
            .header(header::CONTENT_SHA1, header::HEX_DIGITS_AT_END)?;
        let body = BodyPlan::Source { offset: 0, len: self.len, digest: DigestMode::HexAtEnd };
        Ok(Transmit {
            ticket: account.next_ticket(),
            operation: OPERATION,
            request: self.headers.apply(builder)?.body(body),
            sink: SinkPlan::Collect { limit: ANSWER_LIMIT },
            limits: account.limits(None, self.len, now),
        })
    }

    fn answered(
        &mut self,
        account: &mut Account,
        target: UploadTarget,
        reply: Reply,
        now: Instant,
    ) -> State {
        let secrets = [target.token.expose(), target.url.expose()];
        match answer::read::<FileVersion>(OPERATION, Surface::Upload, &secrets, reply) {
            Answer::Good { value, head, sent } => {
                account.note_date(&head, now);
                account.give_back_url(&self.bucket, target);
                State::Done(self.verified(value, sent))
            }
            Answer::Bad { error, remedy: Remedy::Reconcile, sent } => {
                self.events.push_back(Event::UrlDropped);
                self.doubt(account, error, sent, now)
            }
            Answer::Bad { error, remedy, .. } => {
                if matches!(remedy, Remedy::Retry { .. }) {
                    account.give_back_url(&self.bucket, target);
                } else {
                    self.events.push_back(Event::UrlDropped);
                }
                self.again(account, remedy, error, now)
            }
        }
    }

    /// The stored file must be the one that was sent.
    fn verified(
        &self,
        file: FileVersion,
        sent: Option<Sha1Digest>,
    ) -> Result<Box<StoredFile>, Error> {
        if file.content_length != self.len {
            let source = Box::new(ProtocolError::Contradiction("the stored length is another"));
            return Err(Error::Protocol { operation: OPERATION, source });
        }
        if let (Some(ContentSha1::Verified(stored)), Some(sent)) = (&file.content_sha1, sent)
            && *stored != sent
        {
            return Err(IntegrityError { expected: sent, actual: *stored }.into());
        }
        Ok(Box::new(StoredFile::new(file, self.possible_duplicate)))
    }

    fn again(
        &mut self,
        account: &mut Account,
        remedy: Remedy,
        error: Error,
        now: Instant,
    ) -> State {
        match self.attempts.failed(account, OPERATION, remedy, error, now) {
            Verdict::Again(event) => {
                self.events.push_back(event);
                State::Idle
            }
            Verdict::GiveUp(error) => State::Done(Err(error)),
        }
    }

    /// All bytes went out and no answer came back.
    fn doubt(
        &mut self,
        account: &mut Account,
        error: Error,
        sent: Option<Sha1Digest>,
        now: Instant,
    ) -> State {
        let may_list = account.may(&Capability::ListFiles);
        match (account.policy().on_ambiguous(), sent) {
            (OnAmbiguous::Fail, _) => State::Done(Err(Error::unconfirmed(OPERATION, error))),
            (OnAmbiguous::Check, Some(digest)) if may_list => {
                self.events.push_back(Event::Reconciling);
                let sought = Sought { len: self.len, digest, not_before_ms: self.begun_ms };
                let call = Box::new(Sought::call(&self.bucket, &self.headers));
                State::Looking { call, sought, doubt: error }
            }
            _ => self.repeat_blindly(account, error, now),
        }
    }

    fn repeat_blindly(&mut self, account: &mut Account, error: Error, now: Instant) -> State {
        self.possible_duplicate = true;
        self.events.push_back(Event::PossibleDuplicate);
        self.again(account, Remedy::Reconcile, error, now)
    }

    fn look(
        &mut self,
        account: &mut Account,
        mut call: Box<Call<ListFileVersions>>,
        sought: Sought,
        doubt: Error,
        now: Instant,
    ) -> Option<Step<StoredFile>> {
        self.state = match call.poll(account, now).finished() {
            Err(step) => {
                self.state = State::Looking { call, sought, doubt };
                return Some(step);
            }
            Ok(Ok(page)) => match sought.find(&self.headers, page.files) {
                Some(file) => {
                    State::Done(Ok(Box::new(StoredFile::new(file, self.possible_duplicate))))
                }
                // It may still be on its way to B2.
                None => self.repeat_blindly(account, doubt, now),
            },
            // The key may list, but not here.
            Ok(Err(Error::Api { source, .. })) if source.remedy == Remedy::Never => {
                self.repeat_blindly(account, doubt, now)
            }
            Ok(Err(last)) => State::Done(Err(Error::unconfirmed(OPERATION, last))),
        };
        None
    }
}

fn target(answer: GetUploadUrlResponse, now: Instant) -> UploadTarget {
    UploadTarget { url: answer.upload_url, token: answer.authorization_token, obtained: now }
}

impl Operation for SmallUpload {
    type Output = StoredFile;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<StoredFile> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(event);
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Idle => {
                    self.state = State::Idle;
                    return self.begin(account, now);
                }
                State::GettingUrl(call) => return self.get_url(account, call, now),
                State::Looking { call, sought, doubt } => {
                    if let Some(step) = self.look(account, call, sought, doubt, now) {
                        return step;
                    }
                }
                State::Done(result) => return Step::Done(result.map(|uploaded| *uploaded)),
                waiting @ (State::Sending { .. } | State::Over) => {
                    self.state = waiting;
                    return Step::Wait(Wait::for_reply(OPERATION));
                }
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::GettingUrl(mut call) => {
                call.handle(account, ticket, reply, now);
                self.state = State::GettingUrl(call);
            }
            State::Looking { mut call, sought, doubt } => {
                call.handle(account, ticket, reply, now);
                self.state = State::Looking { call, sought, doubt };
            }
            State::Sending { ticket: own, target } if own == ticket => {
                self.state = self.answered(account, target, reply, now);
            }
            other => self.state = other,
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::GettingUrl(call) => call.abandon(account),
            State::Looking { call, .. } => call.abandon(account),
            _ => {}
        }
    }
}
