//! Limits and interruptions, as the other end sees them.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod server;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, ResponseBody, Transport};
use b2_hyper::pace::RateLimit;
use b2_hyper::settings::Settings;
use b2_hyper::{HyperTransport, UrlPolicy};
use bytes::Bytes;

const SOON: Duration = Duration::from_secs(20);

async fn send(
    transport: &HyperTransport,
    url: &str,
    len: usize,
) -> Result<http::Response<ResponseBody>, TransportError> {
    let body = RequestBody::from_bytes(Bytes::from(vec![7; len]));
    let request = http::Request::post(url).body(body).unwrap();
    transport.send(request, Instant::now() + SOON).await
}

async fn drain(mut body: ResponseBody) -> Result<usize, TransportError> {
    let mut came = 0;
    while let Some(chunk) = body.chunk().await {
        came += chunk?.len();
    }
    Ok(came)
}

/// A server that tells how much of each body came by 300 ms after its head.
fn halfway() -> (SocketAddr, Receiver<usize>) {
    let (told, amounts) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |_, mut stream| {
        let head = server::head(&mut stream)?.unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let (length, end) =
            (length.parse::<usize>().unwrap(), Instant::now() + Duration::from_millis(300));
        let (mut came, mut by_then, mut buffer) = (0, 0, vec![0; 65_536]);
        while came < length {
            came += stream.read(&mut buffer)?;
            if Instant::now() < end {
                by_then = came;
            }
        }
        let _ = told.lock().unwrap().send(by_then);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    });
    (address, amounts)
}

/// Amounts, not times: a busy machine is late, but never ahead of a limit.
#[tokio::test]
async fn a_limit_holds_back_what_is_sent_until_it_is_lifted() {
    let (server, amounts) = halfway();
    let limit = RateLimit::new(1_000_000);
    let transport = HyperTransport::builder().with_send_limit(limit.clone()).build().unwrap();
    let lifting = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        limit.set(0);
    };
    let url = format!("http://{server}/");
    let begun = Instant::now();
    let (answer, ()) = tokio::join!(send(&transport, &url, 30_000_000), lifting);
    assert_eq!(answer.unwrap().status(), 200);
    assert!(begun.elapsed() < Duration::from_secs(15), "the limit was not lifted");
    let by_then = amounts.recv_timeout(SOON).unwrap();
    assert!(by_then <= 450_000, "{by_then} bytes in 300 ms");
}

#[tokio::test]
async fn a_limit_has_a_name() {
    let (server, amounts) = halfway();
    let mut settings = Settings::default();
    settings.apply("MaxTransferRate=1000000").unwrap();
    let transport = settings.builder().unwrap().build().unwrap();
    let begun = Instant::now();
    send(&transport, &format!("http://{server}/"), 800_000).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
    let by_then = amounts.recv_timeout(SOON).unwrap();
    assert!(by_then <= 450_000, "{by_then} bytes in 300 ms");
}

#[tokio::test]
async fn a_limit_holds_back_what_is_received() {
    let server = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n")?;
        stream.write_all(&vec![7; 300_000])
    });
    let limit = RateLimit::new(500_000);
    let transport = HyperTransport::builder().with_receive_limit(limit).build().unwrap();
    let begun = Instant::now();
    let answer = send(&transport, &format!("http://{server}/"), 1).await.unwrap();
    assert_eq!(drain(answer.into_body()).await.unwrap(), 300_000);
    assert!(begun.elapsed() >= Duration::from_millis(450), "{:?}", begun.elapsed());
}

/// A server that sends a head and a few bytes, and tells when a client left.
fn trickling() -> (SocketAddr, Receiver<()>) {
    let (left, gone) = channel();
    let left = Mutex::new(left);
    let address = server::listen(move |_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome")?;
        let _ = stream.read(&mut [0]);
        let _ = left.lock().unwrap().send(());
        Ok(())
    });
    (address, gone)
}

#[tokio::test]
async fn an_interruption_ends_what_runs_from_another_thread() {
    let (server, gone) = trickling();
    let transport = HyperTransport::new().unwrap();
    let url = format!("http://{server}/");
    let answer = send(&transport, &url, 1).await.unwrap();
    let other = transport.clone();
    let caller = std::thread::spawn(move || other.interrupt());
    let error = drain(answer.into_body()).await.unwrap_err();
    caller.join().unwrap();
    assert_eq!((error.kind, error.sent), (Kind::Interrupted, Sent::Maybe));
    assert!(error.source.unwrap().to_string().contains("interrupted"));
    tokio::task::spawn_blocking(move || gone.recv_timeout(SOON).unwrap()).await.unwrap();
    // What begins later is not concerned.
    assert_eq!(send(&transport, &url, 1).await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_interruption_ends_an_attempt_to_connect() {
    // Nobody accepts, and TLS waits for an answer.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let transport = HyperTransport::new().unwrap();
    let interrupting = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        transport.interrupt();
    };
    let (answer, ()) = tokio::join!(send(&transport, &url, 1), interrupting);
    let error = answer.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Interrupted, Sent::Nothing));
}

#[tokio::test]
async fn a_total_timeout_ends_an_answer_that_takes_too_long() {
    let (server, _gone) = trickling();
    let total = Duration::from_millis(200);
    let transport = HyperTransport::builder().with_total_timeout(total).build().unwrap();
    let answer = send(&transport, &format!("http://{server}/"), 1).await.unwrap();
    assert_eq!(drain(answer.into_body()).await.unwrap_err().kind, Kind::Timeout);
}

#[tokio::test]
async fn a_url_that_the_policy_does_not_allow_is_not_even_dialled() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    for policy in [UrlPolicy::backblaze(), UrlPolicy::https_only()] {
        let transport = HyperTransport::builder().with_url_policy(policy).build().unwrap();
        let error = send(&transport, &url, 1).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (Kind::Refused, Sent::Nothing));
        assert!(listener.accept().is_err(), "someone came");
    }
}
