//! Transports made of settings by their names.

use std::sync::Arc;
use std::time::{Duration, Instant};

use b2_core::error::TransportError;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::connect::ConnectionFacts;
use b2_hyper::settings::Settings;
use b2_hyper::{Builder, HyperTransport};
use bytes::Bytes;

pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) fn builder(texts: &[&str]) -> Builder {
    let mut settings = Settings::default();
    for text in texts {
        settings.apply(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    settings.builder().unwrap_or_else(|error| panic!("{texts:?}: {error}"))
}

pub(crate) fn with(texts: &[&str]) -> HyperTransport {
    builder(texts).build().unwrap()
}

/// Fetches a page to its end.
pub(crate) async fn get(
    transport: &HyperTransport,
    url: &str,
) -> Result<ConnectionFacts, TransportError> {
    get_within(transport, url, SOON).await
}

/// Fetches a page to its end, or gives up.
pub(crate) async fn get_within(
    transport: &HyperTransport,
    url: &str,
    patience: Duration,
) -> Result<ConnectionFacts, TransportError> {
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let answer = transport.send(request, Instant::now() + patience).await?;
    let facts = ConnectionFacts::clone(answer.extensions().get::<Arc<ConnectionFacts>>().unwrap());
    let mut body = answer.into_body();
    while let Some(chunk) = body.chunk().await {
        chunk?;
    }
    Ok(facts)
}
