//! One object, from its first wanted byte to its last, in order.
//!
//! ```text
//! Idle --token--> Sending --200/206, all bytes--> digest holds --> Done
//!  ^                 |                               |
//!  +-- due again <---+  broke off: go on after       +-- differs: from the start, or Done(error)
//!  |                 |  the bytes that arrived,
//!  |                 |  by file id
//!  +-- due again <---+  429, 5xx, 408, stale token
//! ```

mod refusal;

use std::collections::VecDeque;
use std::sync::Arc;

use b2_proto::{ByteRange, FileId, Sha1Digest};
use http::response::Parts;
use http::{Method, StatusCode};

use crate::account::{Account, Authorizer, Granted, Session};
use crate::answer;
use crate::download::access::DownloadAccess;
use crate::download::headers::FileHeaders;
use crate::download::locate::Object;
use crate::download::outcome::{Check, Downloaded};
use crate::error::{Error, IntegrityError, ProtocolError, Remedy, RequestError, TransportError};
use crate::event::Event;
use crate::mark::ChosenByUser;
use crate::op::{Operation, Reply, Step, Ticket, Transmit, Wait};
use crate::plan::{BodyPlan, Delivery, ERROR_BODY_LIMIT, SinkPlan};
use crate::request::RequestBuilder;
use crate::retry::{Attempts, Failure, Surface, Verdict, classify};
use crate::time::Instant;

/// Times that all bytes are fetched again because their digest differed.
const RESTARTS: u32 = 2;

/// Bytes that are an advance whatever time they took.
const ADVANCE: u64 = 64 * 1024;

/// Largest file that B2 stores, in bytes: bounds a download whose length is
/// not known yet. The rule of least progress ends a hanging one much sooner.
const LARGEST_FILE: u64 = 10_000_000_000_000;

/// Downloads one object into a sink, or asks only for its headers.
#[derive(Debug)]
pub struct Download {
    object: Object,
    range: Option<ByteRange>,
    access: DownloadAccess,
    rewindable: bool,
    headers_only: bool,
    /// Where the first wanted byte goes, if this is a piece of a download.
    piece: Option<u64>,
    /// Whether the sink forgets what it has before the first byte.
    fresh: bool,
    /// The version that it has to be.
    pinned: Option<FileId>,
    authorizer: Authorizer,
    attempts: Attempts,
    state: State,
    events: VecDeque<Event>,
    /// The version whose bytes are in the sink.
    found: Option<FileHeaders>,
    received: u64,
    /// When the present request was begun.
    sent_at: Option<Instant>,
    restarts: u32,
}

#[derive(Debug)]
enum State {
    Idle,
    Sending { ticket: Ticket, session: Option<Arc<Session>> },
    Done(Result<Box<Downloaded>, Error>),
    Over,
}

impl Download {
    /// Downloads all of `object`.
    #[must_use]
    pub fn new(object: Object) -> Self {
        Self {
            object,
            range: None,
            access: DownloadAccess::default(),
            rewindable: true,
            headers_only: false,
            piece: None,
            fresh: true,
            pinned: None,
            authorizer: Authorizer::default(),
            attempts: Attempts::default(),
            state: State::Idle,
            events: VecDeque::new(),
            found: None,
            received: 0,
            sent_at: None,
            restarts: 0,
        }
    }

    /// Asks only for the headers of `object` (HEAD); no sink is needed.
    #[must_use]
    pub fn headers_only(object: Object) -> Self {
        Self { headers_only: true, ..Self::new(object) }
    }

    /// Fetches only these bytes. They cannot be checked: the digest that B2
    /// stores is that of the whole file.
    #[must_use]
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }

    /// With another token, from another place, or under another guise.
    #[must_use]
    pub fn with_access(mut self, access: DownloadAccess) -> Self {
        self.access = access;
        self
    }

    /// One of several that fill one sink: its first byte goes to this place.
    /// If it is `fresh`, the sink forgets what it has.
    pub(crate) fn piece(mut self, sink_offset: u64, version: Option<FileId>, fresh: bool) -> Self {
        self.piece = Some(sink_offset);
        self.pinned = version;
        self.fresh = fresh;
        self
    }

    /// Whether a reply with this ticket is for this download.
    pub(crate) fn awaits(&self, ticket: Ticket) -> bool {
        let own = matches!(&self.state, State::Sending { ticket: own, .. } if *own == ticket);
        own || self.authorizer.awaits(ticket)
    }

    /// Whether the sink can be written again from its start. If not, damaged
    /// content is an error at once instead of being fetched again.
    /// Default: yes.
    #[must_use]
    pub fn with_rewindable(mut self, rewindable: bool) -> Self {
        self.rewindable = rewindable;
        self
    }

    /// Bytes in the sink so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// What the first answer said about the file; `None` before it came.
    #[must_use]
    pub fn headers(&self) -> Option<&FileHeaders> {
        self.found.as_ref()
    }

    fn first_byte(&self) -> u64 {
        self.range.and_then(ByteRange::first).unwrap_or(0)
    }

    /// Bytes that the sink holds at the end.
    fn wanted(&self, headers: &FileHeaders) -> u64 {
        let end =
            self.range.and_then(ByteRange::last).map_or(u64::MAX, |last| last.saturating_add(1));
        end.min(headers.content_length).saturating_sub(self.first_byte())
    }

    fn send(&mut self, account: &mut Account, now: Instant) -> Step<Downloaded> {
        let operation = self.object.operation();
        if let Some(wait) = self.attempts.held_back(account, operation, now) {
            return Step::Wait(wait);
        }
        let session = if self.access.stands_alone() {
            None
        } else {
            match self.authorizer.poll(account, now) {
                Granted::Yes(session) => Some(session),
                Granted::NotYet(step) => return step,
            }
        };
        match self.transmit(account, session.as_deref(), now) {
            Ok(transmit) => {
                self.state = State::Sending { ticket: transmit.ticket, session };
                self.sent_at = Some(now);
                Step::Send(Box::new(transmit))
            }
            Err(error) => Step::Done(Err(error)),
        }
    }

    fn transmit(
        &self,
        account: &mut Account,
        session: Option<&Session>,
        now: Instant,
    ) -> Result<Transmit, Error> {
        let operation = self.object.operation();
        let method = if self.headers_only { Method::HEAD } else { Method::GET };
        let base = self.access.download_url.as_deref();
        let base =
            base.or_else(|| session.map(|session| &*session.download_url)).unwrap_or_default();
        let token = self.access.token.as_ref().or_else(|| session.map(|session| &session.token));
        let url = self.access.complete(self.object.url(base));
        let mut builder = RequestBuilder::new(operation, method, &url, account.config())?;
        if let Some(token) = token {
            builder = builder.authorization(token.expose())?;
        }
        builder = self.access.apply(builder)?;
        if let Some(range) = self.remaining_range(operation)? {
            builder = builder.header("range", &range.to_string())?;
        }
        let mut request = builder.body(BodyPlan::Empty);
        if self.access.download_url.is_some() {
            request.extensions_mut().insert(ChosenByUser::new());
        }
        let expected = self.found.as_ref().map_or(LARGEST_FILE, |found| found.content_length);
        Ok(Transmit {
            ticket: account.next_ticket(),
            operation,
            request,
            sink: self.sink(),
            limits: account.limits(None, if self.headers_only { 0 } else { expected }, now),
        })
    }

    fn sink(&self) -> SinkPlan {
        if self.headers_only {
            return SinkPlan::Collect { limit: ERROR_BODY_LIMIT };
        }
        let begun = self.found.as_ref().filter(|_| self.received > 0);
        let begun = begun.map(|headers| headers.file_id.clone());
        SinkPlan::Deliver(Delivery {
            sink_offset: self.piece.unwrap_or(0) + self.received,
            restart: self.fresh && self.received == 0,
            piece: self.piece.is_some(),
            object_offset: self.first_byte() + self.received,
            limit: self.limit(),
            version: begun.or_else(|| self.pinned.clone()),
        })
    }

    /// Bytes still wanted, if the range has an end.
    fn limit(&self) -> Option<u64> {
        let range = self.range?;
        let (first, last) = (range.first()?, range.last()?);
        Some((last - first).saturating_add(1).saturating_sub(self.received))
    }

    /// The bytes still to fetch; `None`: the whole file.
    fn remaining_range(&self, operation: &'static str) -> Result<Option<ByteRange>, Error> {
        if self.range.is_some_and(|range| range.first().is_none()) {
            let source = Box::new(RequestError::RangeWithoutStart);
            return Err(Error::Request { operation, source });
        }
        let first = self.first_byte() + self.received;
        Ok(match self.range.and_then(ByteRange::last) {
            None if first == 0 => None,
            None => Some(ByteRange::starting_at(first)),
            // Nothing is asked for once all bytes are there.
            Some(last) => ByteRange::inclusive(first, last).ok(),
        })
    }

    fn answered(
        &mut self,
        account: &mut Account,
        session: Option<&Session>,
        reply: Reply,
        now: Instant,
    ) -> State {
        match reply {
            Reply::Delivered { head, bytes, digest } => {
                self.delivered(account, &head, bytes, digest, now)
            }
            Reply::Broken { head, delivered, digest, source } => {
                if self.complete_after(&head, delivered) {
                    // Only the end of the answer is missing; its bytes are
                    // all there.
                    self.delivered(account, &head, delivered, digest, now)
                } else {
                    self.broken(account, &head, delivered, source, now)
                }
            }
            Reply::Response { head, .. } if self.headers_only && head.status.is_success() => {
                State::Done(self.described(&head))
            }
            Reply::Response { head, .. } if head.status == StatusCode::NOT_MODIFIED => {
                State::Done(Err(Error::NotModified))
            }
            Reply::Response { head, body, .. } => {
                let operation = self.object.operation();
                let (error, remedy) = if head.status.is_success() {
                    (self.protocol(ProtocolError::OtherBytes), Remedy::Never)
                } else {
                    let token = self.access.token.as_ref();
                    let token = token.or_else(|| session.map(|session| &session.token));
                    let secrets = [token.map_or("", |token| token.expose())];
                    answer::refused(operation, Surface::Download, &secrets, (&head, &body))
                };
                self.refused(account, session, (error, remedy), now)
            }
            Reply::Failed { source, .. } => self.silent(account, source, now),
            Reply::Local(error) => State::Done(Err(Error::Local(error))),
            Reply::Digest(_) | Reply::Prefetched { .. } => {
                State::Done(Err(self.contradiction("nobody asked for a digest")))
            }
        }
    }

    fn described(&self, head: &Parts) -> Result<Box<Downloaded>, Error> {
        let headers = FileHeaders::read(self.object.operation(), head)?;
        Ok(Box::new(Downloaded { headers, bytes: 0, check: Check::None }))
    }

    fn delivered(
        &mut self,
        account: &mut Account,
        head: &Parts,
        bytes: u64,
        digest: Option<Sha1Digest>,
        now: Instant,
    ) -> State {
        let headers = match self.learn(head) {
            Ok(headers) => headers,
            Err(error) => return State::Done(Err(error)),
        };
        self.received += bytes;
        if self.received < self.wanted(&headers) {
            let error = self.contradiction("the answer ended early");
            self.progressed(account, bytes, now);
            return self.again(account, Remedy::Retry { after: None }, error, now);
        }
        if self.received > self.wanted(&headers) {
            return State::Done(Err(self.contradiction("more bytes than the file has")));
        }
        match self.checked(&headers, digest) {
            Ok(check) => {
                State::Done(Ok(Box::new(Downloaded { headers, bytes: self.received, check })))
            }
            Err(error) => self.restart(account, error, now),
        }
    }

    /// Whether the sink has all that is wanted after so many bytes more.
    fn complete_after(&self, head: &Parts, delivered: u64) -> bool {
        let headers = FileHeaders::read(self.object.operation(), head);
        headers.is_ok_and(|headers| {
            delivered > 0 && self.received + delivered == self.wanted(&headers)
        })
    }

    /// Remembers the version and pins it: the rest is fetched by id, so that
    /// a newer version of the name cannot be mixed in.
    fn learn(&mut self, head: &Parts) -> Result<FileHeaders, Error> {
        if let Some(found) = self.found.as_ref().filter(|_| self.received > 0) {
            return Ok(found.clone());
        }
        let headers = FileHeaders::read(self.object.operation(), head)?;
        self.found = Some(headers.clone());
        Ok(headers)
    }

    fn checked(
        &self,
        headers: &FileHeaders,
        actual: Option<Sha1Digest>,
    ) -> Result<Check, IntegrityError> {
        let whole = self.first_byte() == 0 && self.received == headers.content_length;
        match (headers.digest(), actual) {
            (Some((expected, check)), Some(actual)) if whole => {
                if expected == actual {
                    Ok(check)
                } else {
                    Err(IntegrityError { expected, actual })
                }
            }
            _ => Ok(Check::None),
        }
    }

    fn restart(&mut self, account: &mut Account, error: IntegrityError, now: Instant) -> State {
        if !self.rewindable || self.restarts == RESTARTS {
            return State::Done(Err(error.into()));
        }
        self.restarts += 1;
        self.received = 0;
        self.events.push_back(Event::Restarting);
        self.again(account, Remedy::Retry { after: None }, error.into(), now)
    }

    fn broken(
        &mut self,
        account: &mut Account,
        head: &Parts,
        delivered: u64,
        source: TransportError,
        now: Instant,
    ) -> State {
        match self.learn(head) {
            Ok(headers) if delivered > 0 && self.access.opens_ids() => {
                self.object = Object::Id(headers.file_id);
            }
            Ok(_) => {}
            Err(error) => return State::Done(Err(error)),
        }
        self.received += delivered;
        self.progressed(account, delivered, now);
        self.silent(account, source, now)
    }

    /// Bytes that arrived at a bearable rate are progress: patience begins
    /// anew, so that a long download over a bad line ends as long as it
    /// advances. One that only trickles would never end.
    fn progressed(&mut self, account: &Account, bytes: u64, now: Instant) {
        if bytes == 0 {
            return;
        }
        self.events.push_back(Event::Resuming { from: self.received });
        let took = now.duration_since(self.sent_at.unwrap_or(now));
        // Most of the time may have been the destination's; a line that is too
        // slow is cut by its own rule.
        if bytes >= account.config().timeouts().least(took).min(ADVANCE) {
            self.attempts = Attempts::default();
        }
    }

    fn silent(&mut self, account: &mut Account, source: TransportError, now: Instant) -> State {
        let operation = self.object.operation();
        let failure = Failure::Transport { error: &source, complete: true };
        let remedy = classify(Surface::Download, failure);
        let error = Error::Transport { operation, source: Box::new(source) };
        self.again(account, remedy, error, now)
    }

    fn again(
        &mut self,
        account: &mut Account,
        remedy: Remedy,
        error: Error,
        now: Instant,
    ) -> State {
        let operation = self.object.operation();
        match self.attempts.failed(account, operation, remedy, error, now) {
            Verdict::Again(event) => {
                self.events.push_back(event);
                State::Idle
            }
            Verdict::GiveUp(error) => State::Done(Err(error)),
        }
    }

    fn contradiction(&self, what: &'static str) -> Error {
        self.protocol(ProtocolError::Contradiction(what))
    }

    fn protocol(&self, source: ProtocolError) -> Error {
        Error::Protocol { operation: self.object.operation(), source: Box::new(source) }
    }
}

impl Operation for Download {
    type Output = Downloaded;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Downloaded> {
        if let Some(event) = self.events.pop_front() {
            return Step::Event(event);
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Idle => {
                self.state = State::Idle;
                self.send(account, now)
            }
            State::Done(result) => Step::Done(result.map(|downloaded| *downloaded)),
            waiting @ (State::Sending { .. } | State::Over) => {
                self.state = waiting;
                Step::Wait(Wait::for_reply(self.object.operation()))
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        let Some(reply) = self.authorizer.handle(account, ticket, reply, now) else {
            return;
        };
        match std::mem::replace(&mut self.state, State::Over) {
            State::Sending { ticket: own, session } if own == ticket => {
                self.state = self.answered(account, session.as_deref(), reply, now);
            }
            other => self.state = other,
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        self.authorizer.abandon(account);
    }
}
