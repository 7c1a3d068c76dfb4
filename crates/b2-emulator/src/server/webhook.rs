//! Doing what time brings, and posting events to their webhooks.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http_body_util::Full;
use hyper::Request;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::control::Control;
use crate::model::{Delivery, is_loopback};

/// How many changes are waited for before they are looked at together.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which certificates of HTTPS webhooks are trusted: the emulator's own, and
/// those in a file.
#[derive(Clone)]
pub(super) struct Trust(TlsConnector);

type Failure = Box<dyn Error + Send + Sync>;

impl Trust {
    pub(super) fn new(own: Option<&str>, file: Option<&Path>) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        let more = file.map(std::fs::read_to_string).transpose()?;
        for pem in own.into_iter().chain(more.as_deref()) {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(certificate?)?;
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

/// Carries out lifecycle rules and replication, for ever; sleeps until
/// something is due.
pub(super) async fn tend(control: Arc<Control>) {
    let mut bell = control.engine.bell.subscribe();
    loop {
        let for_job = Arc::clone(&control);
        let tended = tokio::task::spawn_blocking(move || {
            for_job.engine.tend(for_job.clock.now());
            for_job.idle()
        });
        let idle = tended.await.unwrap_or(PATIENCE);
        tokio::select! {
            () = tokio::time::sleep(idle) => {}
            _ = bell.changed() => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Posts events, for ever; sleeps until one is due. A queue whose receiver
/// takes its time is busy meanwhile, and the others go on.
pub(super) async fn post_events(control: Arc<Control>, trust: Trust) {
    let mut bell = control.engine.bell.subscribe();
    let (mut busy, mut rounds) = (HashSet::new(), JoinSet::new());
    loop {
        let (for_job, skip) = (Arc::clone(&control), busy.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let due = for_job.engine.due_deliveries(for_job.clock.now(), &skip);
            let skip = due.iter().map(|delivery| delivery.queue.clone()).chain(skip).collect();
            let next = for_job.engine.next_delivery(for_job.clock.now(), &skip);
            (due, skip, next.map(|next| for_job.until(next).max(PAUSE)))
        });
        let Ok((due, skip, next)) = looked.await else {
            tokio::time::sleep(PATIENCE).await;
            continue;
        };
        busy = skip;
        for (queue, round) in by_queue(due) {
            let (control, trust) = (Arc::clone(&control), trust.clone());
            rounds.spawn(async move {
                deliver(&control, &trust, round).await;
                queue
            });
        }
        let sleep = async {
            match next {
                Some(next) => tokio::time::sleep(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sleep => {}
            _ = bell.changed() => tokio::time::sleep(PAUSE).await,
            Some(done) = rounds.join_next() => match done {
                Ok(queue) => { busy.remove(&queue); }
                // Which one it was is not known; receivers expect repetition.
                Err(_) => busy.clear(),
            },
        }
    }
}

fn by_queue(due: Vec<Delivery>) -> BTreeMap<Vec<u8>, Vec<Delivery>> {
    let mut rounds: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for delivery in due {
        rounds.entry(delivery.queue.clone()).or_default().push(delivery);
    }
    rounds
}

async fn deliver(control: &Arc<Control>, trust: &Trust, due: Vec<Delivery>) {
    let mut deliveries = JoinSet::new();
    for delivery in due {
        let (control, trust) = (Arc::clone(control), trust.clone());
        deliveries.spawn(async move {
            let sent = tokio::time::timeout(PATIENCE, send(&delivery, &trust));
            let outcome = sent.await.unwrap_or_else(|_| Err("the webhook timed out".to_owned()));
            let noted = move || {
                let now = control.clock.now();
                control.engine.settle_delivery(delivery, outcome, now);
            };
            let _ = tokio::task::spawn_blocking(noted).await;
        });
    }
    while deliveries.join_next().await.is_some() {}
}

/// Posts one delivery. The emulator speaks to this machine only; what is meant
/// for elsewhere counts as delivered.
async fn send(delivery: &Delivery, trust: &Trust) -> Result<(), String> {
    let url: http::Uri = delivery.url.parse().map_err(|_| "the url is unreadable".to_owned())?;
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Ok(());
    };
    let is_https = scheme == "https";
    let host = authority.host();
    if !is_loopback(host) {
        return Ok(());
    }
    let name = host.trim_matches(['[', ']']);
    let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let stream = TcpStream::connect((name, port)).await.map_err(explain)?;
    if is_https {
        let name = ServerName::try_from(name.to_owned()).map_err(explain)?;
        let stream = trust.0.connect(name, stream).await.map_err(explain)?;
        post(delivery, &url, stream).await
    } else {
        post(delivery, &url, stream).await
    }
}

async fn post<S>(delivery: &Delivery, url: &http::Uri, stream: S) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(explain)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request(delivery, url)?).await;
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
