//! The transport: pool, connector, exchange, answer.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError};
use b2_core::mark::ChosenByUser;
use b2_core::port::{RequestBody, ResponseBody, Transport};
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::builder::Builder;
use crate::capture::{Capture, Transcript};
use crate::connect::Connector;
use crate::error::{BuildError, Refusal};
use crate::follow::follow;
use crate::http::answer::{Answer, Home};
use crate::http::decode::{Coding, Decoded};
use crate::http::exchange::{Exchange, Failure};
use crate::http::link::Link;
use crate::http::request::{Manner, Outgoing};
use crate::http::tap::Tap;
use crate::http::{Redirects, status_line};
use crate::observe::{Event, Headers, Witness};
use crate::pool::{Admission, Pool};
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
///
/// # What answers carry
///
/// In the extensions of an answer are an `Arc<`[`ConnectionFacts`]`>`, a
/// [`Received`](crate::Received), and, with a [`Capture`], an
/// `Arc<`[`Transcript`]`>`.
///
/// [`ConnectionFacts`]: crate::connect::ConnectionFacts
#[derive(Clone)]
pub struct HyperTransport {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) pool: Arc<Pool>,
    pub(crate) connector: Connector,
    pub(crate) inactivity: Duration,
    pub(crate) silence_before_head: bool,
    pub(crate) total: Option<Duration>,
    pub(crate) urls: UrlPolicy,
    pub(crate) manner: Manner,
    pub(crate) redirects: Redirects,
    pub(crate) capture: Option<Capture>,
    pub(crate) interrupt: Arc<Notify>,
}

/// What holds for one request, whatever it leads to.
pub(crate) struct Errand {
    pub(crate) deadline: Instant,
    pub(crate) runtime: Handle,
    pub(crate) witness: Option<Witness>,
    /// Whether the server named the URL.
    pub(crate) bound: bool,
    /// Whether a redirect of another server has led here.
    pub(crate) foreign: bool,
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

    pub(crate) fn assemble(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// Ends all requests that run now, and the bodies of their answers, with
    /// [`Interrupted`](b2_core::error::TransportErrorKind::Interrupted). From
    /// any thread; requests that begin later are not concerned, so whoever
    /// retries begins anew.
    pub fn interrupt(&self) {
        self.shared.interrupt.notify_waiters();
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
        let errand = Errand {
            deadline: own.map_or(deadline, |own| own.min(deadline)),
            runtime,
            witness: self.shared.manner.observers.witness(),
            bound: request.extensions().get::<ChosenByUser>().is_none(),
            foreign: false,
        };
        let witness = errand.witness.clone();
        let outcome = if self.shared.redirects.follows() {
            follow(&self.shared, request, errand).await
        } else {
            self.shared.once(request, &errand).await
        };
        if let (Some(witness), Err(error)) = (witness, &outcome) {
            witness.tell(&Event::Failed { error });
        }
        outcome
    }
}

impl Shared {
    /// Sends a request to where it says, and gives the answer.
    pub(crate) async fn once(
        &self,
        request: http::Request<RequestBody>,
        errand: &Errand,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let watch = Watch::new(errand.deadline, self.inactivity);
        let watch = watch.with_silence_before_head(self.silence_before_head);
        let mut watch = watch.with_interrupt(&self.interrupt);
        let witness = errand.witness.clone();
        let (manner, foreign) = (&self.manner, errand.foreign);
        let outgoing = Outgoing::new(request, manner, foreign, witness, &mut watch).await?;
        if errand.bound {
            self.urls.check(&outgoing.target)?;
        }
        if self.connector.version.needs_tls() && !outgoing.target.tls {
            return Err(Refusal::PlainHttp2.into());
        }
        let (decode, witness) = (outgoing.decode, outgoing.witness.clone());
        let (response, exchange, transcript) = self.begin(outgoing, watch, errand.deadline).await?;
        let recorder = exchange.link.record_answer(&response);
        let (mut head, incoming) = response.into_parts();
        head.extensions.insert(Arc::clone(&exchange.link.facts));
        if let Some(transcript) = transcript {
            if let Some(capture) = &self.capture {
                capture.set_last(&transcript);
            }
            head.extensions.insert(transcript);
        }
        let coding = if decode { Coding::of(&head)? } else { None };
        let home = Home { pool: Arc::clone(&self.pool), runtime: errand.runtime.clone() };
        let decoding = coding.zip(self.manner.decompression.as_ref());
        let tap = Tap { witness: witness.clone(), recorder, encoded: decoding.is_some() };
        let mut answer = Answer::new(incoming, exchange, home, tap);
        head.extensions.insert(answer.received().clone());
        poll_fn(|cx| {
            answer.release_at_end(cx);
            Poll::Ready(())
        })
        .await;
        let body = match decoding {
            Some((coding, decompression)) => {
                Coding::undo(&mut head);
                ResponseBody::new(Decoded::new(answer, coding, decompression.limit(), witness))
            }
            None => ResponseBody::new(answer),
        };
        Ok(http::Response::from_parts(head, body))
    }

    /// Sends the request on the first connection that takes it.
    async fn begin(
        &self,
        outgoing: Outgoing,
        mut watch: Watch,
        deadline: Instant,
    ) -> Result<(http::Response<Incoming>, Exchange, Option<Arc<Transcript>>), TransportError> {
        let Outgoing { mut request, target, progress, url, witness, .. } = outgoing;
        let witness = witness.as_ref();
        loop {
            let (link, fresh) = self.link(&target, &mut watch, deadline, witness).await?;
            link.dress(&mut request)?;
            let transcript = link.begin_transcript(&mut request);
            if let Some(witness) = witness {
                witness.tell(&Event::RequestHead {
                    method: request.method(),
                    url: &url,
                    version: request.version(),
                    headers: Headers(request.headers()),
                });
            }
            watch.rouse();
            let mut exchange = Exchange::new(link, watch, Arc::clone(&progress));
            match exchange.head(request).await {
                Ok(head) => {
                    tell_head(witness, &head);
                    return match exchange.link.refusal(&head) {
                        Some(error) => Err(error),
                        None => Ok((head, exchange, transcript)),
                    };
                }
                Err(Failure::Untouched(unused, _)) if !fresh => request = *unused,
                Err(Failure::Untouched(_, error) | Failure::Failed(error)) => return Err(error),
            }
            watch = exchange.watch;
        }
    }

    /// An idle connection that still stands, as far as anyone can know, or a
    /// new one, and whether it is that.
    async fn link(
        &self,
        target: &Target,
        watch: &mut Watch,
        deadline: Instant,
        witness: Option<&Witness>,
    ) -> Result<(Link, bool), TransportError> {
        loop {
            let admission = async { Ok(self.pool.admit(target).await) };
            match unless_late(watch, admission).await? {
                Admission::Idle(mut link) => {
                    if poll_fn(|cx| Poll::Ready(link.poll_usable(cx))).await {
                        if let Some(witness) = witness {
                            witness.tell(&Event::Reused { facts: &link.facts });
                        }
                        return Ok((*link, false));
                    }
                }
                Admission::New(place) => {
                    let connecting = self.connector.connect(target, deadline, witness);
                    let connected = unless_late(watch, connecting).await?;
                    let capture = self.capture.as_ref();
                    let beginning = Link::new(connected, target.clone(), place, capture);
                    return Ok((unless_late(watch, beginning).await?, true));
                }
            }
        }
    }
}

fn tell_head(witness: Option<&Witness>, head: &http::Response<Incoming>) {
    if let Some(witness) = witness {
        witness.tell(&Event::ResponseHead {
            status_line: &status_line(head),
            headers: Headers(head.headers()),
        });
    }
}

/// The outcome of `waiting`, unless it is too late or someone interrupts it.
async fn unless_late<T>(
    watch: &mut Watch,
    waiting: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let mut waiting = pin!(waiting);
    poll_fn(|cx| match waiting.as_mut().poll(cx) {
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
