//! One object in pieces, several at a time, resumable.
//!
//! ```text
//! Opening --first piece, length known--> Fetching --all pieces--> Checking --> Done
//!    |  \--no bytes at all (416)--> Plain --> Done                   |
//!    +<-- another version than resumed, or the digest differs -------+
//! ```
//!
//! The first piece tells how long the file is, so a small file costs one
//! request. The rest comes from the same version.
//!
//! A line on which one request fetches as much as can be hashed and written is
//! left to one: bytes that come in their order are hashed on their way, all
//! others are read back for it.
//!
//! What is in the sink from before an interruption counts if the whole has a
//! digest, which is compared in the end, or if the stretch has the digest that
//! was noted when it was stored. The rest is fetched again.

use std::collections::VecDeque;

use b2_proto::{ByteRange, FileId};

use crate::account::Account;
use crate::download::access::DownloadAccess;
use crate::download::hashes::{Hashes, Stretch};
use crate::download::headers::FileHeaders;
use crate::download::locate::Object;
use crate::download::options::ParallelOptions;
use crate::download::outcome::{Check, Downloaded};
use crate::download::piece::Piece;
use crate::download::resume::{DownloadResume, DownloadResumeEntry};
use crate::download::whole::Download;
use crate::error::{Error, IntegrityError, ProtocolError, RequestError, Side};
use crate::event::Event;
use crate::op::{DigestRequest, Operation, Reply, Slot, Step, Ticket, Wait};
use crate::time::Instant;
use crate::upload::in_range;

/// Times that all bytes are fetched again because their digest differed.
const RESTARTS: u32 = 2;
/// What is wrong with a driver that answers a question for a digest otherwise.
const NO_DIGEST: &str = "the driver gave no digest";

/// Downloads one object into a sink that takes bytes in any order and gives
/// them back to be hashed.
#[derive(Debug)]
pub struct ParallelDownload {
    object: Object,
    range: Option<ByteRange>,
    access: DownloadAccess,
    options: ParallelOptions,
    /// What is in the sink.
    done: DownloadResume,
    found: Option<FileHeaders>,
    phase: Phase,
    /// Pieces under way.
    active: Vec<Piece>,
    /// What each of them waits for.
    slots: Vec<Slot>,
    /// What is in the sink and not yet counted.
    hashes: Hashes,
    /// All before this byte are under way or in the sink.
    next: u64,
    /// Whether the last piece came so fast that others would not help.
    alone: bool,
    events: VecDeque<Event>,
    restarts: u32,
}

#[derive(Debug)]
enum Phase {
    Begin,
    Opening(Box<Piece>),
    Plain(Box<Download>),
    Fetching,
    Checking(Ticket),
    Done(Result<Box<Downloaded>, Error>),
    Over,
}

impl ParallelDownload {
    /// Downloads all of `object`.
    #[must_use]
    pub fn new(object: Object, options: ParallelOptions) -> Self {
        let done = options.resume.clone();
        Self {
            object,
            range: None,
            access: DownloadAccess::default(),
            options,
            done,
            found: None,
            phase: Phase::Begin,
            active: Vec::new(),
            slots: Vec::new(),
            hashes: Hashes::default(),
            next: 0,
            alone: false,
            events: VecDeque::new(),
            restarts: 0,
        }
    }

    /// Fetches only these bytes, which cannot be checked.
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

    /// What the first answer said about the file; `None` before it came.
    #[must_use]
    pub fn headers(&self) -> Option<&FileHeaders> {
        self.found.as_ref()
    }

    fn base(&self) -> u64 {
        self.range.and_then(ByteRange::first).unwrap_or(0)
    }

    fn piece(&self, offset: u64, len: u64, version: Option<FileId>) -> Option<Piece> {
        let first = self.base().checked_add(offset)?;
        let range = ByteRange::inclusive(first, first.checked_add(len)? - 1).ok()?;
        let object = match &version {
            Some(id) if self.access.opens_ids() => Object::Id(id.clone()),
            _ => self.object.clone(),
        };
        let download = Download::new(object)
            .with_access(self.access.clone())
            .with_range(range)
            .piece(offset, version, false);
        Some(Piece::new(offset, len, download))
    }

    /// Numbers that make no sense are told, not bent.
    fn check(&self) -> Result<(), Error> {
        let requests = u64::try_from(self.options.concurrency).unwrap_or(u64::MAX);
        in_range("the piece size", self.options.piece, u64::MAX)
            .and_then(|()| in_range("the number of requests at a time", requests, u64::MAX))
            .map_err(|why| {
                let (operation, source) = (self.object.operation(), Box::new(why));
                Error::Request { operation, source }
            })
    }

    /// The piece that tells what there is to fetch.
    fn open(&mut self) -> Phase {
        if let Err(error) = self.check() {
            return Phase::Done(Err(error));
        }
        let resumed = self.done.file_id.clone();
        if self.done.missing(0, 1).is_none() && self.done.stored() == self.done.len {
            // Any byte tells whether the file is still the same.
            self.done.forget_first(self.options.unit);
        }
        let wanted = self.range.and_then(ByteRange::last);
        let most = wanted.map_or(u64::MAX, |last| (last - self.base().min(last)).saturating_add(1));
        let first = self.options.first.min(most);
        let (offset, len) = match &resumed {
            Some(_) => self.done.missing(0, first).unwrap_or_else(|| (0, first.min(1))),
            None => (0, first),
        };
        // Asked for by its name: it may have a newer version by now.
        let first = self.base() + offset;
        let range = ByteRange::inclusive(first, first.saturating_add(len.max(1)) - 1);
        let Ok(range) = range else {
            let source = Box::new(RequestError::RangeWithoutStart);
            return Phase::Done(Err(Error::Request { operation: self.object.operation(), source }));
        };
        let download = Download::new(self.object.clone())
            .with_access(self.access.clone())
            .with_range(range)
            .piece(offset, resumed, self.done.file_id.is_none());
        Phase::Opening(Box::new(Piece::new(offset, len, download)))
    }

    fn opened(&mut self, piece: &Piece, downloaded: Downloaded, now: Instant) -> Phase {
        self.alone = piece.was_fast(downloaded.bytes, now, self.options.enough);
        let headers = downloaded.headers.clone();
        let end =
            self.range.and_then(ByteRange::last).map_or(u64::MAX, |last| last.saturating_add(1));
        let len = end.min(headers.content_length).saturating_sub(self.base());
        let begun = Event::DownloadBegun { file_id: headers.file_id.clone(), len };
        let resumed = self.done.is_of(&headers.file_id, len);
        self.done.note(&begun);
        self.events.push_back(begun);
        self.found = Some(headers);
        if resumed {
            self.take_over();
        }
        self.stored(piece.offset, downloaded.bytes);
        self.next = 0;
        Phase::Fetching
    }

    /// What is in the sink from before counts, or is verified first.
    fn take_over(&mut self) {
        if self.has_digest() {
            for (offset, len) in &self.done.pieces {
                let (offset, len) = (*offset, *len);
                self.events.push_back(Event::PieceStored { offset, len, digest: None, kept: true });
            }
            return;
        }
        for (offset, stretch) in self.done.doubt() {
            let expected = Some(stretch.digest);
            self.hashes.push(Stretch { offset, len: stretch.len, expected });
        }
    }

    /// Whether the whole is held against a digest in the end.
    fn has_digest(&self) -> bool {
        self.range.is_none() && self.found.as_ref().and_then(FileHeaders::digest).is_some()
    }

    /// A piece is in the sink. It is told of when its digest is known.
    fn stored(&mut self, offset: u64, len: u64) {
        self.done.apply(DownloadResumeEntry::Piece { offset, len, digest: None });
        if self.options.digests && !self.has_digest() {
            self.hashes.push(Stretch { offset, len, expected: None });
        } else {
            self.events.push_back(Event::PieceStored { offset, len, digest: None, kept: false });
        }
    }

    /// The digest of a stretch came. One that is not what it was, or cannot be
    /// read, is fetched again.
    fn hashed(&mut self, stretch: &Stretch, reply: Reply) -> Result<(), Error> {
        let (offset, len) = (stretch.offset, stretch.len);
        let (digest, kept) = match (reply, stretch.expected) {
            (Reply::Digest(digest), None) => (digest, false),
            (Reply::Digest(digest), Some(expected)) if digest == expected => (digest, true),
            (_, Some(_)) => return Ok(()),
            (Reply::Local(error), None) => return Err(Error::Local(error)),
            _ => return Err(self.contradiction(NO_DIGEST)),
        };
        let digest = Some(digest);
        self.done.apply(DownloadResumeEntry::Piece { offset, len, digest });
        self.events.push_back(Event::PieceStored { offset, len, digest, kept });
        Ok(())
    }

    /// The first piece could not be had.
    fn not_opened(&mut self, error: Error) -> Phase {
        let empty = error.api().is_some_and(|api| api.status == 416);
        let other = matches!(&error, Error::Protocol { source, .. }
            if **source == ProtocolError::OtherBytes);
        if self.done.file_id.is_some() && (other || empty) {
            return self.anew();
        }
        // An empty file has no first byte; and whoever stands in front of B2
        // may not know ranges.
        if (empty || other) && self.range.is_none() {
            let download = Download::new(self.object.clone()).with_access(self.access.clone());
            return Phase::Plain(Box::new(download));
        }
        Phase::Done(Err(error))
    }

    /// What is in the sink is worth nothing.
    fn anew(&mut self) -> Phase {
        self.done = DownloadResume::new(self.done.first_byte, self.done.destination.take());
        self.events.push_back(Event::Restarting);
        self.open()
    }

    /// Keeps pieces under way until all are in the sink; then asks for the
    /// digest of the whole.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn fetch(&mut self, account: &mut Account, now: Instant) -> Result<Phase, Step<Downloaded>> {
        loop {
            let wait = self.poll_active(account, now)?;
            if let Some(request) = self.hashes.ask(account) {
                return Err(Step::Digest(request));
            }
            if let Some(event) = self.events.pop_front() {
                return Err(Step::Event(event));
            }
            if self.begin_next() {
                continue;
            }
            return match wait {
                Some(wait) => Err(Step::Wait(wait)),
                None if !self.hashes.is_idle() => Err(Step::Wait(Wait::for_digest())),
                None => self.ask(account),
            };
        }
    }

    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn poll_active(
        &mut self,
        account: &mut Account,
        now: Instant,
    ) -> Result<Option<Wait>, Step<Downloaded>> {
        let mut wait: Option<Wait> = None;
        let mut index = 0;
        self.slots.clear();
        while index < self.active.len() {
            let piece = &mut self.active[index];
            match piece.poll(account, now).finished() {
                Err(Step::Wait(other)) => {
                    let (offset, len) = (piece.offset, piece.len);
                    self.slots.push(Slot { offset, len, reason: other.reason });
                    wait = Some(wait.map_or(other, |wait| wait.or(other)));
                    index += 1;
                }
                Err(step) => return Err(step),
                Ok(Ok(downloaded)) => {
                    let piece = self.active.swap_remove(index);
                    self.alone = piece.was_fast(downloaded.bytes, now, self.options.enough);
                    self.stored(piece.offset, downloaded.bytes);
                }
                Ok(Err(error)) => {
                    self.abandon(account);
                    return Err(Step::Done(Err(error)));
                }
            }
        }
        Ok(wait)
    }

    /// Puts one more piece under way; `false`: there is none, or no room.
    fn begin_next(&mut self) -> bool {
        let most = if self.alone { 1 } else { self.options.concurrency };
        if self.active.len() >= most || self.hashes.verifies() {
            return false;
        }
        let Some((offset, len)) = self.done.missing(self.next, self.options.piece) else {
            return false;
        };
        let version = self.found.as_ref().map(|found| found.file_id.clone());
        self.next = offset + len;
        self.piece(offset, len, version).map(|piece| self.active.push(piece)).is_some()
    }

    /// Whether the whole can be held against a digest.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn ask(&mut self, account: &mut Account) -> Result<Phase, Step<Downloaded>> {
        if self.done.stored() != self.done.len {
            return Ok(Phase::Done(Err(self.contradiction("a piece is missing"))));
        }
        if !self.has_digest() {
            return Ok(self.complete(Check::None));
        }
        let (ticket, side) = (account.next_ticket(), Side::Sink);
        self.phase = Phase::Checking(ticket);
        let (offset, len) = (0, self.done.len);
        Err(Step::Digest(DigestRequest { ticket, side, offset, len }))
    }

    fn complete(&mut self, check: Check) -> Phase {
        let bytes = self.done.len;
        match self.found.take() {
            Some(headers) => Phase::Done(Ok(Box::new(Downloaded { headers, bytes, check }))),
            None => Phase::Done(Err(self.contradiction("nothing was found"))),
        }
    }

    fn checked(&mut self, reply: Reply) -> Phase {
        let expected = self.found.as_ref().and_then(FileHeaders::digest);
        match (reply, expected) {
            (Reply::Digest(actual), Some((expected, check))) if actual == expected => {
                self.complete(check)
            }
            (Reply::Digest(actual), Some((expected, _))) => {
                if self.restarts == RESTARTS {
                    return Phase::Done(Err(IntegrityError { expected, actual }.into()));
                }
                self.restarts += 1;
                self.anew()
            }
            (Reply::Local(error), _) => Phase::Done(Err(Error::Local(error))),
            _ => Phase::Done(Err(self.contradiction(NO_DIGEST))),
        }
    }

    fn give_up(&mut self, account: &mut Account, error: Error) {
        self.abandon(account);
        self.phase = Phase::Done(Err(error));
    }

    fn contradiction(&self, what: &'static str) -> Error {
        let source = Box::new(ProtocolError::Contradiction(what));
        Error::Protocol { operation: self.object.operation(), source }
    }
}

impl Operation for ParallelDownload {
    type Output = Downloaded;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Downloaded> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(event);
            }
            let next = match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::Begin => Ok(self.open()),
                Phase::Opening(mut piece) => match piece.poll(account, now).finished() {
                    Ok(Ok(downloaded)) => Ok(self.opened(&piece, downloaded, now)),
                    Ok(Err(error)) => Ok(self.not_opened(error)),
                    Err(step) => {
                        self.phase = Phase::Opening(piece);
                        Err(step)
                    }
                },
                Phase::Plain(mut download) => {
                    let step = download.poll(account, now);
                    self.phase = Phase::Plain(download);
                    Err(step)
                }
                Phase::Fetching => {
                    self.phase = Phase::Fetching;
                    self.fetch(account, now)
                }
                Phase::Done(result) => Err(Step::Done(result.map(|downloaded| *downloaded))),
                waiting @ (Phase::Checking(_) | Phase::Over) => {
                    self.phase = waiting;
                    Err(Step::Wait(Wait::for_digest()))
                }
            };
            match next {
                Ok(phase) => self.phase = phase,
                Err(step) => return step,
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.phase {
            Phase::Opening(piece) => piece.download.handle(account, ticket, reply, now),
            Phase::Plain(download) => download.handle(account, ticket, reply, now),
            Phase::Fetching => {
                if let Some(stretch) = self.hashes.answered(ticket) {
                    if let Err(error) = self.hashed(&stretch, reply) {
                        self.give_up(account, error);
                    }
                    return;
                }
                let mut pieces = self.active.iter_mut();
                if let Some(piece) = pieces.find(|piece| piece.download.awaits(ticket)) {
                    piece.download.handle(account, ticket, reply, now);
                }
            }
            Phase::Checking(own) if *own == ticket => self.phase = self.checked(reply),
            Phase::Begin | Phase::Checking(_) | Phase::Done(_) | Phase::Over => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.phase {
            Phase::Opening(piece) => piece.download.abandon(account),
            Phase::Plain(download) => download.abandon(account),
            _ => {}
        }
        self.active.iter_mut().for_each(|piece| piece.download.abandon(account));
    }

    fn slots(&self) -> &[Slot] {
        &self.slots
    }
}
