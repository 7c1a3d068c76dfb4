//! Settings of sockets by name, as the kernel and the other end see them.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![cfg(target_os = "linux")] // Whose tables are read, and which has 127.0.0.2.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "these are tests, helpers included")]

mod guests;
mod kernel;
mod named;
mod queues;
mod server;

use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use b2_core::error::TransportErrorKind as Kind;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::settings::SettingsError;
use bytes::Bytes;
use guests::{hear, telling};
use http_body::{Body, Frame};
use named::{SOON, get, with};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Hundredths of a second that the system itself waits.
fn usual(name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap();
    text.trim().parse::<u64>().unwrap() * 100
}

/// Whether so many hundredths of a second are what is left of `of` of them.
fn about(of: u64) -> impl Fn(u64) -> bool {
    move |when| (of - of / 5..=of).contains(&when)
}

#[tokio::test]
async fn an_idle_peer_is_asked_after_the_time_that_was_set() {
    let (server, ..) = telling();
    let url = format!("http://{server}/");
    for (texts, first) in [
        (&["TCPKeepAlive=True"][..], usual("tcp_keepalive_time")),
        (&["KeepAliveInterval=3000"], usual("tcp_keepalive_time")),
        (&["KeepAliveTime=50000"], 5000),
        (&["KeepAliveTime=50000", "KeepAliveInterval=3000"], 5000),
        (&["TCPKeepAlive=True", "KeepAliveTime=50000"], 5000),
    ] {
        let transport = with(texts);
        let local = get(&transport, &url).await.unwrap().local_address;
        let seen = kernel::question([local, server], about(first)).await;
        seen.unwrap_or_else(|last| panic!("{texts:?}: {last:?}"));
    }
    let transport = with(&["TCPKeepAlive=False"]);
    let local = get(&transport, &url).await.unwrap().local_address;
    assert_ne!(kernel::timer([local, server]).0, 2, "nobody is asked unless told");
}

/// When it was asked once, the time to the next question runs.
#[tokio::test]
async fn an_idle_peer_is_asked_again_after_the_interval_that_was_set() {
    let (server, ..) = telling();
    for (texts, second) in [
        (&["KeepAliveTime=1000", "KeepAliveInterval=40000"][..], 4000),
        (&["KeepAliveTime=1000"], usual("tcp_keepalive_intvl")),
    ] {
        let transport = with(texts);
        let local = get(&transport, &format!("http://{server}/")).await.unwrap().local_address;
        let seen = kernel::question([local, server], about(second)).await;
        seen.unwrap_or_else(|last| panic!("{texts:?}: {last:?}"));
    }
}

#[tokio::test]
async fn without_linger_the_server_sees_a_reset() {
    for (text, expected) in
        [("Linger=True", None), ("Linger=False", Some(ErrorKind::ConnectionReset))]
    {
        let (server, _, how) = telling();
        let transport = with(&[text]);
        get(&transport, &format!("http://{server}/")).await.unwrap();
        drop(transport);
        assert_eq!(hear(how).await, expected, "{text}");
    }
}

/// How long it takes to close a connection to a server that takes nothing of
/// what was sent.
fn closing(texts: &[&str]) -> Duration {
    let address = server::listen(|_, stream| {
        std::thread::sleep(SOON);
        drop(stream);
        Ok(())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let transport = with(texts);
    let begun = Instant::now();
    runtime.block_on(async {
        let body = RequestBody::from_bytes(Bytes::from(vec![7; 50_000_000]));
        let request = http::Request::post(format!("http://{address}/")).body(body).unwrap();
        let sending = transport.send(request, Instant::now() + SOON);
        tokio::time::timeout(Duration::from_millis(300), sending).await.unwrap_err();
    });
    drop(transport);
    drop(runtime);
    begun.elapsed()
}

#[test]
fn what_is_unsent_is_waited_for_as_long_as_was_set() {
    let (set, unset) = (closing(&["LingerTime=3"]), closing(&["Linger=True"]));
    assert!(set >= Duration::from_secs(3), "{set:?}");
    assert!(unset < Duration::from_secs(3), "{unset:?}");
    // Then there is nothing to wait for.
    let reset = closing(&["Linger=False", "LingerTime=3"]);
    assert!(reset < Duration::from_secs(3), "{reset:?}");
}

/// A byte that comes a little after what is before it.
struct Late(Option<Pin<Box<tokio::time::Sleep>>>);

impl Body for Late {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(sleep) = &mut self.0 else { return Poll::Ready(None) };
        ready!(sleep.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }
}

/// How long a request and its answer take whose head and only byte are written
/// one after the other, to a server that does not acknowledge at once: the
/// shortest of several times, none of which is the first. They are fewer if one
/// is shorter than `enough`.
async fn shortest(transport: &HyperTransport, enough: Duration) -> Duration {
    let address = server::listen(move |_, mut stream| {
        // What came is acknowledged with the answer, or when there has been
        // none for 40 ms.
        loop {
            socket2::SockRef::from(&stream).set_tcp_quickack(false)?;
            let Some(_) = server::head(&mut stream)? else { return Ok(()) };
            stream.read_exact(&mut [0])?;
            stream.write_all(OK)?;
        }
    });
    let mut shortest = Duration::MAX;
    for attempt in 0..40 {
        let late = Box::pin(tokio::time::sleep(Duration::from_millis(2)));
        let body = RequestBody::new(Late(Some(late)), 1);
        let request = http::Request::post(format!("http://{address}/")).body(body).unwrap();
        let begun = Instant::now();
        let answer = transport.send(request, begun + SOON).await.unwrap();
        if attempt > 0 {
            shortest = shortest.min(begun.elapsed());
        }
        let mut body = answer.into_body();
        while let Some(chunk) = body.chunk().await {
            chunk.unwrap();
        }
        if shortest < enough {
            break;
        }
    }
    shortest
}

/// Nagle's algorithm holds a small piece back until the one before it has been
/// acknowledged, so no time can be short; a machine that is busy makes some of
/// the others longer, but not all.
#[tokio::test]
async fn small_pieces_wait_only_if_told() {
    let limit = Duration::from_millis(30);
    for (texts, held) in
        [(&["TcpNoDelay=True"][..], false), (&["TcpNoDelay=False"], true), (&[], false)]
    {
        let time = shortest(&with(texts), limit).await;
        assert_eq!(time > limit, held, "{texts:?}: {time:?}");
    }
}

#[tokio::test]
async fn buffers_hold_as_much_as_was_set() {
    let small = queues::swallowed(with(&["InBufferSize=8192"])).await;
    let large = queues::swallowed(with(&["InBufferSize=524288"])).await;
    assert!(small * 2 < large, "{small} and {large}");
    let small = queues::poured(with(&["OutBufferSize=8192"])).await;
    let large = queues::poured(with(&["OutBufferSize=1048576"])).await;
    assert!(small * 2 < large, "{small} and {large}");
}

#[tokio::test]
async fn connections_come_from_where_was_set() {
    let (server, who, _) = telling();
    let url = format!("http://{server}/");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port_text = format!("LocalPort={port}");
    // The last is a name to us, and the library of C knows that it is
    // 127.0.0.2.
    for (texts, expected) in [
        (&["LocalHost=127.0.0.2", &*port_text][..], Some(port)),
        (&["LocalHost=127.0.0.2"], None),
        (&["LocalHost=127.2"], None),
    ] {
        let local = get(&with(texts), &url).await.unwrap().local_address;
        let seen = who.recv_timeout(SOON).unwrap();
        assert_eq!(seen, local, "{texts:?}");
        assert_eq!(seen.ip(), Ipv4Addr::new(127, 0, 0, 2), "{texts:?}");
        assert!(expected.is_none_or(|port| seen.port() == port), "{texts:?}: {seen}");
    }
    get(&with(&["LocalHost=localhost"]), &url).await.unwrap();
}

#[test]
fn a_local_host_that_does_not_exist_is_named() {
    let mut settings = b2_hyper::settings::Settings::default();
    settings.apply("LocalHost=no-such-name.invalid").unwrap();
    let error = settings.builder().unwrap_err();
    let SettingsError::LocalHost { name, .. } = &error else { panic!("{error:?}") };
    assert_eq!(name, "no-such-name.invalid");
    assert!(error.to_string().contains("LocalHost"), "{error}");
}

/// The two addresses of this machine, with a server at each.
fn both_families() -> [String; 2] {
    let six = TcpListener::bind("[::1]:0").expect(
        "this test needs IPv6 on the loopback interface: sysctl net.ipv6.conf.lo.disable_ipv6=0",
    );
    let at_six = format!("http://{}/", six.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in six.incoming().flatten() {
            if let Ok(Some(_)) = server::head(&mut stream) {
                let _ = stream.write_all(OK);
            }
        }
    });
    [format!("http://{}/", telling().0), at_six]
}

#[tokio::test]
async fn only_the_family_that_was_set_is_tried() {
    let urls = both_families();
    for (text, reached) in [
        ("UseIPv6=0", [true, false]),
        ("UseIPv6=1", [false, true]),
        ("UseIPv6=2", [true, true]),
        ("UseIPv6=3", [true, true]),
    ] {
        for (url, reached) in urls.iter().zip(reached) {
            let outcome = get(&with(&[text]), url).await.map(drop).map_err(|error| error.kind);
            assert_eq!(outcome, if reached { Ok(()) } else { Err(Kind::Resolve) }, "{text}: {url}");
        }
    }
}
