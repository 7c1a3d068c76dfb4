//! The machine of every call that is one request and one JSON answer.
//!
//! ```text
//! Ready --no token--> (authorizer) --token--> InFlight --200--> Done
//!   ^                                            |
//!   +---- due again <-- Retrying <---------------+  429, 5xx, 408, silence, stale token
//!                                                +--> Done(error)  anything else
//! ```

use crate::account::{Account, Authorizer, Granted, Session};
use crate::answer::{self, Answer};
use crate::endpoint::{Endpoint, Repeat};
use crate::error::{Error, Remedy};
use crate::event::Event;
use crate::op::{Operation, Reply, Step, Ticket, Transmit, Wait};
use crate::plan::SinkPlan;
use crate::request::{RequestBuilder, to_json};
use crate::retry::{Attempts, Surface, Verdict};
use crate::time::Instant;
use b2_proto::{AuthToken, Capability, ErrorCode};

/// A page of 10,000 files with ten long infos each stays below this.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// One call of the Native API, with authorization and retries.
///
/// ```
/// use b2_core::Call;
/// use b2_core::endpoint::ListBuckets;
/// use b2_proto::{AccountId, ListBucketsRequest};
///
/// // The account id is filled in once the account is authorized.
/// let request = ListBucketsRequest::new(AccountId::from(""));
/// let call = Call::<ListBuckets>::new(request);
/// # let _ = call;
/// ```
#[derive(Debug)]
pub struct Call<E: Endpoint> {
    request: E::Request,
    authorizer: Authorizer,
    attempts: Attempts,
    state: State<E::Response>,
    /// An earlier attempt may have taken effect although its answer is lost.
    ambiguous: bool,
}

#[derive(Debug)]
enum State<T> {
    Ready,
    InFlight { ticket: Ticket, token: AuthToken, session: std::sync::Arc<Session> },
    Retrying(Event),
    Done(Result<Box<T>, Error>),
    Over,
}

impl<E: Endpoint> Call<E> {
    /// A call with this request.
    #[must_use]
    pub fn new(request: E::Request) -> Self {
        Self {
            request,
            authorizer: Authorizer::default(),
            attempts: Attempts::default(),
            state: State::Ready,
            ambiguous: false,
        }
    }

    /// Whether B2 has heard nothing of it, or has surely refused, and nothing
    /// is under way.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Ready | State::Retrying(_)) && !self.ambiguous
    }

    /// Whether a reply with this ticket is for this call.
    pub(crate) fn awaits(&self, ticket: Ticket) -> bool {
        let own = matches!(&self.state, State::InFlight { ticket: own, .. } if *own == ticket);
        own || self.authorizer.awaits(ticket)
    }

    fn send(&mut self, account: &mut Account, now: Instant) -> Step<E::Response> {
        if let Err(source) = E::check(&self.request) {
            return Step::Done(Err(Error::Request {
                operation: E::NAME,
                source: Box::new(source),
            }));
        }
        if let Some(wait) = self.attempts.held_back(account, E::NAME, now) {
            return Step::Wait(wait);
        }
        let session = match self.authorizer.poll(account, now) {
            Granted::Yes(session) => session,
            Granted::NotYet(step) => return step,
        };
        match self.transmit(account, &session, now) {
            Ok(transmit) => {
                let token = session.token.clone();
                self.state = State::InFlight { ticket: transmit.ticket, token, session };
                Step::Send(Box::new(transmit))
            }
            Err(error) => Step::Done(Err(error)),
        }
    }

    fn transmit(
        &mut self,
        account: &mut Account,
        session: &Session,
        now: Instant,
    ) -> Result<Transmit, Error> {
        E::complete(&mut self.request, session);
        let uri = format!("{}/b2api/v4/{}", session.api_url, E::NAME);
        let request = RequestBuilder::new(E::NAME, http::Method::POST, &uri, account.config())?
            .authorization(session.token.expose())?
            .json(to_json(E::NAME, &self.request)?);
        Ok(Transmit {
            ticket: account.next_ticket(),
            operation: E::NAME,
            request,
            sink: SinkPlan::Collect { limit: ANSWER_LIMIT },
            limits: account.limits(E::PATIENCE, 0, now),
        })
    }

    fn failed(
        &mut self,
        account: &mut Account,
        session: &Session,
        token: &AuthToken,
        (error, remedy): (Error, Remedy),
        now: Instant,
    ) -> State<E::Response> {
        if let Some(done) = self.settled(&error) {
            return State::Done(Ok(Box::new(done)));
        }
        match remedy {
            Remedy::Reauthorize => account.expire(token),
            Remedy::Reconcile => {
                return State::Done(Err(Error::unconfirmed(E::NAME, error)));
            }
            _ => {}
        }
        self.ambiguous |= matches!(error, Error::Transport { .. } | Error::Protocol { .. });
        let error = explain(error, E::needs(&self.request), session);
        match self.attempts.failed(account, E::NAME, remedy, error, now) {
            Verdict::Again(event) => State::Retrying(event),
            Verdict::GiveUp(error) => State::Done(Err(error)),
        }
    }

    /// After a lost answer, an error may show that the call took effect.
    fn settled(&self, error: &Error) -> Option<E::Response> {
        let code = error.code().filter(|_| self.ambiguous)?;
        E::already_done(&self.request, code)
    }
}

/// Adds to a refusal which of the capabilities that the call needs the
/// application key lacks, as B2 does not say.
pub(crate) fn explain(mut error: Error, needs: Vec<Capability>, session: &Session) -> Error {
    if let Error::Api { source, .. } = &mut error
        && (source.status == http::StatusCode::UNAUTHORIZED.as_u16()
            // What concerns locks is refused like this.
            || source.code == ErrorCode::AccessDenied)
    {
        let missing = |capability: &Capability| !session.can(capability);
        source.lacking = needs.into_iter().find(missing);
        source.restriction = session.restriction();
    }
    error
}

fn surface(repeat: Repeat) -> Surface {
    match repeat {
        Repeat::Safe => Surface::Safe,
        Repeat::Once => Surface::Once,
    }
}

impl<E: Endpoint> Operation for Call<E> {
    type Output = E::Response;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<E::Response> {
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Ready => self.send(account, now),
            State::Retrying(event) => Step::Event(event),
            State::Done(result) => {
                self.state = State::Over;
                Step::Done(result.map(|answer| *answer))
            }
            waiting @ (State::InFlight { .. } | State::Over) => {
                self.state = waiting;
                Step::Wait(Wait::for_reply(E::NAME))
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        let Some(reply) = self.authorizer.handle(account, ticket, reply, now) else {
            return;
        };
        match std::mem::replace(&mut self.state, State::Over) {
            State::InFlight { ticket: own, token, session } if own == ticket => {
                let secrets = [token.expose()];
                self.state = match answer::read(E::NAME, surface(E::REPEAT), &secrets, reply) {
                    Answer::Good { value, head, .. } => {
                        account.note_date(&head, now);
                        State::Done(Ok(Box::new(value)))
                    }
                    Answer::Bad { error, remedy, .. } => {
                        self.failed(account, &session, &token, (error, remedy), now)
                    }
                };
            }
            other => self.state = other,
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        self.authorizer.abandon(account);
    }
}
