//! A transport that remembers the secrets that it carries, and can answer in
//! the server's place.

use std::collections::BTreeSet;
use std::io::Read;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;

use b2::TransportError;
use b2::hyper::HyperTransport;
use b2::port::{BlockingTransport, RequestBody, ResponseBody, Transport};
use b2_core::op::Limits;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response, Uri};
use http_body::Frame;

use super::ureq_transport::UreqTransport;

/// What a spy answers itself: a status and a body, made of the token that the
/// request bears.
pub(crate) type Retort = fn(token: &str) -> (u16, String);

#[derive(Clone)]
pub(crate) struct Spy {
    transport: HyperTransport,
    shared: Arc<Mutex<Shared>>,
}

/// The same on the calling thread; it never answers itself.
pub(crate) struct BlockingSpy {
    transport: UreqTransport,
    shared: Mutex<Shared>,
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

    fn retort(&self, uri: &Uri, headers: &HeaderMap) -> Option<(u16, String)> {
        let mut shared = self.shared.lock().unwrap();
        let token = shared.note(uri, headers);
        let asked = |(operation, _): &(&str, Retort)| uri.path().contains(operation);
        let at = shared.retorts.iter().position(asked)?;
        let (_, retort) = shared.retorts.remove(at);
        Some(retort(&token))
    }
}

impl BlockingSpy {
    pub(crate) fn new() -> Self {
        Self { transport: UreqTransport::new(), shared: Mutex::default() }
    }

    pub(crate) fn secrets(&self) -> BTreeSet<String> {
        self.shared.lock().unwrap().secrets.clone()
    }
}

impl Shared {
    /// Remembers what is secret in a request; gives its token.
    fn note(&mut self, uri: &Uri, headers: &HeaderMap) -> String {
        let token = headers.get(AUTHORIZATION).and_then(|token| token.to_str().ok());
        let token = token.unwrap_or_default().trim_start_matches("Basic ").to_owned();
        self.secrets.insert(token.clone());
        if uri.path().ends_with("/b2_upload_file") {
            self.secrets.extend(parts_of(uri));
        }
        token
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
        let Some((status, body)) = self.retort(request.uri(), request.headers()) else {
            return self.transport.send(request, deadline).await;
        };
        let mut answer = Response::new(ResponseBody::new(Text(Some(body))));
        *answer.status_mut() = status.try_into().unwrap();
        Ok(answer)
    }
}

impl BlockingTransport for BlockingSpy {
    fn send(
        &self,
        request: Request<&mut dyn Read>,
        limits: &Limits,
    ) -> Result<Response<Box<dyn Read>>, TransportError> {
        self.shared.lock().unwrap().note(request.uri(), request.headers());
        self.transport.send(request, limits)
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
