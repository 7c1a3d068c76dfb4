//! What is set on sockets, as the other end and the kernel see it.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod server;

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use b2_core::error::TransportErrorKind as Kind;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::connect::{ConnectionFacts, Family, KeepAlive, SocketOptions};
use bytes::Bytes;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const SOON: Duration = Duration::from_secs(10);

fn with(options: SocketOptions) -> HyperTransport {
    HyperTransport::builder().with_socket_options(options).build().unwrap()
}

/// A server that answers everything and tells who came and how each left.
fn telling() -> (SocketAddr, Receiver<SocketAddr>, Receiver<Option<ErrorKind>>) {
    let ((came, who), (left, how)) = (channel(), channel());
    let (came, left) = (Mutex::new(came), Mutex::new(left));
    let address = server::listen(move |_, mut stream| {
        let _ = came.lock().unwrap().send(stream.peer_addr()?);
        let ended = loop {
            match server::request(&mut stream) {
                Ok(Some(_)) => stream.write_all(OK)?,
                Ok(None) => break None,
                Err(error) => break Some(error.kind()),
            }
        };
        let _ = left.lock().unwrap().send(ended);
        Ok(())
    });
    (address, who, how)
}

async fn get(transport: &HyperTransport, url: String) -> Result<ConnectionFacts, Kind> {
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let answer =
        transport.send(request, Instant::now() + SOON).await.map_err(|error| error.kind)?;
    let facts = answer.extensions().get::<std::sync::Arc<ConnectionFacts>>().unwrap();
    let facts = ConnectionFacts::clone(facts);
    let mut body = answer.into_body();
    while let Some(chunk) = body.chunk().await {
        chunk.unwrap();
    }
    Ok(facts)
}

/// Asks `watch` without blocking the runtime.
async fn hear<T: Send + 'static>(watch: Receiver<T>) -> T {
    tokio::task::spawn_blocking(move || watch.recv_timeout(SOON).unwrap()).await.unwrap()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

#[cfg(target_os = "linux")] // Elsewhere 127.0.0.2 may be no address of this machine.
#[tokio::test]
async fn the_server_sees_the_local_address_that_was_chosen() {
    let (server, who, _) = telling();
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let transport = with(SocketOptions::new().with_local_address(address));
    let facts = get(&transport, format!("http://{server}/")).await.unwrap();
    let seen = hear(who).await;
    assert_eq!(seen.ip(), address);
    assert_eq!((facts.local_address, facts.peer_address), (seen, server));
}

#[tokio::test]
async fn the_server_sees_the_local_port_that_was_chosen() {
    let (server, who, _) = telling();
    let port = free_port();
    let transport = with(SocketOptions::new().with_local_port(port));
    get(&transport, format!("http://{server}/")).await.unwrap();
    assert_eq!(hear(who).await.port(), port);
}

#[tokio::test]
async fn a_local_address_that_is_not_ours_is_an_error_of_the_connection() {
    let (server, _, _) = telling();
    let elsewhere = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));
    let transport = with(SocketOptions::new().with_local_address(elsewhere));
    assert_eq!(get(&transport, format!("http://{server}/")).await.unwrap_err(), Kind::Connect);
}

#[tokio::test]
async fn without_linger_the_server_sees_a_reset() {
    for (linger, expected) in [(None, None), (Some(0), Some(ErrorKind::ConnectionReset))] {
        let (server, _, how) = telling();
        let mut options = SocketOptions::new();
        if let Some(seconds) = linger {
            options = options.with_linger(Duration::from_secs(seconds));
        }
        let transport = with(options);
        get(&transport, format!("http://{server}/")).await.unwrap();
        drop(transport);
        assert_eq!(hear(how).await, expected);
    }
}

#[tokio::test]
async fn a_family_is_kept_to() {
    let (server, who, _) = telling();
    let only = |family| HyperTransport::builder().with_family(family).build().unwrap();
    let url = format!("http://localhost:{}/", server.port());
    get(&only(Family::V4), url.clone()).await.unwrap();
    assert!(hear(who).await.is_ipv4());
    // Nothing listens on ::1 at this port, or the machine has no IPv6 at all.
    let error = get(&only(Family::V6), url).await.unwrap_err();
    assert!(matches!(error, Kind::Connect | Kind::Resolve), "{error:?}");
    let error = get(&only(Family::V6), format!("http://{server}/")).await.unwrap_err();
    assert_eq!(error, Kind::Resolve);
}

/// The kernel's own table says which timer runs on a connection: 2 is that of
/// keep-alive.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn keep_alive_runs_on_the_connection() {
    /// Others may have the same port here, to somewhere else.
    fn timer(ends: [SocketAddr; 2]) -> String {
        let [here, there] = ends.map(|end| format!(":{:04X}", end.port()));
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let own = |line: &Vec<String>| line[1].ends_with(&here) && line[2].ends_with(&there);
        let line = table.lines().map(fields).find(own).unwrap();
        line[5].clone()
    }
    let (server, _, _) = telling();
    let url = format!("http://{server}/");
    let transport = with(SocketOptions::new());
    let plain = get(&transport, url.clone()).await.unwrap();
    // What was sent last may not be acknowledged yet, which has a timer too.
    assert!(!timer([plain.local_address, server]).starts_with("02:"));

    let keep_alive = KeepAlive::new()
        .with_idle(Duration::from_secs(7))
        .with_interval(Duration::from_secs(3))
        .with_retries(4);
    let transport = with(SocketOptions::new().with_keep_alive(keep_alive));
    let kept = get(&transport, url).await.unwrap();
    let begun = std::time::Instant::now();
    let timer = loop {
        let timer = timer([kept.local_address, server]);
        if timer.starts_with("02:") || begun.elapsed() > Duration::from_secs(3) {
            break timer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let (kind, when) = timer.split_once(':').unwrap();
    let ticks = u64::from_str_radix(when, 16).unwrap();
    assert_eq!(kind, "02", "{timer}");
    assert!((500..=700).contains(&ticks), "7 s are 700 ticks: {timer}");
}

/// How much a server can write that nobody reads.
fn swallowed(options: SocketOptions) -> usize {
    let (done, amount) = channel();
    let done = Mutex::new(done);
    let address = server::listen(move |_, mut stream| {
        server::head(&mut stream)?;
        stream.set_write_timeout(Some(Duration::from_millis(300)))?;
        socket2::SockRef::from(&stream).set_send_buffer_size(16 * 1024)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")?;
        let mut written = 0;
        while let Ok(bytes) = stream.write(&[7; 1024]) {
            written += bytes;
        }
        done.lock().unwrap().send(written).unwrap();
        stream.read(&mut [0]).map(drop)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let transport = with(options);
        let url = format!("http://{address}/");
        let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
        let answer = transport.send(request, Instant::now() + SOON).await.unwrap();
        let written = hear(amount).await;
        drop(answer);
        written
    })
}

#[test]
fn a_small_receive_buffer_makes_the_server_wait_sooner() {
    let small = swallowed(SocketOptions::new().with_receive_buffer(8 * 1024));
    let large = swallowed(SocketOptions::new().with_receive_buffer(512 * 1024));
    assert!(small * 2 < large, "{small} and {large}");
}

/// The kernel is asked: Nagle's algorithm delays, and delays are no test.
#[tokio::test]
async fn small_pieces_wait_only_if_told() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for no_delay in [true, false] {
        let options = SocketOptions::new().with_no_delay(no_delay).with_send_buffer(50_000);
        let dialer = b2_hyper::connect::Dialer::new().with_options(options);
        let tcp = dialer.dial("127.0.0.1", port).await.unwrap();
        assert_eq!(tcp.nodelay().unwrap(), no_delay);
        let size = socket2::SockRef::from(&tcp).send_buffer_size().unwrap();
        assert!((50_000..=200_000).contains(&size), "{size}");
    }
}
