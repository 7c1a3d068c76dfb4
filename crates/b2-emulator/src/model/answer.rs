//! A complete answer, except that stored bytes are named and not carried.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::calendar::Moment;
use super::refusal::{Failure, Refusal};
use crate::blob::Segment;
use crate::store::StoreError;

/// Not documented, but clients that find it put it into their messages.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-bz-request-id");

/// Status, headers and body of one response.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Payload,
}

/// What follows the headers.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Bytes(Bytes),
    /// Stretches of blobs, one after the other.
    Stored(Vec<Segment>),
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn json(value: &Value) -> Self {
        let mut answer = Self::plain(StatusCode::OK, value.to_string().into());
        answer.set(CONTENT_TYPE, "application/json;charset=UTF-8");
        answer.set(CACHE_CONTROL, "max-age=0, no-cache, no-store");
        answer
    }

    /// 200 with an array `files` and then, in the same object, the members of
    /// `rest`, of which there is one at least.
    pub(crate) fn page(files: impl Iterator<Item = Value>, rest: &Value) -> Self {
        let mut body = String::from("{\"files\":[");
        for (index, file) in files.enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(&file.to_string());
        }
        body.push_str("],");
        body.push_str(rest.to_string().trim_start_matches('{'));
        let mut answer = Self::json(&Value::Null);
        answer.body = Payload::Bytes(body.into());
        answer
    }

    pub(crate) fn plain(status: StatusCode, body: Bytes) -> Self {
        Self { status, headers: HeaderMap::new(), body: Payload::Bytes(body) }
    }

    pub(crate) fn refusal(refusal: &Refusal) -> Self {
        let body = json!({
            "code": refusal.code,
            "message": refusal.message,
            "status": refusal.status,
        });
        let mut answer = Self::json(&body);
        answer.status =
            StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer.set(CONTENT_TYPE, "application/json;charset=utf-8");
        answer
    }

    /// The emulator cannot reach its own data. Clients try again later.
    pub(crate) fn trouble(error: &StoreError) -> Self {
        let (status, code) = match error {
            StoreError::Corrupt(_) => (500, "internal_error"),
            _ => (503, "service_unavailable"),
        };
        // What the disk said is what helps.
        let causes =
            std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let message = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        Self::refusal(&Refusal { status, code, message })
    }

    /// An error that no rule gives.
    pub(crate) fn error(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::refusal(&Refusal { status, code, message: message.into() })
    }

    /// An error that a tester asked for; the code can be anything.
    #[cfg(feature = "server")]
    pub(crate) fn injected(status: u16, code: &str) -> Self {
        let body = json!({"code": code, "message": "injected fault", "status": status});
        let mut answer = Self::json(&body);
        answer.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer
    }

    pub(crate) fn failure(failure: &Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::refusal(refusal),
            Failure::Store(error) => Self::trouble(error),
        }
    }

    /// Sets a header whose value is known to be legal; others are dropped.
    ///
    /// Values that come from clients are checked when they arrive, so nothing
    /// is lost here in practice and nothing can break the response head.
    pub(crate) fn set(&mut self, name: HeaderName, value: impl AsRef<[u8]>) {
        if let Ok(value) = HeaderValue::from_bytes(value.as_ref()) {
            self.headers.insert(name, value);
        }
    }

    /// Sets an `X-Bz-…` header by its spelling.
    pub(crate) fn set_named(&mut self, name: &str, value: impl AsRef<[u8]>) {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            self.set(name, value);
        }
    }

    /// Adds what every response carries and drops the body of a HEAD.
    pub(crate) fn complete(mut self, now: u64, is_head: bool) -> Self {
        self.set(DATE, Moment::from_millis(now).http_date());
        let is_error = !self.status.is_success();
        let len = if is_head && is_error { 0 } else { self.body.len() };
        self.set(CONTENT_LENGTH, len.to_string());
        if is_head {
            self.body = Payload::Bytes(Bytes::new());
        }
        self
    }
}

impl Payload {
    /// Bytes of the whole body.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stored(segments) => segments.iter().map(|segment| segment.len).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_repeats_its_status_and_loses_its_body_on_head() {
        let refusal = Refusal { status: 404, code: "not_found", message: "gone".to_owned() };
        let answer = Answer::refusal(&refusal).complete(0, false);
        assert_eq!(answer.status, 404);
        assert_eq!(answer.headers[DATE], "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(answer.headers[CONTENT_TYPE], "application/json;charset=utf-8");
        let Payload::Bytes(body) = &answer.body else { panic!("bytes expected") };
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body, json!({"code": "not_found", "message": "gone", "status": 404}));

        let answer = Answer::refusal(&refusal).complete(0, true);
        assert_eq!(answer.headers[CONTENT_LENGTH], "0");
        assert_eq!(answer.body.len(), 0);
    }
}
