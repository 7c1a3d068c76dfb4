//! What has to come of a request to a peer that misbehaves.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;

/// The deadline of each request.
pub(crate) const DEADLINE: Duration = Duration::from_millis(1500);
/// A machine may be busy.
pub(crate) const SLACK: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// No head of an answer.
    NoHead(Kind, Sent),
    /// A head with this status, and a body that breaks off.
    Broken(u16, Kind),
    /// A whole answer.
    Whole(u16),
}

/// What came of a request: the status, and the body or what broke it off.
pub(crate) type Outcome = (Option<u16>, Result<Vec<u8>, TransportError>);

/// Sends a body of so many bytes.
pub(crate) async fn post(transport: &HyperTransport, url: &str, body: usize) -> Outcome {
    let body = RequestBody::from_bytes(vec![7; body].into());
    let request = http::Request::post(url).body(body).unwrap();
    let answer = match transport.send(request, Instant::now() + DEADLINE).await {
        Ok(answer) => answer,
        Err(error) => return (None, Err(error)),
    };
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => return (Some(status), Err(error)),
        }
    }
    (Some(status), Ok(bytes))
}

/// Sends a body to a peer of which only the first connection misbehaves: it
/// ends as stated and in time, and the next request is answered with `ok`, on
/// another connection.
pub(crate) async fn meets(
    transport: &HyperTransport,
    url: &str,
    body: usize,
    fate: Fate,
    name: &str,
) {
    let begun = Instant::now();
    let (status, outcome) = post(transport, url, body).await;
    assert!(begun.elapsed() < DEADLINE + SLACK, "{name}: {:?}", begun.elapsed());
    match (fate, status, &outcome) {
        (Fate::NoHead(kind, sent), None, Err(error)) => {
            assert_eq!((error.kind, error.sent), (kind, sent), "{name}: {error:?}");
        }
        (Fate::Broken(expected, kind), Some(status), Err(error)) => {
            assert_eq!((status, error.kind), (expected, kind), "{name}: {error:?}");
        }
        (Fate::Whole(expected), Some(status), Ok(_)) => assert_eq!(status, expected, "{name}"),
        _ => panic!("{name}: {status:?}, {outcome:?}"),
    }
    // Late enough for what comes a little later.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (status, body) = post(transport, url, 10).await;
    assert_eq!((status, body.unwrap()), (Some(200), b"ok".to_vec()), "{name}: the next one");
}

/// Resets the connection as soon as the script has ended.
pub(crate) fn reset(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    Err(io::ErrorKind::ConnectionReset.into())
}
