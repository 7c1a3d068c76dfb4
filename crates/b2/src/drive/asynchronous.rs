//! The asynchronous loop. It names no runtime: transport, timer and spawner
//! come through the ports of `b2-core`.

use std::future::{Future, poll_fn, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use b2_core::error::{Error, LocalError, Sent, TransportError, TransportErrorKind};
use b2_core::op::{DigestRequest, Operation, Prefetch, Reply, Step, Ticket, Transmit, Wait};
use b2_core::plan::{SinkPlan, SinkVerdict};
use b2_core::port::{BoxFuture, DynTransport, ResponseBody};
use http::response::Parts;

use crate::control::Wishes;
use crate::drive::body::Sending;
use crate::drive::hash::Waiter;
use crate::drive::{Context, Ends, announce, body, delivery, hash, patience, unwritten_stop};
use crate::journal;
use crate::observer::{Event, Scope};
use crate::progress::Meter;

/// Requests under way, each answered by its ticket.
type Flights = Vec<BoxFuture<'static, (Ticket, Reply)>>;

/// Drives an operation to its end.
///
/// Dropping the future stops it: requests under way are cut, leases go back.
pub(crate) async fn drive<O: Operation>(
    context: Arc<Context>,
    scope: Scope,
    operation: O,
    ends: Ends,
) -> Result<O::Output, Error> {
    let meter = Arc::clone(&ends.meter);
    let told = Wishes::default();
    let mut running = Running { context: Arc::clone(&context), operation, meter, told };
    let mut flights = Flights::new();
    let mut unwritten = None;
    loop {
        // Listen before polling: a change in between must not be missed.
        let moved = context.moved.listen();
        let changed = ends.control.changed.listen();
        if !running.obey(ends.control.wishes()) {
            return Err(unwritten.unwrap_or(Error::Cancelled));
        }
        let wait = match running.advance(scope, &ends, &mut flights) {
            Progressed::Ended(Err(Error::Cancelled)) => {
                return Err(unwritten.unwrap_or(Error::Cancelled));
            }
            Progressed::Ended(result) => return result,
            Progressed::Notes(event) => {
                let how = unwritten_stop(&event);
                if let Err(error) = note(&ends, event).await {
                    // What is not written down must not be begun.
                    unwritten = Some(Error::Local(LocalError::sink(error)));
                    ends.control.stop(how);
                }
                continue;
            }
            Progressed::Waits(wait) => wait,
        };
        ends.meter.waits(wait.reason, running.operation.slots());
        let news = next(&context, &mut flights, wait, moved, changed).await;
        ends.meter.works();
        if let Some((ticket, reply)) = news {
            let now = context.timer.now();
            context.with_account(|account| {
                running.operation.handle(account, ticket, reply, now);
            });
        }
    }
}

/// Writes an event to the journal.
async fn note(ends: &Ends, event: b2_core::Event) -> io::Result<()> {
    if ends.journal.as_ref().is_none_or(|journal| !journal.on_disk()) {
        return ends.note(&event);
    }
    let ends = ends.clone();
    blocking::unblock(move || ends.note(&event)).await
}

/// An operation that gives its leases back however it ends, and waits for
/// nothing then.
struct Running<O: Operation> {
    context: Arc<Context>,
    operation: O,
    meter: Arc<Meter>,
    /// What the operation has been told of the caller's wishes.
    told: Wishes,
}

impl<O: Operation> Drop for Running<O> {
    fn drop(&mut self) {
        let operation = &mut self.operation;
        self.context.with_account(|account| operation.abandon(account));
        self.meter.works();
    }
}

enum Progressed<T> {
    Waits(Wait),
    /// To be written down before anything else is done.
    Notes(b2_core::Event),
    Ended(Result<T, Error>),
}

impl<O: Operation> Running<O> {
    /// Tells the operation what the caller wants; `false`: it has nothing to
    /// tidy up and may be dropped at once.
    fn obey(&mut self, wishes: Wishes) -> bool {
        let told = std::mem::replace(&mut self.told, wishes);
        if told.paused != wishes.paused {
            self.operation.pause(wishes.paused);
        }
        match wishes.stop {
            Some(how) if told.stop != Some(how) => self.operation.stop(how),
            _ => true,
        }
    }

    /// Polls until there is nothing left to do but wait.
    fn advance(
        &mut self,
        scope: Scope,
        ends: &Ends,
        flights: &mut Flights,
    ) -> Progressed<O::Output> {
        loop {
            let now = self.context.timer.now();
            let operation = &mut self.operation;
            match self.context.with_account(|account| operation.poll(account, now)) {
                Step::Send(transmit) => match &self.context.transport {
                    Some(transport) => {
                        let transport = Arc::clone(transport);
                        flights.push(self.perform(scope, transport, *transmit, ends));
                    }
                    None => return Progressed::Ended(Err(no_transport(transmit.operation))),
                },
                Step::Digest(request) => flights.push(self.hash(request, ends)),
                Step::Prefetch(request) => flights.push(prefetch(request, ends)),
                Step::Event(event) => {
                    self.context.observer.on_event(&scope, &Event::Protocol(&event));
                    ends.heed(&event);
                    if ends.journal.is_some() && journal::concerns(&event) {
                        return Progressed::Notes(event);
                    }
                }
                Step::Wait(wait) => return Progressed::Waits(wait),
                Step::Done(result) => return Progressed::Ended(result),
            }
        }
    }

    fn hash(&self, request: DigestRequest, ends: &Ends) -> BoxFuture<'static, (Ticket, Reply)> {
        if let Some(reply) = hash::known(&request, ends) {
            return Box::pin(ready((request.ticket, reply)));
        }
        let (waiter, buffers) = (Waiter::default(), self.context.buffers.clone());
        let wish = waiter.wish(ends);
        let hashing = blocking::unblock(move || hash::digest(&request, &wish, &buffers));
        Box::pin(async move {
            let reply = hashing.await;
            drop(waiter);
            (request.ticket, reply)
        })
    }

    fn perform(
        &self,
        scope: Scope,
        transport: Arc<dyn DynTransport>,
        transmit: Transmit,
        ends: &Ends,
    ) -> BoxFuture<'static, (Ticket, Reply)> {
        let context = Arc::clone(&self.context);
        let ends = ends.clone();
        Box::pin(async move {
            let ticket = transmit.ticket;
            (ticket, perform(&context, &*transport, scope, transmit, ends).await)
        })
    }
}

fn prefetch(request: Prefetch, ends: &Ends) -> BoxFuture<'static, (Ticket, Reply)> {
    let waiter = Waiter::default();
    let wish = waiter.wish(ends);
    let reading = blocking::unblock(move || hash::prefetch(&request, &wish));
    Box::pin(async move {
        let reply = reading.await;
        drop(waiter);
        (request.ticket, reply)
    })
}

/// Waits for a reply, for the time of the wait, for the account, or for the
/// caller to change his mind.
async fn next(
    context: &Context,
    flights: &mut Flights,
    wait: Wait,
    moved: event_listener::EventListener,
    changed: event_listener::EventListener,
) -> Option<(Ticket, Reply)> {
    let reply = poll_fn(|cx| {
        for index in 0..flights.len() {
            if let Poll::Ready(reply) = flights[index].as_mut().poll(cx) {
                drop(flights.swap_remove(index));
                return Poll::Ready(Some(reply));
            }
        }
        Poll::Pending
    });
    let time: Pin<Box<dyn Future<Output = ()> + Send>> = match wait.until {
        Some(until) => context.timer.sleep_until(until),
        None => Box::pin(std::future::pending()),
    };
    let account = async {
        if wait.on_account {
            moved.await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    futures_lite::future::or(reply, async {
        let world = futures_lite::future::or(time, account);
        futures_lite::future::or(world, changed).await;
        None
    })
    .await
}

/// No other attempt would fare better, so the machine is not asked what helps.
fn no_transport(operation: &'static str) -> Error {
    let error = TransportError::new(TransportErrorKind::Other, Sent::Nothing)
        .with_source("this client has no asynchronous transport");
    Error::Transport { operation, source: Box::new(error) }
}

async fn perform(
    context: &Context,
    transport: &dyn DynTransport,
    scope: Scope,
    transmit: Transmit,
    ends: Ends,
) -> Reply {
    let (request, sending) = open(context, scope, &transmit, &ends);
    let sent = transport.send_dyn(request, transmit.limits.deadline);
    let timer = &*context.timer;
    match patience::head(timer, &transmit.limits, &sending, sent).await {
        Err(error) => failed(context, scope, transmit.operation, error, &sending),
        Ok(response) => {
            let (head, body) = response.into_parts();
            let status = head.status.as_u16();
            let operation = transmit.operation;
            let event = Event::ResponseHead { operation, status, headers: &head.headers };
            context.observer.on_event(&scope, &event);
            receive(context, transmit, ends, (Box::new(head), body), &sending).await
        }
    }
}

fn open(
    context: &Context,
    scope: Scope,
    transmit: &Transmit,
    ends: &Ends,
) -> (http::Request<b2_core::port::RequestBody>, Arc<Sending>) {
    let plan = transmit.request.body();
    let (body, sending) = body::open(plan, ends, &context.buffers);
    let event = Event::RequestSent {
        operation: transmit.operation,
        method: transmit.request.method(),
        host: transmit.request.uri().authority().map_or("", |host| host.as_str()),
        body_bytes: plan.wire_len(),
    };
    context.observer.on_event(&scope, &event);
    let mut request = http::Request::new(body);
    request.method_mut().clone_from(transmit.request.method());
    request.uri_mut().clone_from(transmit.request.uri());
    request.headers_mut().clone_from(transmit.request.headers());
    request.extensions_mut().clone_from(transmit.request.extensions());
    (request, sending)
}

fn failed(
    context: &Context,
    scope: Scope,
    operation: &'static str,
    source: TransportError,
    sending: &Sending,
) -> Reply {
    if let Some(error) = sending.failure() {
        return Reply::Local(error);
    }
    context.observer.on_event(&scope, &Event::RequestFailed { operation, error: &source });
    Reply::Failed { source, sent: sending.digest() }
}

async fn receive(
    context: &Context,
    transmit: Transmit,
    ends: Ends,
    (head, mut body): (Box<Parts>, ResponseBody),
    sending: &Sending,
) -> Reply {
    let verdict = transmit.accept(&head);
    let limits = transmit.limits;
    match (verdict, transmit.sink, ends.sink) {
        (SinkVerdict::Deliver, SinkPlan::Deliver(plan), Some(sink)) => {
            announce(&ends.meter, &head, &plan);
            let answer = (head, body);
            let (timer, buffers) = (&*context.timer, &context.buffers);
            delivery::deliver(timer, limits, answer, plan, sink, ends.meter, buffers).await
        }
        (verdict, ..) => {
            let limit = match verdict {
                SinkVerdict::Collect { limit } => limit,
                _ => 0,
            };
            match delivery::collect(&*context.timer, limits, &mut body, limit).await {
                Ok(body) => Reply::Response { head, body, sent: sending.digest() },
                Err(source) => Reply::Failed { source, sent: sending.digest() },
            }
        }
    }
}
