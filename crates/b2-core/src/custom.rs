//! A request that no typed call covers.
//!
//! ```text
//! Ready --token--> InFlight --2xx--> Done(head and body)
//!   ^                 |
//!   +-- due again <---+  429, 5xx, 408, stale token; silence, if it may be repeated
//!                     +--> Done(error)  anything else
//! ```

use std::sync::Arc;

use b2_proto::{OperationInfo, encoding, header};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};

use crate::account::{Account, Authorizer, Granted, Session};
use crate::answer;
use crate::call::explain;
use crate::endpoint::{Repeat, needs};
use crate::error::{Error, Remedy, RequestError};
use crate::event::Event;
use crate::op::{Operation, Reply, Step, Ticket, Transmit, Wait};
use crate::plan::{BodyPlan, SinkPlan};
use crate::request::RequestBuilder;
use crate::retry::{Attempts, Failure, Surface, Verdict, classify};
use crate::time::Instant;

/// What an operation that this crate does not know is called in errors.
const UNNAMED: &str = "a custom request";

/// Longest answer that is collected unless told otherwise, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// Headers that say how the request is carried: the transport's own.
const CARRIAGE: &[&str] =
    &["connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"];

/// Any request to the API host, with the account's token.
///
/// ```
/// use b2_core::custom::CustomRequest;
///
/// let request = CustomRequest::post("b2_list_buckets", r#"{"accountId":"c5d20e7718af"}"#);
/// let newest = CustomRequest::get("/b2api/v4/b2_get_file_info").with_query("fileId", "4_z1");
/// # let _ = (request, newest);
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct CustomRequest {
    method: Method,
    operation: Box<str>,
    query: Vec<(Box<str>, Box<str>)>,
    headers: Vec<(Box<str>, Box<str>)>,
    body: Bytes,
    repeat: Repeat,
    answer_limit: usize,
}

/// Without body and values of headers: they may be secrets.
impl std::fmt::Debug for CustomRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomRequest")
            .field("method", &self.method)
            .field("operation", &self.operation)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The answer to a [`CustomRequest`].
///
/// Its `Debug` prints no body: it may hold a token.
#[derive(Clone)]
#[non_exhaustive]
pub struct CustomAnswer {
    /// The status, one of success.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

impl std::fmt::Debug for CustomAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomAnswer")
            .field("status", &self.status)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl CustomRequest {
    /// A request with this method. `operation` is B2's name of a call, such as
    /// `b2_list_buckets`, or a path on the API host that begins with `/`.
    #[must_use]
    pub fn new(method: Method, operation: &str) -> Self {
        let repeat = if method.is_safe() { Repeat::Safe } else { Repeat::Once };
        Self {
            method,
            operation: operation.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Bytes::new(),
            repeat,
            answer_limit: ANSWER_LIMIT,
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(operation: &str) -> Self {
        Self::new(Method::GET, operation)
    }

    /// A HEAD, which has no body to give.
    #[must_use]
    pub fn head(operation: &str) -> Self {
        Self::new(Method::HEAD, operation)
    }

    /// A POST of this body; its type is `application/json` unless a header
    /// says otherwise.
    #[must_use]
    pub fn post(operation: &str, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, operation).with_body(body)
    }

    /// Adds a parameter to the query; it is percent-encoded here.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header, in place of one of that name. `Authorization` replaces
    /// the token of the account.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Whether it may be made again when its answer is lost; default: only GET
    /// and HEAD may.
    #[must_use]
    pub fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Longest answer to collect, in bytes; default 64 MiB. A longer one is an
    /// error.
    #[must_use]
    pub fn with_answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// What it is called in errors and events.
    fn name(&self) -> &'static str {
        let last = self.operation.rsplit('/').next().unwrap_or_default();
        OperationInfo::named(last).map_or(UNNAMED, |info| info.name)
    }

    fn surface(&self) -> Surface {
        match self.repeat {
            Repeat::Safe => Surface::Safe,
            Repeat::Once => Surface::Once,
        }
    }

    fn own_token(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    }

    fn check(&self) -> Result<(), RequestError> {
        let path = self.operation.strip_prefix('/').unwrap_or(&self.operation);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.~/%".contains(&byte);
        if path.is_empty() || path.starts_with('/') || !path.bytes().all(plain) {
            return Err(RequestError::Contradiction(
                "the operation is neither the name of a call nor a path; a query goes beside it",
            ));
        }
        let carriage = |name: &str| CARRIAGE.iter().any(|own| name.eq_ignore_ascii_case(own));
        match self.headers.iter().find(|(name, _)| carriage(name)) {
            Some((name, _)) => Err(RequestError::Header { name: name.clone() }),
            None => Ok(()),
        }
    }

    fn url(&self, session: &Session) -> String {
        let mut url = if self.operation.starts_with('/') {
            format!("{}{}", session.api_url, self.operation)
        } else {
            format!("{}/b2api/v4/{}", session.api_url, self.operation)
        };
        for (at, (name, value)) in self.query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(&format!("{}={}", encoding::encode(name), encoding::encode(value)));
        }
        url
    }

    /// What no error may repeat.
    fn secrets<'a>(&'a self, session: &'a Session) -> Vec<&'a str> {
        let values = self.headers.iter().filter(|(name, _)| is_secret(name));
        values.map(|(_, value)| &**value).chain([session.token.expose()]).collect()
    }

    fn add_headers(&self, headers: &mut HeaderMap) -> Result<(), RequestError> {
        for (name, value) in &self.headers {
            let bad = || RequestError::Header { name: name.clone() };
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
            value.set_sensitive(is_secret(name));
            headers.insert(header, value);
        }
        if !self.body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(())
    }
}

/// Whether the value of this header must not be printed.
fn is_secret(name: &str) -> bool {
    [AUTHORIZATION.as_str(), header::CUSTOMER_KEY]
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Makes a [`CustomRequest`], with authorization and retries.
#[derive(Debug)]
pub struct CustomCall {
    request: CustomRequest,
    authorizer: Authorizer,
    attempts: Attempts,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready,
    InFlight { ticket: Ticket, session: Arc<Session> },
    Retrying(Event),
    Done(Result<Box<CustomAnswer>, Error>),
    Over,
}

impl CustomCall {
    /// A call with this request.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the operation is no name and no path, or a header
    /// is one that says how the request is carried (`Host`, `Content-Length`).
    pub fn new(request: CustomRequest) -> Result<Self, Error> {
        request
            .check()
            .map_err(|why| Error::Request { operation: request.name(), source: Box::new(why) })?;
        Ok(Self {
            request,
            authorizer: Authorizer::default(),
            attempts: Attempts::default(),
            state: State::Ready,
        })
    }

    fn send(&mut self, account: &mut Account, now: Instant) -> Step<CustomAnswer> {
        if let Some(wait) = self.attempts.held_back(account, self.request.name(), now) {
            return Step::Wait(wait);
        }
        let session = match self.authorizer.poll(account, now) {
            Granted::Yes(session) => session,
            Granted::NotYet(step) => return step,
        };
        match self.transmit(account, &session, now) {
            Ok(transmit) => {
                self.state = State::InFlight { ticket: transmit.ticket, session };
                Step::Send(Box::new(transmit))
            }
            Err(error) => Step::Done(Err(error)),
        }
    }

    fn transmit(
        &self,
        account: &mut Account,
        session: &Session,
        now: Instant,
    ) -> Result<Transmit, Error> {
        let (operation, method) = (self.request.name(), self.request.method.clone());
        let url = self.request.url(session);
        let builder = RequestBuilder::new(operation, method, &url, account.config())?
            .authorization(session.token.expose())?
            .headers(|headers| self.request.add_headers(headers))?;
        let body = match self.request.body.is_empty() {
            true => BodyPlan::Empty,
            false => BodyPlan::Bytes(self.request.body.clone()),
        };
        Ok(Transmit {
            ticket: account.next_ticket(),
            operation,
            request: builder.body(body),
            sink: SinkPlan::Collect { limit: self.request.answer_limit },
            limits: account.limits(None, 0, now),
        })
    }

    fn answered(
        &mut self,
        account: &mut Account,
        session: &Session,
        reply: Reply,
        now: Instant,
    ) -> State {
        let (operation, surface) = (self.request.name(), self.request.surface());
        let (error, remedy) = match reply {
            Reply::Response { head, body, .. } if head.status.is_success() => {
                account.note_date(&head, now);
                let answer = CustomAnswer { status: head.status, headers: head.headers, body };
                return State::Done(Ok(Box::new(answer)));
            }
            Reply::Response { head, body, .. } => {
                let secrets = self.request.secrets(session);
                answer::refused(operation, surface, &secrets, (&head, &body))
            }
            Reply::Failed { source, .. } => {
                let failure = Failure::Transport { error: &source, complete: true };
                let remedy = classify(surface, failure);
                (Error::Transport { operation, source: Box::new(source) }, remedy)
            }
            Reply::Local(error) => (Error::Local(error), Remedy::Never),
            Reply::Delivered { .. }
            | Reply::Broken { .. }
            | Reply::Digest(_)
            | Reply::Prefetched { .. } => {
                return State::Done(Err(Error::Cancelled));
            }
        };
        self.failed(account, session, (error, remedy), now)
    }

    fn failed(
        &mut self,
        account: &mut Account,
        session: &Session,
        (error, remedy): (Error, Remedy),
        now: Instant,
    ) -> State {
        let operation = self.request.name();
        let own = self.request.own_token();
        let error = if own { error } else { explain(error, needs::call(operation), session) };
        let (error, remedy) = match remedy {
            // A token of the caller's own cannot be replaced.
            Remedy::Reauthorize if own => (error.finally(), Remedy::Never),
            Remedy::Reauthorize => {
                account.expire(&session.token);
                (error, remedy)
            }
            Remedy::Reconcile => {
                return State::Done(Err(Error::unconfirmed(operation, error)));
            }
            _ => (error, remedy),
        };
        match self.attempts.failed(account, operation, remedy, error, now) {
            Verdict::Again(event) => State::Retrying(event),
            Verdict::GiveUp(error) => State::Done(Err(error)),
        }
    }
}

impl Operation for CustomCall {
    type Output = CustomAnswer;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<CustomAnswer> {
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Ready => self.send(account, now),
            State::Retrying(event) => Step::Event(event),
            State::Done(result) => {
                self.state = State::Over;
                Step::Done(result.map(|answer| *answer))
            }
            waiting @ (State::InFlight { .. } | State::Over) => {
                self.state = waiting;
                Step::Wait(Wait::for_reply(self.request.name()))
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        let Some(reply) = self.authorizer.handle(account, ticket, reply, now) else {
            return;
        };
        match std::mem::replace(&mut self.state, State::Over) {
            State::InFlight { ticket: own, session } if own == ticket => {
                self.state = self.answered(account, &session, reply, now);
            }
            other => self.state = other,
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        self.authorizer.abandon(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_operation_is_refused_before_anything_is_sent() {
        for good in ["b2_list_buckets", "/b2api/v4/b2_list_buckets", "/x/y%20z"] {
            assert!(CustomCall::new(CustomRequest::get(good)).is_ok(), "{good}");
        }
        for bad in ["", "/", "//evil.test/x", "b2 list", "b2?x=1", "b2#x", "a\r\nb", "@evil.test"] {
            let refused = CustomCall::new(CustomRequest::get(bad));
            assert!(matches!(refused, Err(Error::Request { .. })), "{bad}");
        }
    }

    #[test]
    fn how_it_is_carried_is_not_the_callers() {
        for name in ["Host", "content-length", "Transfer-Encoding"] {
            let request = CustomRequest::get("b2_list_buckets").with_header(name, "x");
            assert!(matches!(CustomCall::new(request), Err(Error::Request { .. })), "{name}");
        }
    }

    #[test]
    fn nothing_that_is_printed_holds_a_value() {
        let request = CustomRequest::post("b2_create_key", "hush")
            .with_header("Authorization", "hush")
            .with_query("token", "hush");
        assert!(!format!("{:?}", CustomCall::new(request).unwrap()).contains("hush"));
        let answer = CustomAnswer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"hush"),
        };
        assert!(!format!("{answer:?}").contains("hush"));
    }
}
