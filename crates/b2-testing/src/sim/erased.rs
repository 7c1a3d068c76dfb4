//! Operations of different kinds behind one interface.

use b2_core::account::Account;
use b2_core::error::Error;
use b2_core::op::{Operation, Reply, Slot, Step, Stop, Ticket};
use b2_core::time::Instant;

/// An [`Operation`] whose output became an `Outcome`.
pub(crate) trait Erased<T> {
    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<T>;
    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant);
    fn abandon(&mut self, account: &mut Account);
    fn stop(&mut self, how: Stop) -> bool;
    fn pause(&mut self, paused: bool) -> bool;
    fn slots(&self) -> &[Slot];
}

struct Mapped<O, F> {
    operation: O,
    map: F,
}

/// Erases the kind of an operation, turning its output into a `T`.
pub(crate) fn erase<O, T>(operation: O, map: fn(O::Output) -> T) -> Box<dyn Erased<T>>
where
    O: Operation + 'static,
    T: 'static,
{
    Box::new(Mapped { operation, map })
}

impl<O, T> Erased<T> for Mapped<O, fn(O::Output) -> T>
where
    O: Operation,
{
    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<T> {
        match self.operation.poll(account, now) {
            Step::Send(transmit) => Step::Send(transmit),
            Step::Digest(request) => Step::Digest(request),
            Step::Prefetch(request) => Step::Prefetch(request),
            Step::Event(event) => Step::Event(event),
            Step::Wait(wait) => Step::Wait(wait),
            Step::Done(Ok(output)) => Step::Done(Ok((self.map)(output))),
            Step::Done(Err(error)) => Step::Done(Err::<T, Error>(error)),
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        self.operation.handle(account, ticket, reply, now);
    }

    fn abandon(&mut self, account: &mut Account) {
        self.operation.abandon(account);
    }

    fn stop(&mut self, how: Stop) -> bool {
        self.operation.stop(how)
    }

    fn pause(&mut self, paused: bool) -> bool {
        self.operation.pause(paused)
    }

    fn slots(&self) -> &[Slot] {
        self.operation.slots()
    }
}
