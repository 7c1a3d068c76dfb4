//! Following redirects.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use b2_core::port::{RequestBody, ResponseBody};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;

use crate::http::RedirectError;
use crate::http::redirect::{Hop, REPLAYED, strip_secrets};
use crate::observe::{Event, shown_url};
use crate::transport::{Errand, Shared};
use crate::watch::Watch;

/// What a redirect has as its body is of no interest; it is read up to this
/// length, so that the connection can be used again.
const DRAINED: usize = 64 * 1024;

/// Sends a request, and goes where its answers lead.
pub(crate) async fn follow(
    shared: &Shared,
    request: Request<RequestBody>,
    mut errand: Errand,
) -> Result<Response<ResponseBody>, TransportError> {
    let (mut head, body) = request.into_parts();
    let mut payload = Payload::new(shared, body, &errand).await?;
    let (mut followed, mut acted) = (0, false);
    loop {
        let body = payload.body().map_err(|error| after(acted, error))?;
        let request = Request::from_parts(head.clone(), body);
        let answer = shared.once(request, &errand).await.map_err(|error| after(acted, error))?;
        let (status, headers) = (answer.status(), answer.headers());
        acted |= shared.redirects.acted(&head.method, status);
        let hop = shared.redirects.next(&head.method, &head.uri, status, headers, followed);
        let Some(hop) = hop.map_err(|error| after(acted, error))? else {
            // Whoever got this answer to the first request would send that again.
            let again = acted && (status.is_client_error() || status.is_server_error());
            let told = RedirectError::Answer(status);
            return if again { Err(after(acted, told)) } else { Ok(answer) };
        };
        if hop.foreign && hop.method == head.method && !payload.is_empty() {
            return Err(after(acted, RedirectError::Origin(hop.method)));
        }
        if let Some(witness) = &errand.witness {
            witness.tell(&Event::Redirected { url: &shown_url(&hop.uri) });
        }
        drain(answer).await;
        go(&mut head, hop, &mut payload, &mut errand);
        followed += 1;
    }
}

/// The error of a hop. If a server has acted before, it must not look as if the request could be
/// sent again.
fn after(acted: bool, error: impl Into<TransportError>) -> TransportError {
    let mut error = error.into();
    if acted {
        error.sent = Sent::Maybe;
    }
    error
}

/// Makes the request that of the next hop.
fn go(head: &mut Parts, hop: Hop, payload: &mut Payload, errand: &mut Errand) {
    if hop.method != head.method && hop.method == Method::GET {
        *payload = Payload::Kept(Bytes::new());
        for name in [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING] {
            head.headers.remove(name);
        }
    }
    head.headers.remove(HOST);
    if hop.foreign {
        strip_secrets(&mut head.headers);
    }
    // Once a stranger was on the way, nothing is a secret of ours any more:
    // it could lead back with a URL of its choice.
    errand.foreign |= hop.foreign;
    errand.bound = true;
    head.method = hop.method;
    head.uri = hop.uri;
}

/// Reads what belongs to a redirect. What goes wrong here costs a connection
/// and nothing else.
async fn drain(answer: Response<ResponseBody>) {
    let mut body = answer.into_body();
    let mut read = 0;
    while let Some(Ok(chunk)) = body.chunk().await {
        read += chunk.len();
        if read > DRAINED {
            return;
        }
    }
}

/// The body of a request that may have to be sent more than once.
enum Payload {
    /// Short enough to be kept.
    Kept(Bytes),
    /// It is read while it is sent, and gone then.
    Once(Option<RequestBody>),
}

impl Payload {
    async fn new(
        shared: &Shared,
        body: RequestBody,
        errand: &Errand,
    ) -> Result<Self, TransportError> {
        if body.remaining() > REPLAYED {
            return Ok(Self::Once(Some(body)));
        }
        let watch = Watch::new(errand.deadline, shared.inactivity);
        Ok(Self::Kept(collect(body, watch.with_interrupt(&shared.interrupt)).await?))
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Kept(bytes) if bytes.is_empty())
    }

    fn body(&mut self) -> Result<RequestBody, RedirectError> {
        match self {
            Self::Kept(bytes) => Ok(RequestBody::from_bytes(bytes.clone())),
            Self::Once(body) => body.take().ok_or(RedirectError::Body),
        }
    }
}

async fn collect(mut body: RequestBody, mut watch: Watch) -> Result<Bytes, TransportError> {
    let mut bytes = BytesMut::new();
    loop {
        let frame = poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
            Poll::Pending => {
                watch.poll(cx, 0, true).map(|late| Err(late.into_error(Sent::Nothing)))
            }
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
        });
        match frame.await? {
            None => return Ok(bytes.freeze()),
            Some(Ok(frame)) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(error)) => {
                let kind = TransportErrorKind::Other;
                return Err(TransportError::new(kind, Sent::Nothing).with_source(error));
            }
        }
    }
}
