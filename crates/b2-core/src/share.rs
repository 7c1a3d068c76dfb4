//! Tokens that open files for whoever has them, and where they open them.

use std::sync::Arc;

use b2_proto::{GetDownloadAuthorizationRequest, GetDownloadAuthorizationResponse};

use crate::account::{Account, Session};
use crate::call::Call;
use crate::endpoint::GetDownloadAuthorization;
use crate::error::Error;
use crate::op::{Operation, Reply, Step, Ticket};
use crate::session::Authorize;
use crate::time::Instant;

/// Asks for a download token and tells which session it came from: its
/// download URL is where the token is good.
#[derive(Debug)]
pub struct ShareFiles {
    state: State,
}

#[derive(Debug)]
enum State {
    Asking(Box<Call<GetDownloadAuthorization>>),
    Looking(Box<Authorize>, Option<Box<GetDownloadAuthorizationResponse>>),
}

impl ShareFiles {
    /// Asks with this request.
    #[must_use]
    pub fn new(request: GetDownloadAuthorizationRequest) -> Self {
        Self { state: State::Asking(Box::new(Call::new(request))) }
    }
}

impl Operation for ShareFiles {
    type Output = (GetDownloadAuthorizationResponse, Arc<Session>);

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Self::Output> {
        loop {
            match &mut self.state {
                State::Asking(call) => match call.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(Err(error)) => return Step::Done(Err(error)),
                    // The token of the account may have been replaced meanwhile.
                    Ok(Ok(answer)) => {
                        self.state = State::Looking(Box::default(), Some(Box::new(answer)));
                    }
                },
                State::Looking(authorize, answer) => {
                    return match authorize.poll(account, now).finished() {
                        Err(step) => step,
                        Ok(Err(error)) => Step::Done(Err(error)),
                        Ok(Ok(session)) => match answer.take() {
                            Some(answer) => Step::Done(Ok((*answer, session))),
                            None => Step::Done(Err(Error::Cancelled)),
                        },
                    };
                }
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Asking(call) => call.handle(account, ticket, reply, now),
            State::Looking(authorize, _) => authorize.handle(account, ticket, reply, now),
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Asking(call) => call.abandon(account),
            State::Looking(authorize, _) => authorize.abandon(account),
        }
    }
}
