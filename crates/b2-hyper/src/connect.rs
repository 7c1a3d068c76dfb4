//! From a target to a connection: name, TCP, TLS.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{timeout, timeout_at};

use crate::error::Late;
use crate::link::Link;
use crate::socket::{Socket, Traffic};
use crate::stream::Stream;
use crate::target::Target;
use crate::tls::Tls;
use crate::watch::{after, now};

/// How long the first family of addresses is tried alone (RFC 8305 calls it
/// the connection attempt delay).
const HEAD_START: Duration = Duration::from_millis(250);

/// Makes connections.
pub(crate) struct Connector {
    pub(crate) tls: Tls,
    pub(crate) timeout: Duration,
}

impl Connector {
    /// Connects within its own timeout and before `deadline`.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        deadline: Instant,
    ) -> Result<Link, TransportError> {
        let own = after(now(), self.timeout);
        let (end, late) = if own < deadline {
            (own, Late::Connect(self.timeout))
        } else {
            (deadline, Late::Deadline)
        };
        match timeout_at(end.into(), self.open(target)).await {
            Ok(stream) => Link::new(stream?, target.clone()).await,
            Err(_) => Err(late.into_error(Sent::Nothing)),
        }
    }

    async fn open(&self, target: &Target) -> Result<Stream, TransportError> {
        let addresses = resolve(target).await.map_err(|error| failed(Kind::Resolve, error))?;
        let tcp = self.race(addresses).await.map_err(|error| failed(Kind::Connect, error))?;
        // Requests are written in large pieces; waiting to fill a packet only
        // delays the last one.
        tcp.set_nodelay(true).map_err(|error| failed(Kind::Connect, error))?;
        let traffic = Arc::new(Traffic::default());
        let socket = Socket::new(tcp, Arc::clone(&traffic));
        if !target.tls {
            return Ok(Stream::plain(socket, traffic));
        }
        let session = self.tls.handshake(&target.host, socket).await?;
        Ok(Stream::tls(session, traffic))
    }

    /// Tries the addresses of the family that the resolver prefers and, when
    /// they take long, those of the other one beside them.
    async fn race(&self, addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
        let patience = self.timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let preferred = addresses.first().is_some_and(SocketAddr::is_ipv6);
        let (first, second): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|address| address.is_ipv6() == preferred);
        let mut first = pin!(each(&first, patience));
        if second.is_empty() {
            return first.await;
        }
        match timeout(HEAD_START, first.as_mut()).await {
            Ok(Ok(tcp)) => Ok(tcp),
            Ok(Err(_)) => each(&second, patience).await,
            Err(_) => either(first, each(&second, patience)).await,
        }
    }
}

async fn resolve(target: &Target) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<_> = lookup_host((&*target.host, target.port)).await?.collect();
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

/// Tries one address after the other.
async fn each(addresses: &[SocketAddr], patience: Duration) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => failure = error,
            Err(late) => failure = late.into(),
        }
    }
    Err(failure)
}

/// The first success of two attempts, or the failure of both.
async fn either(
    first: impl Future<Output = io::Result<TcpStream>>,
    second: impl Future<Output = io::Result<TcpStream>>,
) -> io::Result<TcpStream> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut first_failed, mut second_failed) = (false, false);
    poll_fn(|cx| {
        if !first_failed && let Poll::Ready(outcome) = first.as_mut().poll(cx) {
            if outcome.is_ok() || second_failed {
                return Poll::Ready(outcome);
            }
            first_failed = true;
        }
        if !second_failed && let Poll::Ready(outcome) = second.as_mut().poll(cx) {
            if outcome.is_ok() || first_failed {
                return Poll::Ready(outcome);
            }
            second_failed = true;
        }
        Poll::Pending
    })
    .await
}

fn failed(kind: Kind, error: io::Error) -> TransportError {
    let kind = if error.kind() == io::ErrorKind::TimedOut { Kind::Timeout } else { kind };
    TransportError::new(kind, Sent::Nothing).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    async fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    async fn refusing() -> SocketAddr {
        listening().await.1
    }

    #[tokio::test]
    async fn the_next_address_is_tried() {
        let (_listener, good) = listening().await;
        let tcp = each(&[refusing().await, good], PATIENCE).await.unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), good);
    }

    #[tokio::test]
    async fn the_last_failure_is_told() {
        let error = each(&[refusing().await], PATIENCE).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn a_family_that_hangs_does_not_hold_up_the_other() {
        let (_listener, good) = listening().await;
        let tcp = either(std::future::pending(), each(&[good], PATIENCE)).await.unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), good);
        let refused = [refusing().await];
        let tcp = either(each(&refused, PATIENCE), each(&[good], PATIENCE)).await.unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), good);
        let error = either(each(&refused, PATIENCE), each(&refused, PATIENCE)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
