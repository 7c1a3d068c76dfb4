//! One GiB with our transport.

use std::time::{Duration, Instant};

use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use bytes::Bytes;

use crate::body::Repeated;
use crate::{Failure, Move, SIZE};

pub(crate) async fn go(way: Move, url: &str, certificate: &[u8]) -> Result<u64, Failure> {
    let transport = HyperTransport::builder()
        .with_platform_roots(false)
        .with_root_certificates_pem(certificate)
        .build()?;
    let request = match way {
        Move::Upload => http::Request::post(url).body(RequestBody::new(Repeated::new(), SIZE)),
        Move::Download => http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())),
    };
    let answer = transport.send(request?, Instant::now() + Duration::from_secs(600)).await?;
    let mut body = answer.into_body();
    let mut came = 0;
    while let Some(chunk) = body.chunk().await {
        came += chunk?.len() as u64;
    }
    Ok(if way == Move::Upload { SIZE } else { came })
}
