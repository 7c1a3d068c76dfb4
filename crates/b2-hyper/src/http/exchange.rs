//! One request on one connection, up to the head of the answer.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use crate::error::{self, Late};
use crate::http::body::{Progress, SentBody};
use crate::http::link::Link;
use crate::watch::Watch;

/// A connection that carries one request.
pub(crate) struct Exchange {
    pub(crate) link: Link,
    pub(crate) watch: Watch,
    progress: Arc<Progress>,
    /// Bytes that the connection had written for earlier requests.
    before: u64,
}

/// Why there is no head of an answer.
pub(crate) enum Failure {
    /// The connection had ended before. Not a byte of the request was used.
    Untouched(Box<Request<SentBody>>, TransportError),
    /// It went wrong on the way.
    Failed(TransportError),
}

impl Exchange {
    pub(crate) fn new(link: Link, watch: Watch, progress: Arc<Progress>) -> Self {
        let before = link.traffic.written();
        Self { link, watch, progress, before }
    }

    /// What an error may promise. Without its last byte no request is
    /// complete, whatever the server does with the rest.
    pub(crate) fn sent(&self) -> Sent {
        let begun = self.link.traffic.written() != self.before;
        // In HTTP/2 something else may wait behind the request.
        let whole = if self.link.is_h2() { self.progress.complete() } else { self.written() };
        if begun && whole { Sent::Maybe } else { Sent::Nothing }
    }

    /// Whether the network took the last byte of the request.
    pub(crate) fn written(&self) -> bool {
        self.progress.complete() && !self.link.traffic.unflushed()
    }

    /// Whether it is time to give up. Between the request and its answer there
    /// may be silence, unless someone said otherwise.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Late> {
        let moving = !self.watch.silence_before_head || !self.written();
        self.watch.poll(cx, self.link.traffic.moved(), moving)
    }

    /// Sends the request while reading, so that an answer is seen whenever it
    /// comes, and returns its head.
    pub(crate) async fn head(
        &mut self,
        request: Request<SentBody>,
    ) -> Result<Response<Incoming>, Failure> {
        let mut answer = self.link.sender.send(request);
        let outcome = poll_fn(|cx| {
            self.link.drive(cx);
            match answer.as_mut().poll(cx) {
                Poll::Ready(outcome) => Poll::Ready(Ok(outcome)),
                Poll::Pending => self.poll_late(cx).map(Err),
            }
        })
        .await;
        match outcome {
            Ok(Ok(head)) => {
                self.progress.set_answered();
                Ok(head)
            }
            Ok(Err(failed)) => Err(self.failure(failed)),
            Err(late) => Err(Failure::Failed(late.into_error(self.sent()))),
        }
    }

    fn failure(&self, mut failed: TrySendError<Request<SentBody>>) -> Failure {
        let unused = failed.take_message();
        let error = match self.progress.take_failure() {
            // The user's own error says more than hyper's words for it.
            Some(source) => {
                TransportError::new(TransportErrorKind::Other, Sent::Nothing).with_source(source)
            }
            None => error::before_head(failed.into_error(), self.sent()),
        };
        match unused {
            Some(request) => Failure::Untouched(Box::new(request), error),
            None => Failure::Failed(error),
        }
    }
}
