//! Peers that misbehave: each ends by its deadline with the right error, and
//! no connection is used again that should not be.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod authority;
mod fate;
mod server;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use authority::{Authority, Session};
use b2_core::error::{Sent, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use bytes::Bytes;
use fate::{DEADLINE, Fate, Outcome, SLACK, meets, post, reset};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct Case {
    name: &'static str,
    /// Bytes of the body of the request.
    body: usize,
    script: fn(&mut TcpStream) -> io::Result<()>,
    fate: Fate,
}

const CASES: &[Case] = &[
    Case {
        name: "the head comes a byte at a time",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            drip(stream, b"HTTP/1.1 200 OK\r\nX-Slow: ")
        },
        fate: Fate::NoHead(Kind::Timeout, Sent::Maybe),
    },
    Case {
        name: "the body comes a byte at a time",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
            drip(stream, b"")
        },
        fate: Fate::Broken(200, Kind::Timeout),
    },
    Case {
        name: "nobody answers",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            wait(stream)
        },
        fate: Fate::NoHead(Kind::Timeout, Sent::Maybe),
    },
    Case {
        name: "nobody reads the request",
        body: 50_000_000,
        script: |_| {
            std::thread::sleep(DEADLINE + SLACK);
            Ok(())
        },
        fate: Fate::NoHead(Kind::Timeout, Sent::Nothing),
    },
    Case {
        name: "reset within the head",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nConte")?;
            reset(stream)
        },
        fate: Fate::NoHead(Kind::Interrupted, Sent::Maybe),
    },
    Case {
        name: "reset before the head",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            reset(stream)
        },
        fate: Fate::NoHead(Kind::Interrupted, Sent::Maybe),
    },
    Case {
        name: "reset within the request",
        body: 50_000_000,
        script: |stream| {
            server::head(stream)?;
            reset(stream)
        },
        fate: Fate::NoHead(Kind::Interrupted, Sent::Nothing),
    },
    Case {
        name: "reset within the body",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")?;
            reset(stream)
        },
        fate: Fate::Broken(200, Kind::Interrupted),
    },
    Case {
        name: "closed within the body",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")?;
            stream.shutdown(std::net::Shutdown::Write)
        },
        fate: Fate::Broken(200, Kind::Interrupted),
    },
    Case {
        name: "closed within the chunks",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")?;
            stream.shutdown(std::net::Shutdown::Write)
        },
        fate: Fate::Broken(200, Kind::Interrupted),
    },
    Case {
        name: "endless headers",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            forever(stream, b"X-More: and more and more and more\r\n")
        },
        fate: Fate::NoHead(Kind::Protocol, Sent::Maybe),
    },
    Case {
        name: "one endless header",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-More: ")?;
            forever(stream, &[b'x'; 1000])
        },
        fate: Fate::NoHead(Kind::Protocol, Sent::Maybe),
    },
    Case {
        name: "endless promises",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            forever(stream, b"HTTP/1.1 100 Continue\r\n\r\n")
        },
        fate: Fate::NoHead(Kind::Timeout, Sent::Maybe),
    },
    Case {
        name: "endless trailers",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")?;
            forever(stream, b"X-More: and more and more and more\r\n")
        },
        fate: Fate::Broken(200, Kind::Protocol),
    },
    Case {
        name: "a chunk without a size",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n")?;
            wait(stream)
        },
        fate: Fate::Broken(200, Kind::Protocol),
    },
    Case {
        name: "two lengths",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
            )?;
            wait(stream)
        },
        fate: Fate::NoHead(Kind::Protocol, Sent::Maybe),
    },
    Case {
        name: "another protocol",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"220 mail.example ESMTP\r\n")?;
            wait(stream)
        },
        fate: Fate::NoHead(Kind::Protocol, Sent::Maybe),
    },
    Case {
        name: "a refusal while the body is sent",
        body: 50_000_000,
        script: |stream| {
            server::head(stream)?;
            stream.write_all(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")?;
            wait(stream)
        },
        fate: Fate::Whole(401),
    },
    Case {
        name: "a refusal and a reset while the body is sent",
        body: 50_000_000,
        script: |stream| {
            server::head(stream)?;
            stream.write_all(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")?;
            // Without waiting the system would throw the answer away.
            std::thread::sleep(Duration::from_millis(200));
            reset(stream)
        },
        fate: Fate::Whole(413),
    },
    Case {
        name: "garbage behind the answer",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(&[OK, b"garbage"].concat())?;
            wait(stream)
        },
        fate: Fate::Whole(200),
    },
    Case {
        name: "an answer that nobody asked for behind the answer",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream
                .write_all(&[OK, b"HTTP/1.1 666 Evil\r\nContent-Length: 4\r\n\r\nevil"].concat())?;
            wait(stream)
        },
        fate: Fate::Whole(200),
    },
    Case {
        name: "an answer that nobody asked for a little later",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(OK)?;
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(b"HTTP/1.1 666 Evil\r\nContent-Length: 4\r\n\r\nevil")?;
            wait(stream)
        },
        fate: Fate::Whole(200),
    },
    Case {
        name: "an answer that says it closes, and does not",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            )?;
            wait(stream)
        },
        fate: Fate::Whole(200),
    },
    Case {
        name: "an answer of HTTP/1.0",
        body: 10,
        script: |stream| {
            server::request(stream)?;
            stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
            wait(stream)
        },
        fate: Fate::Whole(200),
    },
];

fn drip(stream: &mut TcpStream, beginning: &[u8]) -> io::Result<()> {
    stream.write_all(beginning)?;
    loop {
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(b"x")?;
    }
}

fn forever(stream: &mut TcpStream, piece: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(piece)?;
    }
}

/// Reads until the client is gone; whatever else it sends is a request that
/// should not have come.
fn wait(stream: &mut TcpStream) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ends_by_its_deadline_with_its_error_and_leaves_no_connection() {
    for case in CASES {
        let script = case.script;
        let address = server::listen(move |number, mut stream| {
            if number == 0 {
                return script(&mut stream);
            }
            while server::request(&mut stream)?.is_some() {
                stream.write_all(OK)?;
            }
            Ok(())
        });
        let transport = HyperTransport::new().unwrap();
        let url = format!("http://{address}/");
        meets(&transport, &url, case.body, case.fate, case.name).await;
    }
}

#[tokio::test]
async fn a_gigabyte_of_error_is_not_read() {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    static GONE: AtomicBool = AtomicBool::new(false);
    let address = server::listen(|_, mut stream| {
        server::request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 500 Oh\r\nContent-Length: 1073741824\r\n\r\n")?;
        while stream.write_all(&[b'x'; 65536]).is_ok() {
            WRITTEN.fetch_add(65536, Ordering::SeqCst);
        }
        GONE.store(true, Ordering::SeqCst);
        Ok(())
    });
    let transport = HyperTransport::new().unwrap();
    let request = http::Request::get(format!("http://{address}/"));
    let request = request.body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let answer = transport.send(request, Instant::now() + DEADLINE).await.unwrap();
    let mut body = answer.into_body();
    let mut read = 0;
    // What a driver does with an answer that it collects.
    while read < 64 * 1024 {
        read += body.chunk().await.unwrap().unwrap().len();
    }
    drop(body);
    for _ in 0..100 {
        if GONE.load(Ordering::SeqCst) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(GONE.load(Ordering::SeqCst), "the connection is closed at once");
    let written = WRITTEN.load(Ordering::SeqCst);
    assert!(written < 32 << 20, "{written} bytes went into the system's buffers");
}

/// Runs `script` under TLS on the first connection, and hangs up without a
/// word.
async fn under_tls(script: fn(&mut Session) -> io::Result<()>) -> Outcome {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], move |_, session| {
        server::request(session)?;
        script(session)?;
        session.flush()?;
        // Without the notice that this is the end.
        session.sock.shutdown(std::net::Shutdown::Both)
    });
    let transport = HyperTransport::builder()
        .with_platform_roots(false)
        .with_root_certificates_pem(&authority.pem)
        .build()
        .unwrap();
    post(&transport, &format!("https://localhost:{port}/"), 10).await
}

#[tokio::test]
async fn an_end_of_tls_without_notice_is_no_end_of_an_answer() {
    // Who cuts the connection could cut this answer anywhere.
    let (status, body) =
        under_tls(|session| session.write_all(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")).await;
    assert_eq!((status, body.unwrap_err().kind), (Some(200), Kind::Interrupted));
    let (status, body) = under_tls(|session| {
        session.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    })
    .await;
    assert_eq!((status, body.unwrap_err().kind), (Some(200), Kind::Interrupted));
    let (status, error) = under_tls(|session| session.write_all(b"HTTP/1.1 200 OK\r\nX:")).await;
    let error = error.unwrap_err();
    assert_eq!((status, error.kind, error.sent), (None, Kind::Interrupted, Sent::Maybe));
    // This one is whole, whatever follows.
    let (status, body) = under_tls(|session| session.write_all(OK)).await;
    assert_eq!((status, body.unwrap()), (Some(200), b"ok".to_vec()));
}

#[tokio::test]
async fn a_session_that_never_begins_is_given_up() {
    let mute = server::listen(|_, mut stream| {
        stream.read(&mut [0; 100]).map(drop).and_then(|()| wait(&mut stream))
    });
    let url = format!("https://localhost:{}/", mute.port());
    // Somebody has to be trusted, whatever the system has.
    let roots = Authority::new().pem;
    let transport = HyperTransport::builder().with_root_certificates_pem(roots).build().unwrap();
    let begun = Instant::now();
    let (_, error) = post(&transport, &url, 10).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Timeout, Sent::Nothing), "{error:?}");
    assert!(begun.elapsed() < DEADLINE + SLACK);
}
