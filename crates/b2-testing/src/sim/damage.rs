//! What answers look like, and what they look like after an accident.

use b2_core::error::Error;
use bytes::Bytes;
use http::Response;

use crate::sim::network::{Flight, Landing};

/// Whether an answer tells the client that its token is dead.
pub(crate) fn stale(landing: &Landing) -> bool {
    let Landing::Answer { response, .. } = landing else {
        return false;
    };
    let json = serde_json::from_slice::<serde_json::Value>(response.body()).unwrap_or_default();
    matches!(json["code"].as_str(), Some("expired_auth_token" | "bad_auth_token"))
}

/// File content loses a bit; JSON turns into something else altogether, as
/// damage that is still valid JSON cannot be noticed without TLS.
pub(crate) fn corrupt(response: Response<Bytes>, flight: &Flight) -> Response<Bytes> {
    let download = flight.transmit.operation.starts_with("b2_download");
    response.map(|body| match body.first() {
        Some(first) if download => {
            let mut damaged = body.to_vec();
            damaged[0] = first ^ 0x20;
            damaged.into()
        }
        None => body,
        Some(_) => Bytes::from_static(b"{\"acc"),
    })
}

pub(crate) fn in_full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
