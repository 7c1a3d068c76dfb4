//! What a case wants sent, and what came of it.

use std::time::{Duration, Instant};

use b2_core::error::{TransportError, TransportErrorKind};
use b2_core::op::Limits;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

use super::case::Flaw;
use super::pattern::Content;

/// A request in the words of a case.
#[derive(Clone)]
pub(crate) struct Ask {
    method: Method,
    url: String,
    headers: HeaderMap,
    pub(crate) content: Content,
    /// How long it may take, counted from the moment it is sent.
    pub(crate) patience: Duration,
    /// How long it may be silent, if that is less.
    pub(crate) stall: Option<Duration>,
}

impl Ask {
    fn new(method: Method, url: String, content: Content) -> Self {
        let patience = Duration::from_secs(10);
        Self { method, url, headers: HeaderMap::new(), content, patience, stall: None }
    }

    pub(crate) fn get(url: String) -> Self {
        Self::new(Method::GET, url, Content::none())
    }

    pub(crate) fn head(url: String) -> Self {
        Self::new(Method::HEAD, url, Content::none())
    }

    /// A POST says its length even if it is zero.
    pub(crate) fn post(url: String, content: Content) -> Self {
        let length = HeaderValue::from(content.announced);
        let mut ask = Self::new(Method::POST, url, content);
        ask.headers.insert(http::header::CONTENT_LENGTH, length);
        ask
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A shorter limit for silence than for the whole.
    pub(crate) fn with_stall(mut self, stall: Duration) -> Self {
        self.stall = Some(stall);
        self
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The moment at which the transport has to give up.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// The same for a transport that bounds its waits too.
    pub(crate) fn limits(&self) -> Limits {
        Limits::new(Instant::now(), self.patience, self.stall.unwrap_or(self.patience))
    }

    /// The request, around any kind of body.
    pub(crate) fn request<B>(&self, body: B) -> Result<Request<B>, http::Error> {
        let mut request =
            Request::builder().method(self.method.clone()).uri(&self.url).body(body)?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}

/// What a transport gave back.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result<Answer, TransportError>,
    /// From sending to the last byte of the answer or the error.
    pub(crate) elapsed: Duration,
}

/// Of a body that never ends, this many bytes are kept.
pub(crate) const KEPT: usize = 32 << 20;

/// An answer with what came of its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Its first [`KEPT`] bytes.
    pub(crate) body: Vec<u8>,
    /// Why the body broke off, if it did.
    pub(crate) broke: Option<TransportError>,
}

impl Outcome {
    /// The answer, which has to be whole.
    pub(crate) fn whole(self) -> Result<Answer, Flaw> {
        let answer = self.begun()?;
        match &answer.broke {
            None => Ok(answer),
            Some(error) => {
                Err(Flaw::new(format!("the body of the answer broke: {}", story(error))))
            }
        }
    }

    /// The answer, whole or not.
    pub(crate) fn begun(self) -> Result<Answer, Flaw> {
        self.result.map_err(|error| Flaw::new(format!("no answer but {}", story(&error))))
    }

    /// The error that came instead of an answer.
    pub(crate) fn failed(self, kind: TransportErrorKind) -> Result<TransportError, Flaw> {
        match self.result {
            Err(error) => of_kind(error, kind),
            Ok(answer) => Err(Flaw::new(format!("an answer {} but no {kind:?}", answer.status))),
        }
    }

    /// Whatever error there was, before the answer or inside it.
    pub(crate) fn error(self) -> Option<TransportError> {
        match self.result {
            Err(error) => Some(error),
            Ok(answer) => answer.broke,
        }
    }
}

impl Answer {
    /// The error inside the body of the answer.
    pub(crate) fn broken(self, kind: TransportErrorKind) -> Result<TransportError, Flaw> {
        match self.broke {
            Some(error) => of_kind(error, kind),
            None => Err(Flaw::new(format!(
                "{} bytes as if that were the whole body, but no {kind:?}",
                self.body.len()
            ))),
        }
    }

    /// All values of a header.
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect()
    }
}

fn of_kind(error: TransportError, kind: TransportErrorKind) -> Result<TransportError, Flaw> {
    if error.kind == kind {
        Ok(error)
    } else {
        Err(Flaw::new(format!("{kind:?} was due but came {}", story(&error))))
    }
}

/// An error with its causes.
pub(crate) fn story(error: &TransportError) -> String {
    let mut text = format!("{:?} ({:?})", error.kind, error.sent);
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
