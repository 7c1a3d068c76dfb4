//! The blocking loop: one thread, one request at a time, no runtime.

use std::io::{self, Read};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use b2_core::body::{BodyEncoder, Trailer};
use b2_core::error::{Error, LocalError, Sent, TransportError, TransportErrorKind};
use b2_core::op::{Limits, Operation, Reply, Slot, Step, Transmit, Wait};
use b2_core::plan::{BodyPlan, Delivery, SinkPlan, SinkVerdict};
use b2_core::port::{BlockingTransport, ReadAt};
use bytes::Bytes;
use http::response::Parts;

use crate::buffer::Buffer;
use crate::control::{Control, Wishes};
use crate::drive::delivery::progressed;
use crate::drive::hash::Waiter;
use crate::drive::rate::Rate;
use crate::drive::{Context, Ends, announce, hash, unwritten_stop};
use crate::observer::{Event, Scope};

/// Pauses are slept in slices, so that a change of the account is noticed.
const LONGEST_SLEEP: std::time::Duration = std::time::Duration::from_millis(50);

/// Drives an operation to its end on this thread.
pub(crate) fn drive_blocking<O: Operation>(
    context: &Context,
    scope: Scope,
    mut operation: O,
    ends: &Ends,
    transport: &dyn BlockingTransport,
) -> Result<O::Output, Error> {
    let (mut told, waiter) = (Wishes::default(), Waiter::default());
    let mut unwritten = None;
    let result = loop {
        let wishes = ends.control.wishes();
        if wishes.paused != told.paused {
            operation.pause(wishes.paused);
        }
        if let Some(how) = wishes.stop.filter(|how| told.stop != Some(*how))
            && !operation.stop(how)
        {
            break Err(Error::Cancelled);
        }
        told = wishes;
        match context.with_account(|account| operation.poll(account, Instant::now())) {
            Step::Send(transmit) => {
                let ticket = transmit.ticket;
                let reply = perform(context, scope, *transmit, ends, transport);
                let now = Instant::now();
                context.with_account(|account| operation.handle(account, ticket, reply, now));
            }
            Step::Digest(request) => {
                let reply = hash::digest(&request, &waiter.wish(ends), &context.buffers);
                let (ticket, now) = (request.ticket, Instant::now());
                context.with_account(|account| operation.handle(account, ticket, reply, now));
            }
            Step::Prefetch(request) => {
                let reply = hash::prefetch(&request, &waiter.wish(ends));
                let (ticket, now) = (request.ticket, Instant::now());
                context.with_account(|account| operation.handle(account, ticket, reply, now));
            }
            Step::Event(event) => {
                context.observer.on_event(&scope, &Event::Protocol(&event));
                ends.heed(&event);
                if let Err(error) = ends.note(&event) {
                    // What is not written down must not be begun.
                    unwritten = Some(Error::Local(LocalError::sink(error)));
                    ends.control.stop(unwritten_stop(&event));
                }
            }
            Step::Wait(wait) => pause(wait, operation.slots(), ends),
            Step::Done(result) => break result,
        }
    };
    context.with_account(|account| operation.abandon(account));
    match result {
        Err(Error::Cancelled) => Err(unwritten.unwrap_or(Error::Cancelled)),
        result => result,
    }
}

fn pause(wait: Wait, slots: &[Slot], ends: &Ends) {
    ends.meter.waits(wait.reason, slots);
    let left = wait.until.map(|until| until.saturating_duration_since(Instant::now()));
    // Also so that a caller who wants to stop is heard.
    std::thread::sleep(left.unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP));
    ends.meter.works();
}

fn perform(
    context: &Context,
    scope: Scope,
    transmit: Transmit,
    ends: &Ends,
    transport: &dyn BlockingTransport,
) -> Reply {
    let operation = transmit.operation;
    let plan = transmit.request.body().clone();
    context.observer.on_event(
        &scope,
        &Event::RequestSent {
            operation,
            method: transmit.request.method(),
            host: transmit.request.uri().authority().map_or("", |host| host.as_str()),
            body_bytes: plan.wire_len(),
        },
    );
    let mut reader = PlanReader::new(&plan, ends, transmit.limits);
    let mut request = http::Request::new(&mut reader as &mut dyn Read);
    request.method_mut().clone_from(transmit.request.method());
    request.uri_mut().clone_from(transmit.request.uri());
    request.headers_mut().clone_from(transmit.request.headers());
    request.extensions_mut().clone_from(transmit.request.extensions());
    let answer = transport.send(request, &transmit.limits);
    let sent = reader.digest();
    if let Some(error) = reader.failure.take() {
        return Reply::Local(LocalError::source(error));
    }
    match answer {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let status = head.status.as_u16();
            let event = Event::ResponseHead { operation, status, headers: &head.headers };
            context.observer.on_event(&scope, &event);
            receive(context, transmit, ends, Box::new(head), body, sent)
        }
        Err(error) => {
            let source = match reader.overdue {
                // The transport saw only that its reader failed.
                true => {
                    TransportError::new(TransportErrorKind::Timeout, error.sent).with_source(error)
                }
                false => error,
            };
            context.observer.on_event(&scope, &Event::RequestFailed { operation, error: &source });
            Reply::Failed { source, sent }
        }
    }
}

fn receive(
    context: &Context,
    transmit: Transmit,
    ends: &Ends,
    head: Box<Parts>,
    body: Box<dyn Read>,
    sent: Option<b2_proto::Sha1Digest>,
) -> Reply {
    match (transmit.accept(&head), &transmit.sink, &ends.sink) {
        (SinkVerdict::Deliver, SinkPlan::Deliver(plan), Some(_)) => {
            announce(&ends.meter, &head, plan);
            deliver((head, body), plan, ends, transmit.limits, context.buffers.take())
        }
        (verdict, ..) => {
            let limit = match verdict {
                SinkVerdict::Collect { limit } => limit,
                _ => 0,
            };
            match collect(body, limit, transmit.limits) {
                Ok(body) => Reply::Response { head, body, sent },
                Err(source) => Reply::Failed { source, sent },
            }
        }
    }
}

fn collect(mut body: Box<dyn Read>, limit: usize, limits: Limits) -> Result<Bytes, TransportError> {
    if limit == 0 {
        return Ok(Bytes::new());
    }
    let mut rate = Rate::lenient(limits);
    let (mut whole, mut buffer) = (Vec::new(), [0; 8 * 1024]);
    while whole.len() <= limit {
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                whole.extend_from_slice(&buffer[..read]);
                rate.count(read);
                rate.check().map_err(interrupted)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(interrupted(error)),
        }
    }
    if whole.len() > limit {
        let error = TransportError::new(TransportErrorKind::Protocol, Sent::Maybe);
        return Err(error.with_source("the answer is longer than allowed"));
    }
    Ok(whole.into())
}

fn deliver(
    (head, mut body): (Box<Parts>, Box<dyn Read>),
    plan: &Delivery,
    ends: &Ends,
    limits: Limits,
    mut buffer: Buffer,
) -> Reply {
    let Some(sink) = &ends.sink else {
        return Reply::Local(LocalError::sink(io::Error::other("there is no destination")));
    };
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    if plan.restart
        && let Err(error) = sink.clear()
    {
        return Reply::Local(LocalError::sink(error));
    }
    let mut position = plan.sink_offset;
    let mut rate = Rate::new(limits);
    loop {
        let delivered = position - plan.sink_offset;
        if ends.control.wishes().stop.is_some() {
            return Reply::Local(LocalError::sink(io::Error::other("stopped")));
        }
        match rate.check().and_then(|()| body.read(buffer.space())) {
            Ok(0) => {
                let digest = sink.digest_at(position);
                return Reply::Delivered { head, bytes: delivered, digest };
            }
            Ok(read) => {
                rate.count(read);
                let begin = Instant::now();
                if let Err(error) = sink.write(position, &buffer.space()[..read]) {
                    return Reply::Local(error);
                }
                rate.leave_out(begin);
                position += read as u64;
                progressed(&ends.meter, plan, read as u64, position);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let digest = sink.digest_at(position);
                return Reply::Broken { head, delivered, digest, source: interrupted(error) };
            }
        }
    }
}

fn interrupted(error: io::Error) -> TransportError {
    let kind = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TransportErrorKind::Timeout,
        _ => TransportErrorKind::Interrupted,
    };
    TransportError::new(kind, Sent::Maybe).with_source(error)
}

/// A plan as a reader that hashes what it gives.
struct PlanReader<'a> {
    content: Content<'a>,
    failure: Option<io::Error>,
    limits: Limits,
    /// Begins with the first read: connecting does not count.
    rate: Option<Rate>,
    /// Whether the transport was too slow to go on.
    overdue: bool,
    meter: &'a crate::progress::Meter,
    control: &'a Control,
    /// Bytes of file content that the transport has taken.
    sent: u64,
}

impl Drop for PlanReader<'_> {
    fn drop(&mut self) {
        self.meter.landed(self.sent);
    }
}

enum Content<'a> {
    Bytes(&'a [u8]),
    Source { source: &'a Arc<dyn ReadAt>, offset: u64, encoder: BodyEncoder },
    Trailer { trailer: Trailer, given: usize },
}

impl<'a> PlanReader<'a> {
    fn new(plan: &'a BodyPlan, ends: &'a Ends, limits: Limits) -> Self {
        let content = match (plan, &ends.source, BodyEncoder::for_plan(plan)) {
            (BodyPlan::Source { offset, .. }, Some(source), Some(encoder)) => {
                Content::Source { source, offset: *offset, encoder }
            }
            (BodyPlan::Bytes(bytes), ..) => Content::Bytes(bytes),
            _ => Content::Bytes(&[]),
        };
        let (meter, control) = (&*ends.meter, &*ends.control);
        let (failure, rate, overdue, sent) = (None, None, false, 0);
        Self { content, failure, limits, rate, overdue, meter, control, sent }
    }

    /// Digest of the source's bytes, if all of them and the trailer were
    /// given.
    fn digest(&self) -> Option<b2_proto::Sha1Digest> {
        match &self.content {
            Content::Trailer { trailer, given } if *given == trailer.as_bytes().len() => {
                Some(trailer.digest())
            }
            _ => None,
        }
    }

    /// Fails if the transport took too little of the source so far.
    fn check_rate(&mut self) -> io::Result<()> {
        let limits = self.limits;
        let rate = self.rate.get_or_insert_with(|| Rate::new(limits));
        rate.check().inspect_err(|_| self.overdue = true)
    }

    fn read_source(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Content::Source { source, offset, encoder } = &mut self.content else {
            return Ok(0);
        };
        let want = usize::try_from(encoder.remaining()).unwrap_or(usize::MAX).min(buffer.len());
        let begin = Instant::now();
        let read = crate::drive::body::fill(&***source, *offset, &mut buffer[..want])?;
        encoder.update(&buffer[..read]);
        if let Some(rate) = &mut self.rate {
            rate.count(read);
            rate.leave_out(begin);
        }
        *offset += read as u64;
        self.sent += read as u64;
        self.meter.sent(read as u64);
        if encoder.remaining() == 0 {
            source.check_unchanged()?;
        }
        Ok(read)
    }

    /// After the last byte of the source comes its digest.
    fn turn_to_trailer(&mut self) {
        if let Content::Source { encoder, .. } = &self.content
            && let Some(trailer) = encoder.clone().finish()
        {
            self.content = Content::Trailer { trailer, given: 0 };
        }
    }
}

impl Read for PlanReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.turn_to_trailer();
        match &mut self.content {
            Content::Bytes(bytes) => bytes.read(buffer),
            Content::Source { .. } => {
                self.check_rate()?;
                if self.control.wishes().stop.is_some() {
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "stopped"));
                }
                let read = self.read_source(buffer).inspect_err(|error| {
                    self.failure = Some(io::Error::new(error.kind(), error.to_string()));
                });
                self.turn_to_trailer();
                read
            }
            Content::Trailer { trailer, given } => {
                let read = (&trailer.as_bytes()[*given..]).read(buffer)?;
                *given += read;
                Ok(read)
            }
        }
    }
}

#[cfg(test)]
mod tests;
