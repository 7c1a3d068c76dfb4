//! A blocking transport on ureq, small enough to be read in one go.
//!
//! ureq writes a whole request before it reads. So an answer that B2 gives
//! early (an expired upload URL, a server that is busy) is lost when the
//! connection breaks, and not seen before the deadline, or even a little after
//! it, when it stays open.
//! The driver then repeats the upload as after any broken connection: it works,
//! but it learns less and later. [`exceptions`] says so to the suite.

use std::io::{self, Read};
use std::time::Instant;

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::op::Limits;
use b2_core::port::BlockingTransport;
use b2_testing::conformance::Exceptions;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response, Uri};
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, BodyReader, Error, SendBody};

/// Sends requests with ureq on the calling thread.
#[derive(Debug)]
pub(crate) struct UreqTransport {
    agent: Agent,
}

impl UreqTransport {
    /// An agent that does nothing of its own accord: no redirects, no errors
    /// made of statuses, no headers, no proxy from the environment.
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .proxy(None)
            .build();
        let connector = DefaultConnector::default();
        Self { agent: Agent::with_parts(config, connector, Names::default()) }
    }

    /// Each phase has its limit. Those of ureq for reads and writes start
    /// anew with each of them, so that they bound silence, not bodies.
    fn run(
        &self,
        request: Request<impl AsSendBody>,
        limits: &Limits,
    ) -> Result<Response<Body>, Error> {
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(limits.deadline.saturating_duration_since(Instant::now())))
            .timeout_resolve(Some(limits.stall))
            .timeout_connect(Some(limits.stall))
            .timeout_per_write(Some(limits.stall))
            .timeout_per_read(Some(limits.stall))
            .timeout_recv_response(Some(limits.answer))
            .build();
        self.agent.run(request)
    }
}

/// The duties that this transport does not keep.
pub(crate) fn exceptions() -> Exceptions {
    let reason = "ureq reads only after it has written the whole request";
    Exceptions::none()
        .with("early-answer-then-close", reason)
        .with("early-answer-then-half-close", reason)
        .with("early-answer-then-silence", reason)
}

impl BlockingTransport for UreqTransport {
    fn send(
        &self,
        request: Request<&mut dyn Read>,
        limits: &Limits,
    ) -> Result<Response<Box<dyn Read>>, TransportError> {
        if limits.deadline <= Instant::now() {
            return Err(TransportError::new(Kind::Timeout, Sent::Nothing));
        }
        let (head, reader) = request.into_parts();
        let mut body = Exact { reader, left: announced(&head.headers), failure: None };
        // A reader makes ureq send a body even where there is none.
        let outcome = match body.left {
            0 => self.run(Request::from_parts(head, SendBody::none()), limits),
            _ => self.run(Request::from_parts(head, SendBody::from_reader(&mut body)), limits),
        };
        match outcome {
            Ok(answer) => Ok(answer.map(|body| Box::new(AnswerBody(body.into_reader())) as _)),
            Err(error) => Err(body.explain(error)),
        }
    }
}

/// The length that the head announces.
fn announced(headers: &HeaderMap) -> u64 {
    let value = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    value.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A body that has to be as long as announced. Its last byte is given away
/// only when the reader has nothing after it, so that a body that runs over
/// is noticed before the server has a complete request.
struct Exact<'a> {
    reader: &'a mut dyn Read,
    left: u64,
    failure: Option<io::Error>,
}

impl Exact<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let longest = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.reader.read(&mut buffer[..longest])?;
        if read == 0 && longest > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body is too short"));
        }
        self.left -= read as u64;
        if self.left == 0 && read > 0 && self.reader.read(&mut [0])? > 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the body is too long"));
        }
        Ok(read)
    }

    /// Makes of ureq's error what a driver needs to know.
    fn explain(self, error: Error) -> TransportError {
        if let Some(failure) = self.failure {
            return TransportError::new(Kind::Other, Sent::Nothing).with_source(failure);
        }
        let kind = kind(&error);
        let sent = match kind {
            Kind::Resolve | Kind::Connect | Kind::Tls => Sent::Nothing,
            // Without its last byte no request is complete.
            _ if self.left > 0 => Sent::Nothing,
            _ => Sent::Maybe,
        };
        TransportError::new(kind, sent).with_source(error)
    }
}

impl Read for Exact<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(buffer).map_err(|error| {
            // The error itself goes to the caller; ureq gets a stand-in.
            let kind = error.kind();
            self.failure = Some(error);
            kind.into()
        })
    }
}

/// The body of an answer, whose errors say what a driver looks at: their
/// [`io::ErrorKind`].
struct AnswerBody(BodyReader<'static>);

impl Read for AnswerBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(Error::Timeout(_)) => io::Error::new(io::ErrorKind::TimedOut, error),
                _ => error,
            }
        })
    }
}

/// A resolver whose failures can be told from those of a connection.
#[derive(Default)]
struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| match error {
            Error::Io(_) => Error::HostNotFound,
            other => other,
        })
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

fn kind(error: &Error) -> Kind {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    match error {
        Error::HostNotFound => Kind::Resolve,
        Error::Timeout(_) => Kind::Timeout,
        Error::ConnectionFailed => Kind::Connect,
        Error::Tls(_) => Kind::Tls,
        Error::Protocol(_) | Error::LargeResponseHeader(..) => Kind::Protocol,
        Error::Io(error) => match error.kind() {
            ConnectionRefused | HostUnreachable | NetworkUnreachable => Kind::Connect,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Kind::Timeout,
            _ => Kind::Interrupted,
        },
        _ => Kind::Other,
    }
}
