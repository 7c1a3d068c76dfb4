//! HTTP proxies: asking for a tunnel, and being known to the proxy.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use ::http::header;

use super::auth::Authenticator;
use super::error::ProxyError;
use super::head::Head;
use super::host::authority;
use super::server::Proxy;

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tunnel {
    /// It stands.
    Open,
    /// The proxy has told what it wants to know and hung up.
    Again,
}

/// Has the proxy connect to `host`.
pub(super) async fn tunnel<S>(
    stream: &mut S,
    proxy: &Proxy,
    host: &str,
    port: u16,
    authenticator: &mut Authenticator,
) -> Result<Tunnel, ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let authority = authority(host, port);
    let asking = Asking { method: "CONNECT", uri: &authority, host: &authority };
    loop {
        let head = asking.ask(stream, proxy, authenticator).await?;
        match head.status {
            200..300 if head.has_more() => {
                return Err(ProxyError::Protocol("it spoke out of turn"));
            }
            200..300 => return Ok(Tunnel::Open),
            407 => {
                authenticator.challenge(&head.headers)?;
                if !head.finish(stream).await? {
                    authenticator.reconnecting()?;
                    return Ok(Tunnel::Again);
                }
            }
            status => return Err(ProxyError::Status(status)),
        }
    }
}

/// Learns what a proxy that reads requests itself wants to know, before the
/// first of them is sent: a request with a body is sent once or not at all.
///
/// It is asked for the head of the server's first page, without credentials
/// for the server. A proxy that wants to know us refuses that itself; another
/// one passes it on, which changes nothing there. (`OPTIONS` with
/// `Max-Forwards: 0` would go no further than the proxy, but squid answers it
/// with 501.)
pub(super) async fn introduce<S>(
    stream: &mut S,
    proxy: &Proxy,
    host: &str,
    port: u16,
    authenticator: &mut Authenticator,
) -> Result<Tunnel, ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let authority = authority(host, port);
    let uri = format!("http://{authority}/");
    let asking = Asking { method: "HEAD", uri: &uri, host: &authority };
    while authenticator.needs_introduction() {
        let head = asking.ask(stream, proxy, authenticator).await?;
        if head.status == 407 {
            authenticator.challenge(&head.headers)?;
        } else {
            authenticator.introduced();
        }
        if !head.persists() || head.has_more() {
            authenticator.reconnecting()?;
            return Ok(Tunnel::Again);
        }
    }
    Ok(Tunnel::Open)
}

struct Asking<'a> {
    method: &'a str,
    uri: &'a str,
    host: &'a str,
}

impl Asking<'_> {
    async fn ask<S>(
        &self,
        stream: &mut S,
        proxy: &Proxy,
        authenticator: &mut Authenticator,
    ) -> Result<Head, ProxyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut request =
            format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.uri, self.host)
                .into_bytes();
        let mut add = |name: &str, value: &[u8]| {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        };
        // The other method goes on to the server if the proxy lets it.
        let own = proxy.headers.iter().filter(|_| self.method == "CONNECT");
        for (name, value) in own {
            add(name.as_str(), value.as_bytes());
        }
        if let Some(value) = authenticator.header(self.method, self.uri)? {
            add(header::PROXY_AUTHORIZATION.as_str(), value.as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        stream.write_all(&request).await?;
        stream.flush().await?;
        Head::read(stream).await
    }
}
