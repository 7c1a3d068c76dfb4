//! Happy eyeballs: two families of addresses, one connection.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::options::SocketOptions;

/// Tries the addresses of the family that comes first and, when they take
/// long, those of the other one beside them.
pub(super) async fn race(
    addresses: Vec<SocketAddr>,
    options: &SocketOptions,
    patience: Duration,
    head_start: Duration,
) -> io::Result<TcpStream> {
    let patience = patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let preferred = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == preferred);
    let mut first = pin!(each(&first, options, patience));
    if second.is_empty() {
        return first.await;
    }
    match timeout(head_start, first.as_mut()).await {
        Ok(Ok(tcp)) => Ok(tcp),
        Ok(Err(_)) => each(&second, options, patience).await,
        Err(_) => either(first, each(&second, options, patience)).await,
    }
}

/// Tries one address after the other.
async fn each(
    addresses: &[SocketAddr],
    options: &SocketOptions,
    patience: Duration,
) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(patience, connect(*address, options)).await {
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

async fn connect(address: SocketAddr, options: &SocketOptions) -> io::Result<TcpStream> {
    options.socket(address)?.connect(address).await
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    async fn each(addresses: &[SocketAddr], patience: Duration) -> io::Result<TcpStream> {
        super::each(addresses, &SocketOptions::new(), patience).await
    }

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
