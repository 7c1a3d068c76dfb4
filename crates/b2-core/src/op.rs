//! The whole contract between an operation and whoever drives it.
//!
//! An [`Operation`] is a value that knows what to do next and nothing about
//! how it is done. A *driver* is any loop that polls it, performs the
//! [`Transmit`]s it asks for, and hands back one [`Reply`] for each. The
//! [crate documentation](crate) shows that loop.
//!
//! # Duties of a driver
//!
//! 1. After every `handle`, every deadline and every change of
//!    [`Account::epoch`](crate::account::Account::epoch) it was told to
//!    watch, call `poll` until it answers [`Step::Wait`] or [`Step::Done`].
//! 2. Give back exactly one reply for each ticket, whether of a [`Transmit`],
//!    of a [`DigestRequest`] or of a [`Prefetch`], in any order. A request
//!    that passes its [`Limits`] is given up by the driver and answered with
//!    [`Reply::Failed`] and [`TransportErrorKind::Timeout`](crate::error::TransportErrorKind::Timeout).
//! 3. `now` never goes back.
//! 4. Replies that arrive after `Done` may be dropped.
//! 5. When it stops early, call [`Operation::abandon`]. Dropping without it
//!    is safe; others then wait for a lease to lapse.

use bytes::Bytes;
use http::response::Parts;

use crate::account::Account;
use crate::error::{Error, LocalError, Side, TransportError};
use crate::event::Event;
use crate::plan::{BodyPlan, SinkPlan, SinkVerdict};
use crate::time::{Duration, Instant};
use b2_proto::Sha1Digest;

/// A state machine for one thing a user asked for.
///
/// It performs no I/O and reads no clock: see the [module documentation](self)
/// for what a driver owes it.
pub trait Operation {
    /// What the operation gives when it succeeds.
    type Output;

    /// The next thing to do. Never blocks. Polling when there is nothing new
    /// is harmless.
    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Self::Output>;

    /// Takes the outcome of one [`Transmit`]. Replies may come in any order,
    /// one for each ticket; replies to unknown tickets are ignored.
    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant);

    /// Gives back what the operation holds of the account (a refresh lease),
    /// so that others need not wait for it to lapse. The operation must not be
    /// polled afterwards.
    fn abandon(&mut self, account: &mut Account);

    /// Asks the operation to end early and in good order. If it answers
    /// `true`, poll on until [`Step::Done`]: there is something to tidy up. If
    /// `false`, the default, there is nothing, and it may be dropped.
    fn stop(&mut self, _how: Stop) -> bool {
        false
    }

    /// Begins nothing new until it is told to go on; what is under way is
    /// completed. `false`, the default: it cannot be paused.
    fn pause(&mut self, _paused: bool) -> bool {
        false
    }

    /// What each of several requests under way waits for, if the operation
    /// keeps several; as of the last [`Step::Wait`]. Empty, the default: the
    /// reason of the wait says it all.
    fn slots(&self) -> &[Slot] {
        &[]
    }
}

/// How an operation is to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// Undo: what was stored by halves is removed from the server.
    Cancel,
    /// Leave what was stored, to be continued later.
    Keep,
}

/// What an operation wants next.
///
/// Exhaustive on purpose: a driver has to handle all of it.
#[must_use]
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a driver must handle every step")]
pub enum Step<T> {
    /// Perform this request and answer it with [`Operation::handle`].
    Send(Box<Transmit>),
    /// Hash a slice of the user's source or sink and answer it with
    /// [`Operation::handle`] and [`Reply::Digest`].
    Digest(DigestRequest),
    /// Find out whether the source has so many more bytes and answer with
    /// [`Operation::handle`] and [`Reply::Prefetched`].
    Prefetch(Prefetch),
    /// Something an observer may want to know. Poll again.
    Event(Event),
    /// Nothing to do until one of the conditions of the wait holds.
    Wait(Wait),
    /// The operation has ended. Do not poll again.
    Done(Result<T, Error>),
}

impl<T> Step<T> {
    /// Splits a step of an inner operation into its result or a step that the
    /// outer operation can pass on unchanged: how operations are put together.
    ///
    /// # Errors
    ///
    /// The step, if the inner operation has not finished.
    pub fn finished<U>(self) -> Result<Result<T, Error>, Step<U>> {
        match self {
            Self::Done(result) => Ok(result),
            Self::Send(transmit) => Err(Step::Send(transmit)),
            Self::Digest(request) => Err(Step::Digest(request)),
            Self::Prefetch(request) => Err(Step::Prefetch(request)),
            Self::Event(event) => Err(Step::Event(event)),
            Self::Wait(wait) => Err(Step::Wait(wait)),
        }
    }
}

/// Bytes at hand that an operation needs the SHA-1 of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DigestRequest {
    /// Answer with this ticket.
    pub ticket: Ticket,
    /// Where the bytes are.
    pub side: Side,
    /// First byte, counted from the start of that side.
    pub offset: u64,
    /// How many bytes.
    pub len: u64,
}

/// Bytes of the user's source that are to be at hand, to be read as often as
/// needed.
///
/// Asked only of a source whose length is unknown, in order and without gaps;
/// the first slice may be asked for twice, the second time longer or shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prefetch {
    /// Answer with this ticket.
    pub ticket: Ticket,
    /// First byte, counted from the start of the source.
    pub offset: u64,
    /// How many bytes.
    pub len: u64,
}

/// When to poll again, and why there is nothing to do before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// Poll at this instant. `None`: only a reply (or the account) helps.
    pub until: Option<Instant>,
    /// Also poll when [`Account::epoch`](crate::account::Account::epoch) moves.
    pub on_account: bool,
    /// What the wait is for, for people who ask why nothing happens.
    pub reason: WaitReason,
}

impl Wait {
    pub(crate) fn for_reply(operation: &'static str) -> Self {
        Self { until: None, on_account: false, reason: WaitReason::Reply(operation) }
    }

    pub(crate) fn for_time(until: Instant, reason: WaitReason) -> Self {
        Self { until: Some(until), on_account: false, reason }
    }

    /// The earlier of two waits: whatever ends one of them ends this.
    pub(crate) fn or(self, other: Self) -> Self {
        let until = match (self.until, other.until) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        // What has an end of its own explains less than an answer under way.
        let reason = if self.until.is_some() { other.reason } else { self.reason };
        Self { until, on_account: self.on_account || other.on_account, reason }
    }

    pub(crate) fn for_lease(lapses: Instant) -> Self {
        Self { until: Some(lapses), on_account: true, reason: WaitReason::Authorization }
    }
}

/// One of several pieces of content that an operation has under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slot {
    /// Its first byte, counted from the start of the content.
    pub offset: u64,
    /// How many bytes it has.
    pub len: u64,
    /// What it waits for.
    pub reason: WaitReason,
}

/// What a [`Wait`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// An answer to the named request is outstanding.
    Reply(&'static str),
    /// The named request failed and is due again at the end of the wait.
    Backoff(&'static str),
    /// B2 asked the whole account to slow down (429).
    Throttled,
    /// Another operation is refreshing the account authorization token.
    Authorization,
    /// The bytes of the user's own source or sink are being hashed.
    Hashing,
    /// The user's own source has not given its next bytes yet.
    Source,
    /// The user's own destination has not taken the bytes that are there.
    Sink,
    /// Other transfers hold all the memory that there is for buffers.
    Memory,
    /// The user paused the transfer.
    Paused,
}

impl std::fmt::Display for WaitReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reply(operation) => write!(f, "waiting for the answer to {operation}"),
            Self::Backoff(operation) => write!(f, "waiting to send {operation} again"),
            Self::Throttled => f.write_str("waiting because B2 asked this account to slow down"),
            Self::Authorization => f.write_str("waiting for a fresh authorization token"),
            Self::Source => f.write_str("waiting for the next bytes of the source"),
            Self::Sink => f.write_str("waiting for the destination to take bytes"),
            Self::Memory => f.write_str("waiting for memory that other transfers hold"),
            Self::Hashing => f.write_str("waiting for the digest of the bytes on this side"),
            Self::Paused => f.write_str("waiting because the transfer is paused"),
        }
    }
}

/// Names one request of one account; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// How long a request may take.
///
/// All bounds hold at once; whoever performs the request enforces them. None
/// of them ends a transfer that advances at a bearable rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The request has failed if its reply is not complete by then.
    pub deadline: Instant,
    /// The head of the answer may come this long after the last byte of the
    /// request.
    pub answer: Duration,
    /// While a body moves, at least [`floor`](Self::floor) bytes must move in
    /// any window of this length.
    pub stall: Duration,
    /// Bytes that must move in each window of [`stall`](Self::stall), unless
    /// the body ends in it; at least 1.
    pub floor: u64,
}

impl Limits {
    /// Limits for a request of one's own, for example in a transport's tests:
    /// the answer may take until the deadline, and one byte in each window of
    /// `stall` is enough.
    #[must_use]
    pub fn new(now: Instant, whole: Duration, stall: Duration) -> Self {
        Self { deadline: now + whole, answer: whole, stall, floor: 1 }
    }
}

/// One request to perform.
///
/// Its `Debug` names method and host only: a URL may be a secret.
#[non_exhaustive]
pub struct Transmit {
    /// Answer with this ticket.
    pub ticket: Ticket,
    /// B2's name of the call, for logs and errors (`b2_upload_file`).
    pub operation: &'static str,
    /// Method, absolute URI and headers, ready to send, and where the body
    /// comes from. `Content-Length` is set and exact.
    pub request: http::Request<BodyPlan>,
    /// Where the body of the answer goes.
    pub sink: SinkPlan,
    /// How long it may take.
    pub limits: Limits,
}

impl std::fmt::Debug for Transmit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.request.uri().authority().map(|authority| authority.as_str());
        f.debug_struct("Transmit")
            .field("ticket", &self.ticket)
            .field("operation", &self.operation)
            .field("method", self.request.method())
            .field("host", &host)
            .field("body", self.request.body())
            .field("sink", &self.sink)
            .field("limits", &self.limits)
            .finish()
    }
}

impl Transmit {
    /// Whether the body behind this answer head may go to the sink.
    ///
    /// Ask before the first byte is written: an error page, another range or
    /// another version of the file must never reach the destination.
    #[must_use]
    pub fn accept(&self, head: &Parts) -> SinkVerdict {
        self.sink.accept(head)
    }
}

/// The outcome of one [`Transmit`].
///
/// Its `Debug` tells status and lengths only: an answer may hold a token.
#[non_exhaustive]
pub enum Reply {
    /// An answer whose body was collected.
    Response {
        /// Status and headers.
        head: Box<Parts>,
        /// The body, cut at the limit that the [`SinkPlan`] states.
        body: Bytes,
        /// SHA-1 of the bytes taken from the source, if all of them were sent.
        sent: Option<Sha1Digest>,
    },
    /// An answer whose body went to the sink completely.
    Delivered {
        /// Status and headers.
        head: Box<Parts>,
        /// Bytes written to the sink by this request.
        bytes: u64,
        /// SHA-1 of everything in the sink from offset 0 to the end of these
        /// bytes; `None` if the driver has not seen them all in order.
        digest: Option<Sha1Digest>,
    },
    /// The body of the answer broke off on its way to the sink.
    Broken {
        /// Status and headers.
        head: Box<Parts>,
        /// Bytes written to the sink before it broke.
        delivered: u64,
        /// As in [`Delivered`](Self::Delivered): the end may be all that is
        /// missing.
        digest: Option<Sha1Digest>,
        /// Why it broke.
        source: TransportError,
    },
    /// No answer at all.
    Failed {
        /// What went wrong.
        source: TransportError,
        /// SHA-1 of the bytes taken from the source, if all of them were sent.
        sent: Option<Sha1Digest>,
    },
    /// The digest that a [`DigestRequest`] asked for.
    Digest(Sha1Digest),
    /// The bytes that a [`Prefetch`] asked for are at hand.
    Prefetched {
        /// How many there are; fewer than asked for only if the source ends
        /// there.
        len: u64,
    },
    /// The user's own source could not be read or sink not be written.
    Local(LocalError),
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Response { head, body, .. } => {
                write!(f, "Response({}, {} bytes)", head.status, body.len())
            }
            Self::Delivered { head, bytes, .. } => {
                write!(f, "Delivered({}, {bytes} bytes)", head.status)
            }
            Self::Broken { head, delivered, source, .. } => {
                write!(f, "Broken({}, {delivered} bytes, {source})", head.status)
            }
            Self::Failed { source, .. } => write!(f, "Failed({source})"),
            Self::Digest(digest) => write!(f, "Digest({digest})"),
            Self::Prefetched { len } => write!(f, "Prefetched({len} bytes)"),
            Self::Local(error) => write!(f, "Local({error})"),
        }
    }
}
