//! One visit of a server, and what was agreed on for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use b2_core::error::TransportError;
use b2_core::port::{RequestBody, Transport as _};
use b2_hyper::HyperTransport;
use b2_hyper::connect::{ConnectionFacts, TlsFacts};
use bytes::Bytes;

/// Fetches a page to its end.
pub(crate) async fn get(
    transport: &HyperTransport,
    host: &str,
    port: u16,
) -> Result<TlsFacts, TransportError> {
    let url = format!("https://{host}:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let answer = transport.send(request, Instant::now() + Duration::from_secs(10)).await?;
    let facts = Arc::clone(answer.extensions().get::<Arc<ConnectionFacts>>().unwrap());
    let mut body = answer.into_body();
    while let Some(chunk) = body.chunk().await {
        chunk?;
    }
    Ok(facts.tls.clone().unwrap())
}
