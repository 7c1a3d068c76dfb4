//! The blocking loop: one thread, one request at a time, no runtime.

use std::io::{self, Read};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use b2_core::body::{BodyEncoder, Trailer};
use b2_core::error::{Error, LocalError, Sent, TransportError, TransportErrorKind};
use b2_core::op::{Operation, Reply, Step, Transmit, Wait};
use b2_core::plan::{BodyPlan, Delivery, SinkPlan, SinkVerdict};
use b2_core::port::{BlockingTransport, ReadAt};
use bytes::Bytes;
use http::response::Parts;

use crate::buffer::BUFFER_SIZE;
use crate::drive::{Context, Ends, announce};
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
    let result = loop {
        match context.with_account(|account| operation.poll(account, Instant::now())) {
            Step::Send(transmit) => {
                let ticket = transmit.ticket;
                let reply = perform(context, scope, *transmit, ends, transport);
                let now = Instant::now();
                context.with_account(|account| operation.handle(account, ticket, reply, now));
            }
            Step::Event(event) => context.observer.on_event(&scope, &Event::Protocol(&event)),
            Step::Wait(wait) => pause(wait, ends),
            Step::Done(result) => break result,
        }
    };
    context.with_account(|account| operation.abandon(account));
    result
}

fn pause(wait: Wait, ends: &Ends) {
    ends.meter.waits(Some(wait));
    let left = wait.until.map(|until| until.saturating_duration_since(Instant::now()));
    let slice = if wait.on_account { LONGEST_SLEEP } else { left.unwrap_or(LONGEST_SLEEP) };
    std::thread::sleep(left.unwrap_or(LONGEST_SLEEP).min(slice));
    ends.meter.waits(None);
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
    let mut reader = PlanReader::new(&plan, ends);
    let mut request = http::Request::new(&mut reader as &mut dyn Read);
    request.method_mut().clone_from(transmit.request.method());
    request.uri_mut().clone_from(transmit.request.uri());
    request.headers_mut().clone_from(transmit.request.headers());
    let answer = transport.send(request, transmit.limits.deadline);
    let sent = reader.digest();
    if let Some(error) = reader.failure {
        return Reply::Local(LocalError::source(error));
    }
    match answer {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let status = head.status.as_u16();
            context.observer.on_event(&scope, &Event::ResponseHead { operation, status });
            receive(transmit, ends, Box::new(head), body, sent)
        }
        Err(source) => {
            context.observer.on_event(&scope, &Event::RequestFailed { operation, error: &source });
            Reply::Failed { source, sent }
        }
    }
}

fn receive(
    transmit: Transmit,
    ends: &Ends,
    head: Box<Parts>,
    body: Box<dyn Read>,
    sent: Option<b2_proto::Sha1Digest>,
) -> Reply {
    match (transmit.accept(&head), &transmit.sink, &ends.sink) {
        (SinkVerdict::Deliver, SinkPlan::Deliver(plan), Some(_)) => {
            announce(&ends.meter, &head, plan.sink_offset);
            deliver(head, body, plan, ends)
        }
        (verdict, ..) => {
            let limit = match verdict {
                SinkVerdict::Collect { limit } => limit,
                _ => 0,
            };
            match collect(body, limit) {
                Ok(body) => Reply::Response { head, body, sent },
                Err(source) => Reply::Failed { source, sent },
            }
        }
    }
}

fn collect(body: Box<dyn Read>, limit: usize) -> Result<Bytes, TransportError> {
    let mut whole = Vec::new();
    body.take(limit as u64 + 1).read_to_end(&mut whole).map_err(interrupted)?;
    if whole.len() > limit {
        let error = TransportError::new(TransportErrorKind::Protocol, Sent::Maybe);
        return Err(error.with_source("the answer is longer than allowed"));
    }
    Ok(whole.into())
}

fn deliver(head: Box<Parts>, mut body: Box<dyn Read>, plan: &Delivery, ends: &Ends) -> Reply {
    let Some(sink) = &ends.sink else {
        return Reply::Local(LocalError::sink(io::Error::other("there is no destination")));
    };
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = sink.begin(plan.sink_offset) {
        return Reply::Local(LocalError::sink(error));
    }
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let delivered = sink.verifier.position() - plan.sink_offset;
        match body.read(&mut buffer) {
            Ok(0) => {
                return Reply::Delivered { head, bytes: delivered, digest: sink.verifier.digest() };
            }
            Ok(read) => {
                if let Err(error) = sink.write(&buffer[..read]) {
                    return Reply::Local(error);
                }
                ends.meter.moved(read as u64, sink.verifier.position());
                ends.meter.acknowledged(sink.verifier.position());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Reply::Broken { head, delivered, source: interrupted(error) };
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
    meter: &'a crate::progress::Meter,
}

enum Content<'a> {
    Bytes(&'a [u8]),
    Source { source: &'a Arc<dyn ReadAt>, offset: u64, encoder: BodyEncoder },
    Trailer { trailer: Trailer, given: usize },
}

impl<'a> PlanReader<'a> {
    fn new(plan: &'a BodyPlan, ends: &'a Ends) -> Self {
        let content = match (plan, &ends.source, BodyEncoder::for_plan(plan)) {
            (BodyPlan::Source { offset, .. }, Some(source), Some(encoder)) => {
                Content::Source { source, offset: *offset, encoder }
            }
            (BodyPlan::Bytes(bytes), ..) => Content::Bytes(bytes),
            _ => Content::Bytes(&[]),
        };
        Self { content, failure: None, meter: &ends.meter }
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

    fn read_source(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Content::Source { source, offset, encoder } = &mut self.content else {
            return Ok(0);
        };
        let want = usize::try_from(encoder.remaining()).unwrap_or(usize::MAX).min(buffer.len());
        let read = crate::drive::body::fill(&***source, *offset, &mut buffer[..want])?;
        encoder.update(&buffer[..read]);
        *offset += read as u64;
        self.meter.moved(read as u64, *offset);
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
