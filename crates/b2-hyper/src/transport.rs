//! The transport: pool, connector, exchange, answer.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError};
use b2_core::port::{RequestBody, ResponseBody, Transport};
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::builder::Builder;
use crate::connect::Connector;
use crate::error::{BuildError, Refusal};
use crate::http::HeaderOverrides;
use crate::http::answer::{Answer, Home};
use crate::http::exchange::{Exchange, Failure};
use crate::http::link::Link;
use crate::http::request::Outgoing;
use crate::pool::Pool;
use crate::target::Target;
use crate::url_policy::UrlPolicy;
use crate::watch::{Watch, after, now};

/// Sends requests over HTTP/1.1, with and without TLS, and keeps connections
/// for the next ones.
///
/// Cheap to clone; clones share their connections. It may be made anywhere,
/// but requests have to be sent inside a tokio runtime with its I/O and time
/// drivers enabled.
///
/// # What an error promises
///
/// [`Sent::Nothing`] is said only if the network
/// has not taken the last byte of the request, be it that there was no
/// connection, that the body could not be read, or that the rest was still in
/// the buffers of this crate: the announced `Content-Length` then says to the
/// server that the request is incomplete. Everything else is
/// [`Sent::Maybe`].
///
/// # Connections
///
/// A request goes to an idle connection if there is one. If that turns out to
/// have been closed by the server before a byte of the request was used, the
/// request goes to the next one: this is not a retry, nothing was sent.
#[derive(Clone)]
pub struct HyperTransport {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Arc<Pool>,
    connector: Connector,
    inactivity: Duration,
    total: Option<Duration>,
    urls: UrlPolicy,
    headers: HeaderOverrides,
    interrupt: Arc<Notify>,
}

impl HyperTransport {
    /// A transport with the default [`Builder`].
    ///
    /// # Errors
    ///
    /// If the cryptography that was built in cannot do TLS.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Chooses timeouts, certificates and the size of the pool.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn assemble(
        pool: Pool,
        connector: Connector,
        inactivity: Duration,
        total: Option<Duration>,
        urls: UrlPolicy,
        headers: HeaderOverrides,
    ) -> Self {
        let (pool, interrupt) = (Arc::new(pool), Arc::default());
        let shared = Shared { pool, connector, inactivity, total, urls, headers, interrupt };
        Self { shared: Arc::new(shared) }
    }

    /// Ends all requests that run now, and the bodies of their answers, with
    /// [`Interrupted`](b2_core::error::TransportErrorKind::Interrupted). From
    /// any thread; requests that begin later are not concerned, so whoever
    /// retries begins anew.
    pub fn interrupt(&self) {
        self.shared.interrupt.notify_waiters();
    }

    /// An idle connection that still stands, as far as anyone can know.
    async fn idle(&self, target: &Target) -> Option<Link> {
        while let Some(mut link) = self.shared.pool.take(target) {
            if poll_fn(|cx| Poll::Ready(link.poll_usable(cx))).await {
                return Some(link);
            }
        }
        None
    }

    /// Sends the request on the first connection that takes it.
    async fn begin(
        &self,
        outgoing: Outgoing,
        mut watch: Watch,
        deadline: Instant,
    ) -> Result<(http::Response<Incoming>, Exchange), TransportError> {
        let Outgoing { mut request, target, progress } = outgoing;
        loop {
            let (link, fresh) = match self.idle(&target).await {
                Some(link) => (link, false),
                None => {
                    let connecting = self.shared.connector.connect(&target, deadline);
                    let connected = unless_late(&mut watch, connecting).await?;
                    (Link::new(connected, target.clone()).await?, true)
                }
            };
            link.dress(&mut request)?;
            watch.rouse();
            let mut exchange = Exchange::new(link, watch, Arc::clone(&progress));
            match exchange.head(request).await {
                Ok(head) => match exchange.link.refusal(&head) {
                    Some(error) => return Err(error),
                    None => return Ok((head, exchange)),
                },
                Err(Failure::Untouched(unused, _)) if !fresh => request = *unused,
                Err(Failure::Untouched(_, error) | Failure::Failed(error)) => return Err(error),
            }
            watch = exchange.watch;
        }
    }
}

impl Transport for HyperTransport {
    async fn send(
        &self,
        request: http::Request<RequestBody>,
        deadline: Instant,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let runtime = Handle::try_current().map_err(|_| Refusal::NoRuntime)?;
        let own = self.shared.total.map(|total| after(now(), total));
        let deadline = own.map_or(deadline, |own| own.min(deadline));
        let watch = Watch::new(deadline, self.shared.inactivity);
        let mut watch = watch.with_interrupt(&self.shared.interrupt);
        let outgoing = Outgoing::new(request, &self.shared.headers, &mut watch).await?;
        self.shared.urls.check(&outgoing.target)?;
        let (response, exchange) = self.begin(outgoing, watch, deadline).await?;
        let home = Home { pool: Arc::clone(&self.shared.pool), runtime };
        let (mut head, incoming) = response.into_parts();
        head.extensions.insert(Arc::clone(&exchange.link.facts));
        let mut answer = Answer::new(incoming, exchange, home);
        poll_fn(|cx| {
            answer.release_at_end(cx);
            Poll::Ready(())
        })
        .await;
        Ok(http::Response::from_parts(head, ResponseBody::new(answer)))
    }
}

/// The outcome of `connecting`, unless someone interrupts it.
async fn unless_late<T>(
    watch: &mut Watch,
    connecting: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let mut connecting = pin!(connecting);
    poll_fn(|cx| match connecting.as_mut().poll(cx) {
        Poll::Pending => watch.poll_deadline(cx).map(|late| Err(late.into_error(Sent::Nothing))),
        ready => ready,
    })
    .await
}

impl std::fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HyperTransport").finish_non_exhaustive()
    }
}
