//! One request on one connection, up to the head of the answer.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use crate::body::{Progress, SentBody};
use crate::error;
use crate::link::Link;
use crate::watch::Watch;

/// A connection that carries one request.
pub(crate) struct Exchange {
    pub(crate) link: Link,
    pub(crate) watch: Watch,
    pub(crate) progress: Arc<Progress>,
}

/// Why there is no head of an answer.
pub(crate) enum Failure {
    /// The connection had ended before. Not a byte of the request was used.
    Untouched(Box<Request<SentBody>>, TransportError),
    /// It went wrong on the way.
    Failed(TransportError),
}

impl Exchange {
    /// Sends the request while reading, so that an answer is seen whenever it
    /// comes, and returns its head.
    pub(crate) async fn head(
        &mut self,
        request: Request<SentBody>,
    ) -> Result<Response<Incoming>, Failure> {
        let Self { link, watch, progress } = self;
        let before = link.traffic.written();
        let mut answer = pin!(link.sender.try_send_request(request));
        let outcome = poll_fn(|cx| {
            link.drive(cx);
            if let Poll::Ready(outcome) = answer.as_mut().poll(cx) {
                return Poll::Ready(Ok(outcome));
            }
            let moving = !progress.complete() || link.traffic.unflushed();
            watch.poll(cx, link.traffic.moved(), moving).map(Err)
        })
        .await;
        let sent = match link.traffic.written() {
            written if written == before => Sent::Nothing,
            _ => progress.sent(),
        };
        match outcome {
            Ok(Ok(head)) => {
                progress.set_answered();
                Ok(head)
            }
            Ok(Err(failed)) => Err(self.failure(failed, sent)),
            Err(late) => Err(Failure::Failed(late.into_error(sent))),
        }
    }

    fn failure(&self, mut failed: TrySendError<Request<SentBody>>, sent: Sent) -> Failure {
        let unused = failed.take_message();
        let error = match self.progress.take_failure() {
            // The user's own error says more than hyper's words for it.
            Some(source) => {
                TransportError::new(TransportErrorKind::Other, Sent::Nothing).with_source(source)
            }
            None => error::before_head(failed.into_error(), sent),
        };
        match unused {
            Some(request) => Failure::Untouched(Box::new(request), error),
            None => Failure::Failed(error),
        }
    }
}
