//! Building requests: absolute URLs, sensitive headers, exact lengths.

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT,
};
use http::{Method, Uri};
use serde_json::Value;

use crate::account::Config;
use crate::error::{Error, ProtocolError, RequestError};
use crate::mark::Document;
use crate::plan::BodyPlan;
use b2_proto::header;

/// Collects the parts of one request.
#[derive(Debug)]
pub(crate) struct RequestBuilder {
    operation: &'static str,
    request: http::Request<()>,
}

impl RequestBuilder {
    /// A request with the headers that every request bears.
    pub(crate) fn new(
        operation: &'static str,
        method: Method,
        uri: &str,
        config: &Config,
    ) -> Result<Self, Error> {
        let mut request = http::Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = absolute(operation, uri)?;
        let mut builder = Self { operation, request };
        builder.insert(USER_AGENT, config.user_agent(), false)?;
        if let Some(mode) = config.test_mode() {
            builder.insert(HeaderName::from_static(header::TEST_MODE), mode.as_str(), false)?;
        }
        Ok(builder)
    }

    /// A token or password; marked so that no `Debug` prints it.
    pub(crate) fn authorization(mut self, value: &str) -> Result<Self, Error> {
        self.insert(AUTHORIZATION, value, true)?;
        Ok(self)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        self.insert(self.name(name)?, value, false)?;
        Ok(self)
    }

    /// Whatever headers `add` adds.
    pub(crate) fn headers(
        mut self,
        add: impl FnOnce(&mut http::HeaderMap) -> Result<(), RequestError>,
    ) -> Result<Self, Error> {
        match add(self.request.headers_mut()) {
            Ok(()) => Ok(self),
            Err(source) => {
                Err(Error::Request { operation: self.operation, source: Box::new(source) })
            }
        }
    }

    fn name(&self, name: &str) -> Result<HeaderName, Error> {
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| self.refuse(name))
    }

    fn insert(&mut self, name: HeaderName, value: &str, sensitive: bool) -> Result<(), Error> {
        let Ok(mut value) = HeaderValue::from_str(value) else {
            return Err(self.refuse(name.as_str()));
        };
        value.set_sensitive(sensitive);
        self.request.headers_mut().insert(name, value);
        Ok(())
    }

    fn refuse(&self, name: &str) -> Error {
        let source = Box::new(RequestError::Header { name: name.into() });
        Error::Request { operation: self.operation, source }
    }

    /// The answer is a document, whatever the request is.
    pub(crate) fn for_document(mut self) -> Self {
        self.request.extensions_mut().insert(Document::new());
        self
    }

    pub(crate) fn json(self, body: Bytes) -> http::Request<BodyPlan> {
        let mut builder = self.for_document();
        let json = HeaderValue::from_static("application/json");
        builder.request.headers_mut().insert(CONTENT_TYPE, json);
        builder.body(BodyPlan::Bytes(body))
    }

    /// Adds the body and its exact length. A request without a body bears no
    /// length, as GET and HEAD should not.
    pub(crate) fn body(mut self, plan: BodyPlan) -> http::Request<BodyPlan> {
        if plan != BodyPlan::Empty {
            let length = HeaderValue::from(plan.wire_len());
            self.request.headers_mut().insert(CONTENT_LENGTH, length);
        }
        self.request.map(|()| plan)
    }
}

/// A URL from B2 or the configuration: absolute, `http` or `https`.
fn absolute(operation: &'static str, text: &str) -> Result<Uri, Error> {
    let uri = text.parse::<Uri>().ok().filter(|uri| {
        uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && matches!(uri.scheme_str(), Some("http" | "https"))
    });
    let refusal = || Error::Request { operation, source: Box::new(RequestError::Url) };
    uri.ok_or_else(refusal)
}

/// A request as JSON.
pub(crate) fn to_json<T: serde::Serialize>(
    operation: &'static str,
    request: &T,
) -> Result<Bytes, Error> {
    serde_json::to_vec(request).map(Bytes::from).map_err(|error| Error::Protocol {
        operation,
        source: Box::new(ProtocolError::Json { reason: json_reason(&error) }),
    })
}

/// Why JSON could not be read, without any of its content: an answer may
/// hold a token.
pub(crate) fn json_reason(error: &serde_json::Error) -> Box<str> {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "it could not be read",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a field is missing or has another type",
        serde_json::error::Category::Eof => "it ends too early",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column()).into()
}

/// A field of a JSON object as text, if it is one.
pub(crate) fn text_field<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}
