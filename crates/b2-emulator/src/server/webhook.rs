//! Doing what time brings, and posting events to their webhooks.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http_body_util::Full;
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::exchange::now;
use crate::engine::Engine;
use crate::model::{Delivery, is_loopback};

/// How often the emulator looks whether there is something to do.
const BEAT: Duration = Duration::from_millis(200);

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Does what is due, for ever.
pub(super) async fn tend(engine: Arc<Engine>) {
    loop {
        let for_job = Arc::clone(&engine);
        let due = tokio::task::spawn_blocking(move || {
            for_job.tend(now());
            for_job.due_deliveries(now())
        });
        let mut deliveries = JoinSet::new();
        for delivery in due.await.unwrap_or_default() {
            let engine = Arc::clone(&engine);
            deliveries.spawn(async move {
                let sent = tokio::time::timeout(PATIENCE, send(&delivery));
                let outcome =
                    sent.await.unwrap_or_else(|_| Err("the webhook timed out".to_owned()));
                let noted = move || engine.settle_delivery(delivery, outcome, now());
                let _ = tokio::task::spawn_blocking(noted).await;
            });
        }
        while deliveries.join_next().await.is_some() {}
        tokio::time::sleep(BEAT).await;
    }
}

/// Posts one delivery. The emulator speaks to this machine only, in plain
/// HTTP; what is meant for elsewhere counts as delivered.
async fn send(delivery: &Delivery) -> Result<(), String> {
    let url: http::Uri = delivery.url.parse().map_err(|_| "the url is unreadable".to_owned())?;
    let (Some("http"), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Ok(());
    };
    let host = authority.host();
    if !is_loopback(host) {
        return Ok(());
    }
    let address = (host.trim_matches(['[', ']']), authority.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await.map_err(explain)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(explain)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request(delivery, &url)?).await;
    connection.abort();
    let status = response.map_err(explain)?.status();
    if status.is_success() { Ok(()) } else { Err(format!("the webhook answered {status}")) }
}

fn request(delivery: &Delivery, url: &http::Uri) -> Result<Request<Full<Bytes>>, String> {
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let host = url.authority().map_or("localhost", |authority| authority.as_str());
    let mut request = Request::post(path)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json;charset=UTF-8");
    if let Some(secret) = &delivery.secret {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, delivery.body.as_bytes());
        let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        request = request.header("X-Bz-Event-Notification-Signature", format!("v1={digits}"));
    }
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(Bytes::from(delivery.body.clone()))).map_err(explain)
}

fn explain(error: impl std::fmt::Display) -> String {
    format!("the webhook cannot be reached: {error}")
}
