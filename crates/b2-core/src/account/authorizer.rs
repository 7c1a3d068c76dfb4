//! How an operation gets a token: from the account, by its own refresh, or by
//! waiting for somebody else's.

use std::sync::Arc;

use b2_proto::AuthorizeAccountResponse;

use crate::account::auth::{Access, LeaseId, Session};
use crate::account::{Account, Credentials};
use crate::answer::{self, Answer};
use crate::error::{Error, Remedy};
use crate::event::Event;
use crate::op::{Reply, Step, Ticket, Transmit, Wait, WaitReason};
use crate::plan::{BodyPlan, SinkPlan};
use crate::request::RequestBuilder;
use crate::retry::{Attempts, Surface, Verdict};
use crate::time::{self, Instant};

/// The name of the call.
pub(crate) const AUTHORIZE: &str = "b2_authorize_account";

/// Authorize answers are about a kilobyte; a key with many buckets needs more.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// The part of an operation that obtains a [`Session`].
#[derive(Debug, Default)]
pub(crate) struct Authorizer {
    state: State,
    lease: Option<LeaseId>,
    attempts: Attempts,
    /// The account's epoch when this operation first waited.
    waited_since: Option<u64>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    InFlight(Ticket),
    Note(Event),
    Failed(Error),
}

/// What [`Authorizer::poll`] answers.
#[derive(Debug)]
pub(crate) enum Granted<T> {
    /// Here is the session.
    Yes(Arc<Session>),
    /// Pass this step on.
    NotYet(Step<T>),
}

impl Authorizer {
    pub(crate) fn poll<T>(&mut self, account: &mut Account, now: Instant) -> Granted<T> {
        match std::mem::take(&mut self.state) {
            State::InFlight(ticket) => {
                self.state = State::InFlight(ticket);
                Granted::NotYet(Step::Wait(Wait::for_reply(AUTHORIZE)))
            }
            State::Note(event) => Granted::NotYet(Step::Event(event)),
            State::Failed(error) => Granted::NotYet(Step::Done(Err(error))),
            State::Idle => self.seek(account, now),
        }
    }

    fn seek<T>(&mut self, account: &mut Account, now: Instant) -> Granted<T> {
        if let Some(refusal) = self.waited_since.and_then(|epoch| account.auth.refusal_since(epoch))
        {
            return Granted::NotYet(Step::Done(Err(refusal.clone())));
        }
        if let Some(lease) = self.lease {
            // Whoever took over a lapsed lease may have been quicker.
            let Some(session) = account.auth.fresh(now) else {
                return Granted::NotYet(self.refresh(account, lease, now));
            };
            self.abandon(account);
            self.attempts = Attempts::default();
            return Granted::Yes(session);
        }
        match account.auth.access(account.config.timeouts().lease(), now) {
            Access::Granted(session) => {
                self.waited_since = None;
                Granted::Yes(session)
            }
            Access::Wait(lapses) => {
                self.waited_since = self.waited_since.or_else(|| Some(account.auth.epoch()));
                Granted::NotYet(Step::Wait(Wait::for_lease(lapses)))
            }
            Access::Refresh(lease) => {
                self.lease = Some(lease);
                Granted::NotYet(self.refresh(account, lease, now))
            }
        }
    }

    fn refresh<T>(&mut self, account: &mut Account, lease: LeaseId, now: Instant) -> Step<T> {
        if let Some(due) = time::ahead(self.attempts.not_before(), now) {
            account.auth.prolong(lease, time::after(due, account.config.timeouts().lease()));
            return Step::Wait(Wait::for_time(due, WaitReason::Backoff(AUTHORIZE)));
        }
        account.auth.prolong(lease, time::after(now, account.config.timeouts().lease()));
        let ticket = account.next_ticket();
        match request(account, ticket, now) {
            Ok(transmit) => {
                self.state = State::InFlight(ticket);
                Step::Send(Box::new(transmit))
            }
            Err(error) => {
                self.abandon(account);
                Step::Done(Err(error))
            }
        }
    }

    /// Whether a reply with this ticket is for this part.
    pub(crate) fn awaits(&self, ticket: Ticket) -> bool {
        matches!(self.state, State::InFlight(own) if own == ticket)
    }

    /// Takes a reply if it is this part's own; gives it back otherwise.
    pub(crate) fn handle(
        &mut self,
        account: &mut Account,
        ticket: Ticket,
        reply: Reply,
        now: Instant,
    ) -> Option<Reply> {
        if !self.awaits(ticket) {
            return Some(reply);
        }
        let basic = basic(&account.credentials);
        let secrets = [basic.trim_start_matches("Basic "), account.credentials.key.expose()];
        let answer = answer::read::<AuthorizeAccountResponse>(
            AUTHORIZE,
            Surface::Authorize,
            &secrets,
            reply,
        );
        self.state = match answer {
            Answer::Good { value, head, .. } => {
                account.note_date(&head, now);
                self.lease = None;
                self.attempts = Attempts::default();
                account.auth.granted(session(value), now);
                State::Note(Event::TokenRefreshed)
            }
            Answer::Bad { error, remedy, .. } => self.failed(account, remedy, error, now),
        };
        None
    }

    fn failed(
        &mut self,
        account: &mut Account,
        remedy: Remedy,
        error: Error,
        now: Instant,
    ) -> State {
        match self.attempts.failed(account, AUTHORIZE, remedy, error, now) {
            Verdict::Again(event) => {
                if let Some(lease) = self.lease {
                    let due = self.attempts.not_before().unwrap_or(now);
                    account
                        .auth
                        .prolong(lease, time::after(due, account.config.timeouts().lease()));
                }
                State::Note(event)
            }
            Verdict::GiveUp(error) => {
                account.auth.refused(error.clone());
                self.lease = None;
                State::Failed(error)
            }
        }
    }

    /// Gives the lease back, if this part holds it.
    pub(crate) fn abandon(&mut self, account: &mut Account) {
        if let Some(lease) = self.lease.take() {
            account.auth.release(lease);
        }
    }
}

fn request(account: &mut Account, ticket: Ticket, now: Instant) -> Result<Transmit, Error> {
    let uri = format!("{}/b2api/v4/{AUTHORIZE}", account.config.realm());
    let request = RequestBuilder::new(AUTHORIZE, http::Method::GET, &uri, account.config())?
        .authorization(&basic(&account.credentials))?
        .for_document()
        .body(BodyPlan::Empty);
    Ok(Transmit {
        ticket,
        operation: AUTHORIZE,
        request,
        sink: SinkPlan::Collect { limit: ANSWER_LIMIT },
        limits: account.limits(None, 0, now),
    })
}

fn basic(credentials: &Credentials) -> String {
    use base64::Engine as _;
    let pair = format!("{}:{}", credentials.key_id, credentials.key.expose());
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

fn session(answer: AuthorizeAccountResponse) -> Session {
    let storage = answer.api_info.storage_api;
    Session {
        account_id: answer.account_id,
        api_url: storage.api_url.trim_end_matches('/').into(),
        download_url: storage.download_url.trim_end_matches('/').into(),
        recommended_part_size: storage.recommended_part_size,
        absolute_minimum_part_size: storage.absolute_minimum_part_size,
        capabilities: storage.allowed.capabilities,
        buckets: storage.allowed.buckets,
        name_prefix: storage.allowed.name_prefix.map(Into::into),
        application_key_expiration_timestamp: answer.application_key_expiration_timestamp,
        token: answer.authorization_token,
    }
}
