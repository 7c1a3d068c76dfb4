//! SOCKS 4 and 4A.

use std::net::Ipv4Addr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::ProxyError;

const CONNECT: u8 = 1;
/// An address that no host has: a name follows (SOCKS 4A).
const NAME_FOLLOWS: [u8; 4] = [0, 0, 0, 1];

/// Asks for a connection. A `host` that is a name needs SOCKS 4A.
pub(super) async fn ask<S>(
    stream: &mut S,
    host: &str,
    port: u16,
    user: &str,
) -> Result<(), ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if user.contains('\0') || host.contains('\0') {
        return Err(ProxyError::Unsuitable("a zero byte in the user or host"));
    }
    let address: Option<Ipv4Addr> = host.parse().ok();
    let mut request = vec![4, CONNECT];
    request.extend_from_slice(&port.to_be_bytes());
    request.extend_from_slice(&address.map_or(NAME_FOLLOWS, |address| address.octets()));
    request.extend_from_slice(user.as_bytes());
    request.push(0);
    if address.is_none() {
        request.extend_from_slice(host.as_bytes());
        request.push(0);
    }
    stream.write_all(&request).await?;
    stream.flush().await?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).await?;
    match answer {
        [0, 90, ..] => Ok(()),
        [0, 91, ..] => Err(ProxyError::Socks("the request was rejected or failed")),
        [0, 92, ..] => Err(ProxyError::Socks("the proxy cannot ask this machine who the user is")),
        [0, 93, ..] => Err(ProxyError::Socks("this machine names another user")),
        _ => Err(ProxyError::Protocol("not SOCKS 4")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sent for this request, and what comes of `answer`.
    async fn asked(host: &str, answer: [u8; 8]) -> (Vec<u8>, Result<(), ProxyError>) {
        let (mut here, mut there) = tokio::io::duplex(1000);
        there.write_all(&answer).await.unwrap();
        let outcome = ask(&mut here, host, 443, "ada").await;
        drop(here);
        let mut request = Vec::new();
        there.read_to_end(&mut request).await.unwrap();
        (request, outcome)
    }

    #[tokio::test]
    async fn an_address_goes_as_four_bytes_and_a_name_behind_the_user() {
        let granted = [0, 90, 0, 0, 0, 0, 0, 0];
        let (request, outcome) = asked("1.2.3.4", granted).await;
        assert_eq!(request, b"\x04\x01\x01\xbb\x01\x02\x03\x04ada\0");
        outcome.unwrap();
        let (request, outcome) = asked("b2.example", granted).await;
        assert_eq!(request, b"\x04\x01\x01\xbb\0\0\0\x01ada\0b2.example\0");
        outcome.unwrap();
    }

    #[tokio::test]
    async fn refusals_and_nonsense_are_told_apart() {
        let (_, outcome) = asked("1.2.3.4", [0, 93, 0, 0, 0, 0, 0, 0]).await;
        assert!(matches!(outcome, Err(ProxyError::Socks(_))));
        let (_, outcome) = asked("1.2.3.4", *b"HTTP/1.1").await;
        assert!(matches!(outcome, Err(ProxyError::Protocol(_))));
    }
}
