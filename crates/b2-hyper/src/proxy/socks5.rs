//! SOCKS 5 (RFC 1928) with user and password (RFC 1929).

use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::error::ProxyError;

const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTED: u8 = 0xff;

/// Asks for a connection; the proxy looks up names.
pub(super) async fn ask<S>(
    stream: &mut S,
    host: &str,
    port: u16,
    credentials: Option<(&str, &str)>,
) -> Result<(), ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    authenticate(stream, credentials).await?;
    let mut request = vec![5, 1, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            request.push(3);
            push(&mut request, host, "the name of the host is longer than 255 bytes")?;
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await?;
    stream.flush().await?;
    read_answer(stream).await
}

async fn authenticate<S>(
    stream: &mut S,
    credentials: Option<(&str, &str)>,
) -> Result<(), ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let greeting: &[u8] = match credentials {
        Some(_) => &[5, 2, NO_AUTHENTICATION, PASSWORD],
        None => &[5, 1, NO_AUTHENTICATION],
    };
    stream.write_all(greeting).await?;
    stream.flush().await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await?;
    match (chosen, credentials) {
        ([5, NO_AUTHENTICATION], _) => Ok(()),
        ([5, PASSWORD], Some((user, password))) => login(stream, user, password).await,
        ([5, NONE_ACCEPTED], None) => {
            Err(ProxyError::Credentials { offered: "something that needs credentials".into() })
        }
        ([5, NONE_ACCEPTED], Some(_)) => {
            Err(ProxyError::Credentials { offered: "neither a password nor nothing".into() })
        }
        ([5, _], _) => Err(ProxyError::Protocol("it chose what was not offered")),
        _ => Err(ProxyError::Protocol("not SOCKS 5")),
    }
}

async fn login<S>(stream: &mut S, user: &str, password: &str) -> Result<(), ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = Zeroizing::new(vec![1]);
    push(&mut request, user, "the user name is longer than 255 bytes")?;
    push(&mut request, password, "the password is longer than 255 bytes")?;
    stream.write_all(&request).await?;
    stream.flush().await?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await?;
    if answer[1] == 0 {
        Ok(())
    } else {
        Err(ProxyError::Credentials { offered: "user and password".into() })
    }
}

async fn read_answer<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(), ProxyError> {
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    if answer[0] != 5 {
        return Err(ProxyError::Protocol("not SOCKS 5"));
    }
    if answer[1] != 0 {
        return Err(ProxyError::Socks(reason(answer[1])));
    }
    let len = match answer[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await?),
        _ => return Err(ProxyError::Protocol("an unknown kind of address")),
    };
    // The address that the proxy connects from, and its port: of no use here.
    stream.read_exact(&mut vec![0; len + 2]).await?;
    Ok(())
}

fn reason(code: u8) -> &'static str {
    match code {
        1 => "a general failure",
        2 => "its rules do not allow this connection",
        3 => "the network cannot be reached",
        4 => "the host cannot be reached",
        5 => "the host refused the connection",
        6 => "the connection took too long",
        7 => "it does not connect for others",
        8 => "it does not know this kind of address",
        _ => "an unknown reason",
    }
}

/// Appends a text behind its length.
fn push(to: &mut Vec<u8>, text: &str, too_long: &'static str) -> Result<(), ProxyError> {
    let len = u8::try_from(text.len()).map_err(|_| ProxyError::Unsuitable(too_long))?;
    to.push(len);
    to.extend_from_slice(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is sent for this request, and what comes of `answers`.
    async fn asked(
        host: &str,
        credentials: Option<(&str, &str)>,
        answers: &[u8],
    ) -> (Vec<u8>, Result<(), ProxyError>) {
        let (mut here, mut there) = tokio::io::duplex(1000);
        there.write_all(answers).await.unwrap();
        let outcome = ask(&mut here, host, 443, credentials).await;
        drop(here);
        let mut request = Vec::new();
        there.read_to_end(&mut request).await.unwrap();
        (request, outcome)
    }

    const DONE: &[u8] = &[5, 0, 0, 1, 9, 9, 9, 9, 0, 80];

    #[tokio::test]
    async fn names_and_addresses_go_as_what_they_are() {
        for (host, expected) in [
            ("1.2.3.4", &b"\x05\x01\0\x05\x01\0\x01\x01\x02\x03\x04\x01\xbb"[..]),
            ("b2.example", b"\x05\x01\0\x05\x01\0\x03\x0ab2.example\x01\xbb"),
            ("::1", b"\x05\x01\0\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb"),
        ] {
            let (request, outcome) = asked(host, None, &[&[5, 0], DONE].concat()).await;
            assert_eq!(request, expected, "{host}");
            outcome.unwrap();
        }
    }

    #[tokio::test]
    async fn a_password_goes_only_to_who_asks_for_it() {
        let credentials = Some(("ada", "secret"));
        let answers = [&[5, 2, 1, 0], DONE].concat();
        let (request, outcome) = asked("1.2.3.4", credentials, &answers).await;
        assert!(request.starts_with(b"\x05\x02\0\x02\x01\x03ada\x06secret\x05\x01\0"));
        outcome.unwrap();
        let (request, outcome) = asked("1.2.3.4", credentials, &[&[5, 0], DONE].concat()).await;
        assert!(!request.windows(6).any(|window| window == b"secret"));
        outcome.unwrap();
    }

    #[tokio::test]
    async fn refusals_have_their_reason() {
        let (_, outcome) = asked("a", Some(("a", "b")), &[5, 2, 1, 1]).await;
        assert!(matches!(outcome, Err(ProxyError::Credentials { .. })));
        let (_, outcome) = asked("a", None, &[5, 255]).await;
        assert!(matches!(outcome, Err(ProxyError::Credentials { .. })));
        let (_, outcome) = asked("a", None, &[5, 0, 5, 2, 0, 1]).await;
        assert!(matches!(
            outcome,
            Err(ProxyError::Socks("its rules do not allow this connection"))
        ));
        let (_, outcome) = asked("a", None, b"HTTP/1.1 400").await;
        assert!(matches!(outcome, Err(ProxyError::Protocol("not SOCKS 5"))));
        let (_, outcome) = asked(&"a".repeat(256), None, &[5, 0]).await;
        assert!(matches!(outcome, Err(ProxyError::Unsuitable(_))));
    }
}
