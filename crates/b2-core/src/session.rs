//! Authorizing the account, for its own sake.

use std::sync::Arc;

use crate::account::{Account, Authorizer, Granted, Session};
use crate::op::{Operation, Reply, Step, Ticket};
use crate::time::Instant;

/// Gives the account's [`Session`], authorizing it first if it has to.
///
/// No other operation needs this: each authorizes by itself. It serves to
/// check an application key and to see what it may do.
#[derive(Debug, Default)]
pub struct Authorize {
    authorizer: Authorizer,
}

impl Authorize {
    /// A new operation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Operation for Authorize {
    type Output = Arc<Session>;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Arc<Session>> {
        match self.authorizer.poll(account, now) {
            Granted::Yes(session) => Step::Done(Ok(session)),
            Granted::NotYet(step) => step,
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        // A reply that is not the authorizer's own belongs to nobody.
        let _unknown = self.authorizer.handle(account, ticket, reply, now);
    }

    fn abandon(&mut self, account: &mut Account) {
        self.authorizer.abandon(account);
    }
}
