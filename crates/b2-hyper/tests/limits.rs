//! How many connections there are, and for how long.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod server;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, ResponseBody, Transport};
use b2_hyper::HyperTransport;
use bytes::Bytes;
use http::Response;

const SOON: Duration = Duration::from_secs(10);

/// How many connections a server has, has had at a time, and has had at all.
#[derive(Default)]
struct Books {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

/// A server that takes its time.
fn serving(books: &Arc<Books>) -> SocketAddr {
    let books = Arc::clone(books);
    server::listen(move |_, mut stream| {
        let now = books.now.fetch_add(1, Ordering::SeqCst) + 1;
        books.most.fetch_max(now, Ordering::SeqCst);
        books.all.fetch_add(1, Ordering::SeqCst);
        let served = serve(&mut stream);
        books.now.fetch_sub(1, Ordering::SeqCst);
        served
    })
}

fn serve(stream: &mut std::net::TcpStream) -> std::io::Result<()> {
    while server::request(stream)?.is_some() {
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
    }
    Ok(())
}

/// A server that never ends its answer.
fn stuck() -> SocketAddr {
    server::listen(|_, mut stream| {
        server::head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")?;
        std::io::Read::read(&mut stream, &mut [0]).map(drop)
    })
}

async fn begin(
    transport: &HyperTransport,
    address: SocketAddr,
    deadline: Duration,
) -> Result<Response<ResponseBody>, TransportError> {
    let request = http::Request::get(format!("http://{address}/"));
    let request = request.body(RequestBody::from_bytes(Bytes::new())).unwrap();
    transport.send(request, Instant::now() + deadline).await
}

async fn get(transport: &HyperTransport, address: SocketAddr) {
    let mut body = begin(transport, address, SOON).await.unwrap().into_body();
    while let Some(chunk) = body.chunk().await {
        chunk.unwrap();
    }
}

fn at_most(connections: usize) -> HyperTransport {
    HyperTransport::builder().with_max_connections(connections).build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_number_of_requests_share_the_connections_that_are_allowed() {
    let (transport, books) = (at_most(3), Arc::new(Books::default()));
    let address = serving(&books);
    let all = (0..60).map(|_| {
        let transport = transport.clone();
        tokio::spawn(async move { get(&transport, address).await })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(books.most.load(Ordering::SeqCst), 3);
    assert_eq!(books.all.load(Ordering::SeqCst), 3, "they are used again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_make_room_for_other_hosts() {
    let (transport, books) = (at_most(2), Arc::new(Books::default()));
    let addresses: Vec<_> = (0..6).map(|_| serving(&books)).collect();
    let all = (0..60).map(|index| {
        let (transport, address) = (transport.clone(), addresses[index % 6]);
        tokio::spawn(async move { get(&transport, address).await })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    // A server learns a little later that a connection is gone.
    assert!(books.most.load(Ordering::SeqCst) <= 4, "{}", books.most.load(Ordering::SeqCst));
}

#[tokio::test]
async fn who_waits_in_vain_is_told_at_the_deadline() {
    let (transport, books) = (at_most(1), Arc::new(Books::default()));
    let held = begin(&transport, stuck(), SOON).await.unwrap();
    let begun = Instant::now();
    let other = serving(&books);
    let error = begin(&transport, other, Duration::from_millis(200)).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Timeout, Sent::Nothing));
    assert!(begun.elapsed() < Duration::from_secs(5));
    drop(held);
    get(&transport, other).await;
}

#[tokio::test]
async fn who_stops_waiting_takes_nothing_with_it() {
    let (transport, books) = (at_most(1), Arc::new(Books::default()));
    let address = serving(&books);
    let held = begin(&transport, stuck(), SOON).await.unwrap();
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let transport = transport.clone();
            tokio::spawn(async move { get(&transport, address).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for one in &waiting[..4] {
        one.abort();
    }
    assert_eq!(books.all.load(Ordering::SeqCst), 0);
    drop(held);
    let mut waiting = waiting;
    tokio::time::timeout(SOON, waiting.pop().unwrap()).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_old_connection_is_not_used_again() {
    let books = Arc::new(Books::default());
    let address = serving(&books);
    let transport =
        HyperTransport::builder().with_max_age(Duration::from_millis(300)).build().unwrap();
    get(&transport, address).await;
    get(&transport, address).await;
    assert_eq!(books.all.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_millis(350)).await;
    get(&transport, address).await;
    assert_eq!(books.all.load(Ordering::SeqCst), 2);
}
