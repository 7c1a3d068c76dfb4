//! The body of an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use b2_core::error::{Sent, TransportError};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::runtime::Handle;

use crate::error;
use crate::http::exchange::Exchange;
use crate::http::received::Received;
use crate::http::tap::Tap;
use crate::pool::Pool;

/// Reads the rest of an exchange, and gives the connection back to the pool
/// when there is nothing left to read or write. Dropped before, it closes the
/// connection.
pub(crate) struct Answer {
    incoming: Option<Incoming>,
    exchange: Option<Exchange>,
    home: Home,
    tap: Tap,
    received: Received,
}

/// Where a connection goes when it is idle.
pub(crate) struct Home {
    pub(crate) pool: Arc<Pool>,
    pub(crate) runtime: Handle,
}

impl Answer {
    pub(crate) fn new(incoming: Incoming, exchange: Exchange, home: Home, tap: Tap) -> Self {
        let received = Received::default();
        Self { incoming: Some(incoming), exchange: Some(exchange), home, tap, received }
    }

    /// How much of it has come.
    pub(crate) fn received(&self) -> &Received {
        &self.received
    }

    /// Lets go of the connection if the whole answer was read. It may be used
    /// again unless it is closing or the request is still unfinished: then
    /// hyper does not call it idle.
    pub(crate) fn release_at_end(&mut self, cx: &mut Context<'_>) {
        if self.incoming.as_ref().is_some_and(|incoming| !incoming.is_end_stream()) {
            return;
        }
        // HTTP/2 would take another request while this one is unfinished.
        if let Some(exchange) = self.exchange.take()
            && exchange.written()
            && let Exchange { mut link, .. } = exchange
            && link.poll_idle(cx)
        {
            self.home.pool.put(link, &self.home.runtime);
        }
    }

    fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let sent = self.exchange.as_ref().map_or(Sent::Maybe, Exchange::sent);
        let frame = ready!(Pin::new(incoming).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(|error| error::inside_body(error, sent))))
    }

    /// Polls the body, the connection, and what the connection brought.
    fn poll_any(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        if let Poll::Ready(frame) = self.poll_incoming(cx) {
            return Poll::Ready(frame);
        }
        if let Some(exchange) = &mut self.exchange {
            exchange.link.drive(cx);
        }
        self.poll_incoming(cx)
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<TransportError> {
        let Some(exchange) = &mut self.exchange else { return Poll::Pending };
        let moved = exchange.link.traffic.moved();
        exchange.watch.poll(cx, moved, true).map(|late| late.into_error(exchange.sent()))
    }

    fn end(&mut self) {
        self.incoming = None;
        self.exchange = None;
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = &mut *self;
        if let Some(exchange) = &mut this.exchange
            && let Poll::Ready(late) = exchange.watch.poll_deadline(cx)
        {
            let error = late.into_error(exchange.sent());
            this.end();
            return Poll::Ready(Some(Err(error)));
        }
        match this.poll_any(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref() {
                    this.received.add(bytes.len());
                    this.tap.received(bytes);
                }
                this.release_at_end(cx);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.end();
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                this.incoming = None;
                this.release_at_end(cx);
                Poll::Ready(None)
            }
            Poll::Pending => {
                let error = ready!(this.poll_late(cx));
                this.end();
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}
