//! A transport that remembers the secrets that it carries, and can answer in
//! the server's place.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;

use b2::TransportError;
use b2::hyper::HyperTransport;
use b2::port::{RequestBody, ResponseBody, Transport};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response, Uri};
use http_body::Frame;

/// What a spy answers itself: a status and a body, made of the token that the
/// request bears.
pub(crate) type Retort = fn(token: &str) -> (u16, String);

#[derive(Clone)]
pub(crate) struct Spy {
    transport: HyperTransport,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    secrets: BTreeSet<String>,
    /// For the next requests whose path has this in it.
    retorts: Vec<(&'static str, Retort)>,
}

impl Spy {
    pub(crate) fn new() -> Self {
        Self { transport: HyperTransport::new().unwrap(), shared: Arc::default() }
    }

    /// Answers the next request to `operation` itself.
    pub(crate) fn answer(&self, operation: &'static str, retort: Retort) {
        self.shared.lock().unwrap().retorts.push((operation, retort));
    }

    /// Everything secret that was sent: tokens, and what upload URLs are made
    /// of.
    pub(crate) fn secrets(&self) -> BTreeSet<String> {
        self.shared.lock().unwrap().secrets.clone()
    }

    fn look_at(&self, request: &Request<RequestBody>) -> Option<(u16, String)> {
        let token = request.headers().get(AUTHORIZATION);
        let token = token.and_then(|token| token.to_str().ok()).unwrap_or_default();
        let mut shared = self.shared.lock().unwrap();
        shared.secrets.insert(token.trim_start_matches("Basic ").to_owned());
        let path = request.uri().path().to_owned();
        if path.ends_with("/b2_upload_file") {
            shared.secrets.extend(parts_of(request.uri()));
        }
        let at = shared.retorts.iter().position(|(operation, _)| path.contains(operation))?;
        let (_, retort) = shared.retorts.remove(at);
        Some(retort(token))
    }
}

/// An upload URL is secret as a whole and in its query.
fn parts_of(uri: &Uri) -> Vec<String> {
    let query = uri.query().unwrap_or_default();
    assert!(!query.is_empty(), "an upload URL without anything secret in it");
    vec![uri.to_string(), query.to_owned()]
}

impl Transport for Spy {
    async fn send(
        &self,
        request: Request<RequestBody>,
        deadline: Instant,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let Some((status, body)) = self.look_at(&request) else {
            return self.transport.send(request, deadline).await;
        };
        let mut answer = Response::new(ResponseBody::new(Text(Some(body))));
        *answer.status_mut() = status.try_into().unwrap();
        Ok(answer)
    }
}

struct Text(Option<String>);

impl http_body::Body for Text {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Poll::Ready(self.0.take().map(|text| Ok(Frame::data(text.into()))))
    }
}
