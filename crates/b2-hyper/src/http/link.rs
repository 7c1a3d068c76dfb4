//! One connection to one server.

use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use ::http::header::{HOST, PROXY_AUTHORIZATION};
use ::http::uri::{Authority, PathAndQuery, Scheme};
use ::http::{Request, Response, StatusCode, Uri, Version};
use b2_core::error::{Sent, TransportError};

use crate::capture::{Capture, Recorder, Transcript};
use crate::connect::socket::Traffic;
use crate::connect::{ConnectError, Connected, ConnectionFacts};
use crate::error::{self, Refusal};
use crate::http::body::SentBody;
use crate::http::conversation::{Conversation, Sender};
use crate::pool::Place;
use crate::proxy::Forward;
use crate::target::Target;
use crate::watch::now;

/// An HTTP connection, with one request at a time on it, whatever the version.
///
/// It is not a task of its own: whoever holds it polls it, and dropping it
/// closes the socket at once. So a cancelled request cannot go on behind its
/// caller's back.
pub(crate) struct Link {
    pub(crate) sender: Sender,
    connection: Option<Conversation>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) target: Target,
    pub(crate) facts: Arc<ConnectionFacts>,
    /// When it was made.
    pub(crate) since: Instant,
    forward: Option<Forward>,
    recorder: Option<Arc<Recorder>>,
    /// Last, for when it is dropped the socket has to be closed already.
    _place: Place,
}

impl Link {
    /// Begins to speak HTTP on a stream. HTTP/1 sends nothing yet; HTTP/2 says
    /// who it is, and nobody reads beside it.
    pub(crate) async fn new(
        connected: Connected,
        target: Target,
        place: Place,
        capture: Option<&Capture>,
    ) -> Result<Self, TransportError> {
        let Connected { stream, facts, forward } = connected;
        let traffic = Arc::clone(stream.traffic());
        let recorder = capture.map(Capture::recorder);
        // The frames of HTTP/2 say nothing to people.
        let plain = recorder.clone().filter(|_| facts.http_version != Version::HTTP_2);
        let stream = stream.with_recorder(plain);
        traffic.set_awaited(true);
        let begun = match facts.http_version {
            Version::HTTP_2 => Conversation::two(stream).await,
            _ => Conversation::one(stream).await,
        };
        traffic.set_awaited(false);
        let (sender, connection) =
            begun.map_err(|error| error::before_head(error, Sent::Nothing))?;
        Ok(Self {
            sender,
            connection: Some(connection),
            traffic,
            target,
            facts: Arc::new(facts),
            since: now(),
            forward,
            recorder,
            _place: place,
        })
    }

    /// Whether requests share the connection with frames of other kinds.
    pub(crate) fn is_h2(&self) -> bool {
        self.facts.http_version == Version::HTTP_2
    }

    /// Begins a transcript of the next exchange, if there is to be one.
    pub(crate) fn begin_transcript(
        &self,
        request: &mut Request<SentBody>,
    ) -> Option<Arc<Transcript>> {
        let recorder = self.recorder.as_ref()?;
        let transcript = recorder.begin();
        let h2 = self.is_h2();
        if h2 {
            recorder.sent_head(request);
        }
        request.body_mut().set_recorder(h2.then(|| Arc::clone(recorder)));
        Some(transcript)
    }

    /// Notes the head of an answer; gives who has to write down its body.
    pub(crate) fn record_answer<B>(&self, answer: &Response<B>) -> Option<Arc<Recorder>> {
        let recorder = self.recorder.as_ref()?;
        if !self.is_h2() {
            return None;
        }
        recorder.received_head(answer);
        Some(Arc::clone(recorder))
    }

    /// Makes a request fit for this connection, whichever it was made fit for
    /// before.
    pub(crate) fn dress(&self, request: &mut Request<SentBody>) -> Result<(), TransportError> {
        *request.version_mut() = self.facts.http_version;
        // Of a connection before this one, and none of the server's business.
        request.headers_mut().remove(PROXY_AUTHORIZATION);
        if self.is_h2() {
            *request.uri_mut() = self.whole(request.uri())?;
            request.headers_mut().remove(HOST);
            return Ok(());
        }
        let path = request.uri().path_and_query().cloned();
        // Without the authority: that is what the `Host` header is for.
        *request.uri_mut() = path.unwrap_or_else(|| PathAndQuery::from_static("/")).into();
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, self.target.host_header()?);
        }
        match &self.forward {
            Some(forward) => Ok(forward.dress(request).map_err(ConnectError::Proxy)?),
            None => Ok(()),
        }
    }

    /// The URL with scheme and host, from which HTTP/2 makes headers.
    fn whole(&self, uri: &Uri) -> Result<Uri, Refusal> {
        let authority =
            Authority::try_from(self.target.to_string()).map_err(|_| Refusal::Server)?;
        let mut parts = ::http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Some(authority);
        parts.path_and_query = uri.path_and_query().cloned();
        Uri::from_parts(parts).map_err(|_| Refusal::Server)
    }

    /// The error that an answer is if a proxy gave it and does not know us.
    pub(crate) fn refusal<B>(&self, answer: &Response<B>) -> Option<TransportError> {
        let forward = self.forward.as_ref()?;
        (answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED)
            .then(|| ConnectError::Proxy(forward.refused(answer.headers())).into())
    }

    /// Moves bytes. Errors are not reported here: hyper hands them to the
    /// request or to the body of the answer.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && connection.poll(cx).is_ready()
        {
            self.connection = None;
        }
    }

    /// Whether the connection stands, as far as the reactor knows.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        self.connection.is_some()
    }

    /// Whether the connection stands and is between two requests.
    pub(crate) fn poll_idle(&mut self, cx: &mut Context<'_>) -> bool {
        self.poll_open(cx) && self.sender.is_ready()
    }

    /// As [`poll_idle`](Self::poll_idle), and the kernel was asked too.
    pub(crate) fn poll_usable(&mut self, cx: &mut Context<'_>) -> bool {
        self.traffic.set_doubtful(true);
        let usable = self.poll_idle(cx);
        self.traffic.set_doubtful(false);
        usable
    }
}
