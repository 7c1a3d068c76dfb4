//! What the conformance suite cannot see from outside: the pool, the silence,
//! and what happens when the reactor is behind.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod server;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, ResponseBody, Transport};
use b2_hyper::HyperTransport;
use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::oneshot;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const SOON: Duration = Duration::from_secs(10);

type Answer = Result<http::Response<ResponseBody>, TransportError>;

async fn send(transport: &HyperTransport, address: SocketAddr, body: RequestBody) -> Answer {
    let request = http::Request::post(format!("http://{address}/")).body(body).unwrap();
    transport.send(request, Instant::now() + Duration::from_secs(60)).await
}

async fn post(transport: &HyperTransport, address: SocketAddr, len: usize) -> Answer {
    send(transport, address, RequestBody::from_bytes(vec![7; len].into())).await
}

async fn text(answer: Answer) -> String {
    let mut body = answer.unwrap().into_body();
    let mut text = String::new();
    while let Some(chunk) = body.chunk().await {
        text.push_str(str::from_utf8(&chunk.unwrap()).unwrap());
    }
    text
}

/// Text of an error with its causes.
fn story(error: &TransportError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

/// A server that answers each request and says when a client is gone.
fn watcher() -> (SocketAddr, Receiver<usize>) {
    let (gone, watch) = channel();
    let gone = Mutex::new(gone);
    let address = server::listen(move |number, mut stream| {
        while server::request(&mut stream)?.is_some() {
            stream.write_all(OK)?;
        }
        gone.lock().unwrap().send(number).unwrap();
        Ok(())
    });
    (address, watch)
}

/// Waits for what a server says without blocking the runtime.
async fn hear(watch: Receiver<usize>) -> Option<usize> {
    tokio::task::spawn_blocking(move || watch.recv_timeout(SOON).ok()).await.unwrap()
}

/// A server that answers once on each connection and closes it.
fn hangs_up() -> (SocketAddr, Receiver<usize>) {
    let (closed, watch) = channel();
    let closed = Mutex::new(closed);
    let address = server::listen(move |number, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(OK)?;
        drop(stream);
        closed.lock().unwrap().send(number).unwrap();
        Ok(())
    });
    (address, watch)
}

#[tokio::test]
async fn a_connection_closed_behind_the_reactors_back_is_not_used() {
    let transport = HyperTransport::new().unwrap();
    let (address, closed) = hangs_up();
    for number in 0..5 {
        assert_eq!(text(post(&transport, address, 1000).await).await, "ok");
        // Blocks the only thread on purpose: the reactor cannot learn that
        // the server has hung up.
        assert_eq!(closed.recv_timeout(SOON), Ok(number));
    }
}

#[tokio::test]
async fn a_connection_that_waited_too_long_is_closed() {
    let transport =
        HyperTransport::builder().with_idle_timeout(Duration::from_millis(50)).build().unwrap();
    let (address, gone) = watcher();
    text(post(&transport, address, 1).await).await;
    assert_eq!(hear(gone).await, Some(0));
    drop(transport);
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_let_go() {
    let ((gone, watch), (go_on, wait)) = (channel(), channel::<()>());
    let (gone, wait) = (Mutex::new(gone), Mutex::new(wait));
    let address = server::listen(move |number, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(OK)?;
        let _ = wait.lock().unwrap().recv_timeout(SOON);
        stream.shutdown(std::net::Shutdown::Write)?;
        while stream.read(&mut [0])? > 0 {}
        gone.lock().unwrap().send(number).unwrap();
        Ok(())
    });
    let transport = HyperTransport::new().unwrap();
    text(post(&transport, address, 1).await).await;
    go_on.send(()).unwrap();
    assert_eq!(hear(watch).await, Some(0));
}

#[tokio::test]
async fn dropping_the_transport_closes_what_is_idle() {
    let transport = HyperTransport::new().unwrap();
    let (address, gone) = watcher();
    text(post(&transport, address, 1).await).await;
    drop(transport);
    assert_eq!(hear(gone).await, Some(0));
}

#[tokio::test]
async fn no_more_connections_are_kept_than_allowed() {
    for most in [0, 1, 2] {
        let transport = HyperTransport::builder().with_max_idle_per_host(most).build().unwrap();
        let (address, gone) = watcher();
        // Three at once need three connections, and all become idle.
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(post(&transport, address, 1).await);
        }
        for answer in answers {
            text(answer).await;
        }
        let (gone, mut closed) = tokio::task::spawn_blocking(move || {
            let closed = (most..3).map(|_| gone.recv_timeout(SOON).unwrap());
            let closed: Vec<_> = closed.collect();
            (gone, closed)
        })
        .await
        .unwrap();
        closed.sort_unstable();
        let oldest: Vec<_> = (0..3 - most).collect();
        assert_eq!(closed, oldest, "{most} may be kept");
        drop(transport);
        if most > 0 {
            assert!(hear(gone).await.is_some(), "{most} were kept");
        }
    }
}

#[tokio::test]
async fn endless_patience_is_no_panic() {
    let transport = HyperTransport::builder()
        .with_connect_timeout(Duration::MAX)
        .with_inactivity_timeout(Duration::MAX)
        .with_idle_timeout(Duration::MAX)
        .build()
        .unwrap();
    let (address, _gone) = watcher();
    for _ in 0..2 {
        assert_eq!(text(post(&transport, address, 100_000).await).await, "ok");
    }
}

#[tokio::test]
async fn clones_share_connections() {
    let transport = HyperTransport::new().unwrap();
    let (address, gone) = watcher();
    text(post(&transport.clone(), address, 1).await).await;
    text(post(&transport, address, 1).await).await;
    drop(transport);
    assert_eq!(hear(gone).await, Some(0));
}

/// A transport that does not bear much silence.
fn impatient() -> HyperTransport {
    let silence = Duration::from_millis(150);
    HyperTransport::builder().with_inactivity_timeout(silence).build().unwrap()
}

#[track_caller]
fn silent(error: &TransportError, begin: Instant) {
    assert_eq!(error.kind, Kind::Timeout);
    assert!(story(error).contains("no byte moved for 150ms"), "{}", story(error));
    assert!(begin.elapsed() < SOON, "it took {:?}", begin.elapsed());
}

#[tokio::test]
async fn a_request_that_nobody_reads_is_given_up() {
    let address = server::listen(|_, mut stream| {
        server::head(&mut stream)?;
        std::thread::sleep(SOON * 2);
        Ok(())
    });
    let begin = Instant::now();
    let error = post(&impatient(), address, 50_000_000).await.unwrap_err();
    silent(&error, begin);
    assert_eq!(error.sent, Sent::Nothing, "its last byte never left");
}

#[tokio::test]
async fn a_source_that_never_gives_is_given_up() {
    let (address, _) = watcher();
    let begin = Instant::now();
    let (_gate, waits) = oneshot::channel();
    let body = RequestBody::new(Gated::new(100_000, waits), 200_000);
    let error = send(&impatient(), address, body).await.unwrap_err();
    silent(&error, begin);
    assert_eq!(error.sent, Sent::Nothing);
}

#[tokio::test]
async fn an_answer_that_stops_is_given_up() {
    let address = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nonly")?;
        stream.read(&mut [0]).map(drop)
    });
    let begin = Instant::now();
    let mut body = post(&impatient(), address, 1).await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "only");
    silent(&body.chunk().await.unwrap().unwrap_err(), begin);
    assert!(body.chunk().await.is_none(), "an answer breaks once");
}

#[tokio::test]
async fn a_server_may_think_longer_than_it_may_be_silent() {
    let address = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        std::thread::sleep(Duration::from_millis(600));
        stream.write_all(OK)
    });
    assert_eq!(text(post(&impatient(), address, 100_000).await).await, "ok");
}

#[tokio::test]
async fn time_in_which_nobody_reads_is_not_silence() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let address = server::listen(move |_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")?;
        let _ = wait.lock().unwrap().recv_timeout(SOON);
        // Late enough that the first poll finds nothing.
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(b"done")
    });
    let mut body = post(&impatient(), address, 1).await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "half");
    tokio::time::sleep(Duration::from_millis(400)).await;
    go_on.send(()).unwrap();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "done");
    assert!(body.chunk().await.is_none());
}

#[tokio::test]
async fn once_there_is_an_answer_a_failing_source_does_not_spoil_it() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let address = server::listen(move |_, mut stream| {
        server::head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 8\r\n\r\nhalf")?;
        let _ = wait.lock().unwrap().recv_timeout(SOON);
        stream.write_all(b"done")
    });
    let (gate, waits) = oneshot::channel();
    let body = RequestBody::new(Gated::new(100_000, waits), 200_000);
    let answer = send(&HyperTransport::new().unwrap(), address, body).await.unwrap();
    assert_eq!(answer.status(), 503);
    let mut body = answer.into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "half");
    gate.send(()).unwrap();
    // The source fails while the connection is waiting for the rest.
    let rest = tokio::spawn(async move { body.chunk().await });
    tokio::task::yield_now().await;
    go_on.send(()).unwrap();
    assert_eq!(rest.await.unwrap().unwrap().unwrap(), "done");
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let transport = HyperTransport::new().unwrap();
    let request = http::Request::get("http://127.0.0.1:1/")
        .body(RequestBody::from_bytes(Bytes::new()))
        .unwrap();
    let mut sending = Box::pin(transport.send(request, Instant::now() + SOON));
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(Err(error)) = sending.as_mut().poll(&mut cx) else { panic!("no error") };
    assert_eq!((error.kind, error.sent), (Kind::Other, Sent::Nothing));
    assert!(story(&error).contains("no tokio runtime"), "{}", story(&error));
}

#[tokio::test]
async fn a_transport_outlives_its_runtime() {
    let transport =
        HyperTransport::builder().with_idle_timeout(Duration::from_millis(50)).build().unwrap();
    let (address, gone) = watcher();
    let other = transport.clone();
    let elsewhere = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { text(post(&other, address, 1).await).await })
    });
    assert_eq!(tokio::task::spawn_blocking(|| elsewhere.join().unwrap()).await.unwrap(), "ok");
    // The task that closes idle connections died with the other runtime.
    assert_eq!(text(post(&transport, address, 1).await).await, "ok");
    let gone = tokio::task::spawn_blocking(move || {
        [gone.recv_timeout(SOON).unwrap(), gone.recv_timeout(SOON).unwrap()]
    });
    assert_eq!(gone.await.unwrap(), [0, 1]);
    drop(transport);
}

#[tokio::test]
async fn a_body_that_should_be_empty_and_is_not_fails() {
    let (address, _gone) = watcher();
    let (_gate, waits) = oneshot::channel();
    let body = RequestBody::new(Gated::new(1, waits), 0);
    let error = send(&HyperTransport::new().unwrap(), address, body).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Other, Sent::Nothing));
    assert!(story(&error).contains("longer than announced"), "{}", story(&error));
}

/// Some bytes, then an error, but not before the gate opens.
struct Gated {
    first: Option<Bytes>,
    gate: oneshot::Receiver<()>,
}

impl Gated {
    fn new(first: usize, gate: oneshot::Receiver<()>) -> Self {
        Self { first: Some(vec![7; first].into()), gate }
    }
}

impl Body for Gated {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let _ = ready!(Pin::new(&mut self.gate).poll(cx));
        Poll::Ready(Some(Err(std::io::Error::other("the gate opened"))))
    }
}
