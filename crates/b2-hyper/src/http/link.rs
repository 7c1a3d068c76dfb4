//! One connection to one server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;

use ::http::{Request, Response, StatusCode};
use b2_core::error::{Sent, TransportError};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};

use crate::connect::socket::Traffic;
use crate::connect::stream::Stream;
use crate::connect::{ConnectError, Connected, ConnectionFacts};
use crate::error;
use crate::http::body::SentBody;
use crate::proxy::Forward;
use crate::target::Target;

/// An answer's status line and headers may take this many bytes; B2's take
/// about 8,000 at the most (7,000 of file info and what belongs to it).
const HEAD_LIMIT: usize = 64 * 1024;

/// An HTTP/1.1 connection.
///
/// It is not a task of its own: whoever holds it polls it, and dropping it
/// closes the socket at once. So a cancelled request cannot go on behind its
/// caller's back.
pub(crate) struct Link {
    pub(crate) sender: SendRequest<SentBody>,
    connection: Option<Connection<Stream, SentBody>>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) target: Target,
    pub(crate) facts: Arc<ConnectionFacts>,
    forward: Option<Forward>,
}

impl Link {
    /// Begins to speak HTTP on a stream. Nothing is sent yet.
    pub(crate) async fn new(connected: Connected, target: Target) -> Result<Self, TransportError> {
        let Connected { stream, facts, forward } = connected;
        let traffic = Arc::clone(stream.traffic());
        let (sender, connection) = Builder::new()
            .max_header_size(HEAD_LIMIT)
            .handshake(stream)
            .await
            .map_err(|error| error::before_head(error, Sent::Nothing))?;
        Ok(Self {
            sender,
            connection: Some(connection),
            traffic,
            target,
            facts: Arc::new(facts),
            forward,
        })
    }

    /// Makes a request fit for this connection.
    pub(crate) fn dress(&self, request: &mut Request<SentBody>) -> Result<(), TransportError> {
        match &self.forward {
            Some(forward) => Ok(forward.dress(request).map_err(ConnectError::Proxy)?),
            None => Ok(()),
        }
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
            && Pin::new(connection).poll(cx).is_ready()
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
