//! What is set on sockets, as the other end and the kernel see it.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod guests;
#[cfg(target_os = "linux")]
mod kernel;
mod queues;
mod server;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use b2_core::error::TransportErrorKind as Kind;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::connect::{ConnectionFacts, Family, KeepAlive, SocketOptions};
use bytes::Bytes;
use guests::{hear, telling};

const SOON: Duration = Duration::from_secs(10);

fn with(options: SocketOptions) -> HyperTransport {
    HyperTransport::builder().with_socket_options(options).build().unwrap()
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

#[cfg(target_os = "linux")]
#[tokio::test]
async fn keep_alive_runs_on_the_connection() {
    let (server, _, _) = telling();
    let url = format!("http://{server}/");
    let transport = with(SocketOptions::new());
    let plain = get(&transport, url.clone()).await.unwrap();
    assert_ne!(kernel::timer([plain.local_address, server]).0, 2);

    let keep_alive = KeepAlive::new()
        .with_idle(Duration::from_secs(7))
        .with_interval(Duration::from_secs(3))
        .with_retries(4);
    let transport = with(SocketOptions::new().with_keep_alive(keep_alive));
    let kept = get(&transport, url).await.unwrap();
    let within = |when| (400..=700).contains(&when);
    kernel::question([kept.local_address, server], within).await.unwrap();
}

#[tokio::test]
async fn a_small_receive_buffer_makes_the_server_wait_sooner() {
    let small = queues::swallowed(with(SocketOptions::new().with_receive_buffer(8 * 1024))).await;
    let large = queues::swallowed(with(SocketOptions::new().with_receive_buffer(512 * 1024))).await;
    assert!(small * 2 < large, "{small} and {large}");
}

#[tokio::test]
async fn a_small_send_buffer_makes_the_client_wait_sooner() {
    let small = queues::poured(with(SocketOptions::new().with_send_buffer(8 * 1024))).await;
    let large = queues::poured(with(SocketOptions::new().with_send_buffer(1024 * 1024))).await;
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
