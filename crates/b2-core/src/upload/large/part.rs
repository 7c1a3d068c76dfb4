//! One part of a large file.
//!
//! ```text
//! Todo --a URL is idle----------------------> Sending --200--> Done(digest), URL idle again
//!  ^ \--none--> GettingUrl --200------------> Sending
//!  |                                             |
//!  +--- due again <-- URL dropped: 401, 408, ----+
//!  |                  5xx, busy, cut, silence    |
//!  +--- due again <-- URL kept: 429 -------------+
//! ```
//!
//! A part may be sent twice: the second replaces the first. So a lost answer
//! is simply met with another attempt.

use std::collections::VecDeque;

use b2_proto::{
    ContentSha1, CustomerKey, GetUploadPartUrlRequest, GetUploadPartUrlResponse, LargeFileId, Part,
    Sha1Digest, header,
};

use crate::account::{Account, UploadTarget};
use crate::answer::{self, Answer};
use crate::call::Call;
use crate::copy::CopyOrigin;
use crate::encryption;
use crate::endpoint::GetUploadPartUrl;
use crate::error::{Error, IntegrityError, ProtocolError, Remedy};
use crate::event::Event;
use crate::op::{Operation, Reply, Step, Ticket, Transmit, Wait};
use crate::plan::{BodyPlan, DigestMode, SinkPlan};
use crate::request::RequestBuilder;
use crate::retry::{Attempts, Surface, Verdict};
use crate::time::Instant;
use crate::upload::large::plan::Slice;

const OPERATION: &str = "b2_upload_part";

/// The answer describes one part.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Upload URLs of one large file that nobody uses at the moment.
pub(crate) type IdleUrls = Vec<UploadTarget>;

/// What the parts of one large file have in common.
#[derive(Debug)]
pub(crate) struct PartContext {
    pub(crate) file_id: LargeFileId,
    /// The key under which B2 encrypts, if it is the customer's own.
    pub(crate) key: Option<CustomerKey>,
    /// Where the bytes are, if they are copied inside B2.
    pub(crate) origin: Option<CopyOrigin>,
}

/// Uploads one part.
#[derive(Debug)]
pub(crate) struct PartUpload {
    pub(crate) slice: Slice,
    state: State,
    attempts: Attempts,
    events: VecDeque<Event>,
}

#[derive(Debug)]
enum State {
    Todo,
    GettingUrl(Box<Call<GetUploadPartUrl>>),
    Sending { ticket: Ticket, target: UploadTarget },
    Done(Result<Sha1Digest, Error>),
    Over,
}

impl PartUpload {
    pub(crate) fn new(slice: Slice) -> Self {
        Self { slice, state: State::Todo, attempts: Attempts::default(), events: VecDeque::new() }
    }

    pub(crate) fn poll(
        &mut self,
        context: &PartContext,
        urls: &mut IdleUrls,
        account: &mut Account,
        now: Instant,
    ) -> Step<Sha1Digest> {
        if let Some(event) = self.events.pop_front() {
            return Step::Event(event);
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Todo => self.begin(context, urls, account, now),
            State::GettingUrl(call) => self.get_url(context, call, account, now),
            State::Done(result) => Step::Done(result),
            waiting @ (State::Sending { .. } | State::Over) => {
                self.state = waiting;
                Step::Wait(Wait::for_reply(OPERATION))
            }
        }
    }

    fn begin(
        &mut self,
        context: &PartContext,
        urls: &mut IdleUrls,
        account: &mut Account,
        now: Instant,
    ) -> Step<Sha1Digest> {
        if let Some(wait) = self.attempts.held_back(account, OPERATION, now) {
            self.state = State::Todo;
            return Step::Wait(wait);
        }
        urls.retain(|target| target.serves(now));
        match urls.pop() {
            Some(target) => self.send(context, target, account, now),
            None => {
                let request = GetUploadPartUrlRequest::new(context.file_id.clone());
                self.get_url(context, Box::new(Call::new(request)), account, now)
            }
        }
    }

    fn get_url(
        &mut self,
        context: &PartContext,
        mut call: Box<Call<GetUploadPartUrl>>,
        account: &mut Account,
        now: Instant,
    ) -> Step<Sha1Digest> {
        match call.poll(account, now).finished() {
            Ok(Ok(answer)) => self.send(context, target(answer, now), account, now),
            Ok(Err(error)) => Step::Done(Err(error)),
            Err(step) => {
                self.state = State::GettingUrl(call);
                step
            }
        }
    }

    fn send(
        &mut self,
        context: &PartContext,
        target: UploadTarget,
        account: &mut Account,
        now: Instant,
    ) -> Step<Sha1Digest> {
        match self.transmit(context, &target, account, now) {
            Ok(transmit) => {
                self.state = State::Sending { ticket: transmit.ticket, target };
                Step::Send(Box::new(transmit))
            }
            Err(error) => Step::Done(Err(error)),
        }
    }

    fn transmit(
        &self,
        context: &PartContext,
        target: &UploadTarget,
        account: &mut Account,
        now: Instant,
    ) -> Result<Transmit, Error> {
        let Slice { number, offset, len } = self.slice;
        let url = target.url.expose();
        let mut builder =
            RequestBuilder::new(OPERATION, http::Method::POST, url, account.config())?
                .authorization(target.token.expose())?
                .header(header::PART_NUMBER, &number.to_string())?
                .header(header::CONTENT_SHA1, header::HEX_DIGITS_AT_END)?;
        if let Some(key) = &context.key {
            builder = builder.headers(|headers| encryption::download_headers(key, headers))?;
        }
        let body = BodyPlan::Source { offset, len, digest: DigestMode::HexAtEnd };
        Ok(Transmit {
            ticket: account.next_ticket(),
            operation: OPERATION,
            request: builder.body(body),
            sink: SinkPlan::Collect { limit: ANSWER_LIMIT },
            limits: account.limits(None, len, now),
        })
    }

    pub(crate) fn handle(
        &mut self,
        urls: &mut IdleUrls,
        account: &mut Account,
        ticket: Ticket,
        reply: Reply,
        now: Instant,
    ) -> Option<Reply> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::GettingUrl(mut call) if call.awaits(ticket) => {
                call.handle(account, ticket, reply, now);
                self.state = State::GettingUrl(call);
                None
            }
            State::Sending { ticket: own, target } if own == ticket => {
                self.state = self.answered(urls, target, account, reply, now);
                None
            }
            other => {
                self.state = other;
                Some(reply)
            }
        }
    }

    fn answered(
        &mut self,
        urls: &mut IdleUrls,
        target: UploadTarget,
        account: &mut Account,
        reply: Reply,
        now: Instant,
    ) -> State {
        let secrets = [target.token.expose(), target.url.expose()];
        match answer::read::<Part>(OPERATION, Surface::Part, &secrets, reply) {
            Answer::Good { value, head, sent } => {
                account.note_date(&head, now);
                match self.verified(&value, sent) {
                    Ok(digest) => {
                        urls.push(target);
                        State::Done(Ok(digest))
                    }
                    Err(error) => self.again(account, Remedy::FreshUploadUrl, error, now),
                }
            }
            Answer::Bad { error, remedy, .. } => {
                if matches!(remedy, Remedy::Retry { .. }) {
                    urls.push(target);
                }
                self.again(account, remedy, error, now)
            }
        }
    }

    /// What B2 has must be what was sent.
    fn verified(&self, part: &Part, sent: Option<Sha1Digest>) -> Result<Sha1Digest, Error> {
        let contradiction = |what| {
            let source = Box::new(ProtocolError::Contradiction(what));
            Err(Error::Protocol { operation: OPERATION, source })
        };
        if part.part_number != self.slice.number {
            return contradiction("another part was stored");
        }
        if part.content_length != self.slice.len {
            return contradiction("the stored length is another");
        }
        match (&part.content_sha1, sent) {
            (Some(ContentSha1::Verified(stored)), Some(sent)) if *stored != sent => {
                Err(IntegrityError { expected: sent, actual: *stored }.into())
            }
            (_, Some(sent)) => Ok(sent),
            (_, None) => contradiction("it answered before it had the part"),
        }
    }

    fn again(
        &mut self,
        account: &mut Account,
        remedy: Remedy,
        error: Error,
        now: Instant,
    ) -> State {
        if remedy == Remedy::FreshUploadUrl {
            self.events.push_back(Event::UrlDropped);
        }
        match self.attempts.failed(account, OPERATION, remedy, error, now) {
            Verdict::Again(event) => {
                self.events.push_back(event);
                State::Todo
            }
            Verdict::GiveUp(error) => State::Done(Err(error)),
        }
    }

    pub(crate) fn abandon(&mut self, account: &mut Account) {
        if let State::GettingUrl(call) = &mut self.state {
            call.abandon(account);
        }
    }
}

fn target(answer: GetUploadPartUrlResponse, now: Instant) -> UploadTarget {
    UploadTarget { url: answer.upload_url, token: answer.authorization_token, obtained: now }
}
