//! Two families of addresses of one name on real sockets: which is tried, in
//! which order, and what becomes of it if one leads nowhere.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![cfg(target_os = "linux")] // A full queue says nothing there; elsewhere it may refuse.
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod named;
#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod server;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use b2_core::error::TransportErrorKind as Kind;
use named::{builder, get};
use socket2::{Domain, Socket, Type};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
/// How long the first family is tried alone.
const HEAD_START: Duration = Duration::from_millis(250);

/// What is at one of the two addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A server.
    Server,
    /// Nobody, which the system says.
    Closed,
    /// Somebody who does not answer.
    Silent,
}

/// One port at both addresses of this machine.
struct Both {
    port: u16,
    /// Connections that have come to IPv4 and to IPv6.
    came: [Arc<AtomicUsize>; 2],
    /// Whoever does not listen or answer, and what fills his queue.
    _held: Vec<Socket>,
}

fn socket(at: SocketAddr) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&at.into())?;
    Ok(socket)
}

/// Sockets at a port that is free at both addresses.
fn bound() -> [Socket; 2] {
    let missing = |error| {
        panic!(
            "this test needs the address ::1 on the loopback interface ({error}): sysctl -w \
             net.ipv6.conf.lo.disable_ipv6=0, or ip -6 address add ::1/128 dev lo"
        )
    };
    for _ in 0..50 {
        let six = socket(SocketAddr::new(V6, 0)).unwrap_or_else(missing);
        let port = six.local_addr().unwrap().as_socket().unwrap().port();
        if let Ok(four) = socket(SocketAddr::new(V4, port)) {
            return [four, six];
        }
    }
    panic!("no port is free at both addresses");
}

/// A port that is free at both addresses.
fn free() -> u16 {
    bound()[0].local_addr().unwrap().as_socket().unwrap().port()
}

fn both(ends: [End; 2]) -> Both {
    let sockets = bound();
    let port = sockets[0].local_addr().unwrap().as_socket().unwrap().port();
    let came = [Arc::default(), Arc::default()];
    let mut held = Vec::new();
    for ((end, socket), came) in ends.into_iter().zip(sockets).zip(&came) {
        match end {
            End::Server => {
                socket.listen(16).unwrap();
                serve(socket.into(), Arc::clone(came));
            }
            End::Silent => {
                let at = socket.local_addr().unwrap().as_socket().unwrap();
                socket.listen(0).unwrap();
                let first = TcpStream::connect(at).unwrap();
                held.extend([socket, first.into()]);
                let refused = TcpStream::connect_timeout(&at, Duration::from_millis(100));
                let kind = refused.unwrap_err().kind();
                assert_eq!(kind, std::io::ErrorKind::TimedOut, "{at} is silent");
            }
            End::Closed => held.push(socket),
        }
    }
    Both { port, came, _held: held }
}

fn serve(listener: TcpListener, came: Arc<AtomicUsize>) {
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            came.fetch_add(1, Ordering::SeqCst);
            if let Ok(Some(_)) = server::head(&mut stream) {
                let _ = stream.write_all(OK);
            }
        }
    });
}

/// Both families are tried from the same port at once.
#[tokio::test]
async fn a_local_port_serves_both_families() {
    for (ends, says, expected) in
        [([End::Silent, End::Server], [V4, V6], V6), ([End::Server, End::Silent], [V6, V4], V4)]
    {
        let both = both(ends);
        let port = free();
        let transport = builder(&[&format!("LocalPort={port}")]);
        let transport = transport.with_addresses("two.example", says).build().unwrap();
        let url = format!("http://two.example:{}/", both.port);
        let facts = get(&transport, &url).await.unwrap();
        assert_eq!((facts.peer_address.ip(), facts.local_address.port()), (expected, port));
    }
    // An address of IPv4 in the form of IPv6 stays one that can be reached.
    let both = both([End::Server, End::Closed]);
    let transport = builder(&[&format!("LocalPort={}", free())]).build().unwrap();
    get(&transport, &format!("http://[::ffff:127.0.0.1]:{}/", both.port)).await.unwrap();
}

/// Who is reached with this setting, by a name of which the resolver says this.
async fn reached(text: &str, says: [IpAddr; 2], both: &Both) -> Result<IpAddr, Kind> {
    let transport = builder(&[text]).with_addresses("two.example", says).build().unwrap();
    let url = format!("http://two.example:{}/", both.port);
    let facts = get(&transport, &url).await;
    facts.map(|facts| facts.peer_address.ip()).map_err(|error| error.kind)
}

/// Both are there: each value reaches another one, and nobody else hears of it.
#[tokio::test]
async fn each_value_has_an_order_of_its_own() {
    let both = both([End::Server, End::Server]);
    let mut results = Vec::new();
    for (text, of_four_first, of_six_first) in
        [("UseIPv6=0", V4, V4), ("UseIPv6=1", V6, V6), ("UseIPv6=2", V6, V6), ("UseIPv6=3", V4, V6)]
    {
        for (says, expected) in [([V4, V6], of_four_first), ([V6, V4], of_six_first)] {
            let before = both.came.each_ref().map(|came| came.load(Ordering::SeqCst));
            assert_eq!(reached(text, says, &both).await, Ok(expected), "{text} of {says:?}");
            let after = both.came.each_ref().map(|came| came.load(Ordering::SeqCst));
            let came = [after[0] - before[0], after[1] - before[1]];
            let wanted = if expected == V4 { [1, 0] } else { [0, 1] };
            assert_eq!(came, wanted, "{text} of {says:?}");
            results.push(expected);
        }
    }
    // 1 and 2 differ where IPv6 leads nowhere, below.
    assert_ne!(results[4..6], results[6..8], "2 and 3 differ");
}

#[tokio::test]
async fn where_one_family_is_closed_only_those_that_may_go_to_the_other() {
    let refused = Err(Kind::Connect);
    for (ends, expected) in [
        ([End::Server, End::Closed], [Ok(V4), refused, Ok(V4), Ok(V4)]),
        ([End::Closed, End::Server], [refused, Ok(V6), Ok(V6), Ok(V6)]),
    ] {
        let both = both(ends);
        for (value, expected) in expected.into_iter().enumerate() {
            for says in [[V4, V6], [V6, V4]] {
                let text = format!("UseIPv6={value}");
                let begun = Instant::now();
                assert_eq!(reached(&text, says, &both).await, expected, "{text}: {ends:?}");
                // A refusal is no reason to wait.
                assert!(begun.elapsed() < Duration::from_secs(5), "{text}: {:?}", begun.elapsed());
            }
        }
    }
}

/// Happy eyeballs: whoever is silent holds nobody up for longer than his head
/// start.
#[tokio::test]
async fn a_family_that_is_silent_does_not_hold_up_the_other() {
    for (ends, text, says, expected) in [
        ([End::Server, End::Silent], "UseIPv6=2", [V4, V6], V4),
        ([End::Server, End::Silent], "UseIPv6=3", [V6, V4], V4),
        ([End::Silent, End::Server], "UseIPv6=3", [V4, V6], V6),
    ] {
        let both = both(ends);
        let begun = Instant::now();
        assert_eq!(reached(text, says, &both).await, Ok(expected), "{text} of {says:?}");
        let took = begun.elapsed();
        assert!((HEAD_START..Duration::from_secs(5)).contains(&took), "{text}: {took:?}");
    }
    // Without the other family there is nobody to go to.
    let both = both([End::Server, End::Silent]);
    let transport = builder(&["UseIPv6=1"]);
    let transport = transport.with_addresses("two.example", [V4, V6]);
    let transport = transport.with_connect_timeout(Duration::from_secs(1)).build().unwrap();
    let url = format!("http://two.example:{}/", both.port);
    let error = get(&transport, &url).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout, "{error:?}");
}
