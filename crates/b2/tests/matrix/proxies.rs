//! Proxies of a few lines, one for each kind.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use b2::hyper::proxy::{Proxy, ProxyRules};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The ways to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Direct,
    /// It reads requests to `http` URLs and opens tunnels for `https`.
    Http,
    /// It opens tunnels for `http`, too.
    Tunnel,
    /// It is spoken to over TLS.
    Tls,
    Socks4,
    Socks4a,
    Socks5,
    /// With a password.
    Socks5Password,
}

pub(crate) const WAYS: [Way; 8] = [
    Way::Direct,
    Way::Http,
    Way::Tunnel,
    Way::Tls,
    Way::Socks4,
    Way::Socks4a,
    Way::Socks5,
    Way::Socks5Password,
];

impl Way {
    /// Starts its proxy, and counts the connections that it makes.
    pub(crate) async fn open(self, tls: &TlsAcceptor) -> (ProxyRules, Arc<AtomicUsize>) {
        let carried = Arc::new(AtomicUsize::new(0));
        if self == Self::Direct {
            return (ProxyRules::none(), carried);
        }
        let counted = Arc::clone(&carried);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tls = Arc::new(tls.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                client.set_nodelay(true).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let tls = Arc::clone(&tls);
                // What a proxy could not finish, the test sees from its end.
                tokio::spawn(async move {
                    if self == Self::Tls {
                        carry(self, tls.accept(client).await?).await
                    } else {
                        carry(self, client).await
                    }
                });
            }
        });
        let rules = ProxyRules::all(match self {
            Self::Direct | Self::Http => Proxy::http("127.0.0.1", port),
            Self::Tunnel => Proxy::http("127.0.0.1", port).with_tunnel(true),
            Self::Tls => Proxy::http("127.0.0.1", port).with_tls(true),
            Self::Socks4 => Proxy::socks4("127.0.0.1", port).with_credentials("ada", ""),
            Self::Socks4a => Proxy::socks4a("127.0.0.1", port).with_credentials("ada", ""),
            Self::Socks5 => Proxy::socks5("127.0.0.1", port),
            Self::Socks5Password => {
                Proxy::socks5("127.0.0.1", port).with_credentials("ada", "open sesame")
            }
        });
        (rules, carried)
    }
}

/// Reads the question, connects, and passes everything on.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(way: Way, mut client: S) -> io::Result<()> {
    let (target, question) = match way {
        Way::Socks4 | Way::Socks4a => socks4(&mut client, way).await?,
        Way::Socks5 | Way::Socks5Password => socks5(&mut client, way).await?,
        _ => http(&mut client, way).await?,
    };
    let mut server = TcpStream::connect(target).await?;
    server.set_nodelay(true)?;
    server.write_all(&question).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// Where to, and what of the question belongs to the server.
type Asked = io::Result<(String, Vec<u8>)>;

fn wrong(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

async fn until<S: AsyncRead + Unpin>(client: &mut S, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    while !text.ends_with(end) {
        text.push(client.read_u8().await?);
    }
    Ok(text)
}

/// A tunnel, or the request itself, which servers take in this form too.
async fn http<S: AsyncRead + AsyncWrite + Unpin>(client: &mut S, way: Way) -> Asked {
    let head = until(client, b"\r\n\r\n").await?;
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut words = text.split(' ');
    let (Some(method), Some(uri)) = (words.next(), words.next()) else {
        return Err(wrong("no request"));
    };
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        client.flush().await?;
        return Ok((uri.to_owned(), Vec::new()));
    }
    if way == Way::Tunnel {
        return Err(wrong("no tunnel"));
    }
    let rest = uri.strip_prefix("http://").ok_or_else(|| wrong("not the whole URL"))?;
    Ok((rest.split('/').next().unwrap_or_default().to_owned(), head))
}

async fn socks4<S: AsyncRead + AsyncWrite + Unpin>(client: &mut S, way: Way) -> Asked {
    let mut request = [0; 8];
    client.read_exact(&mut request).await?;
    let port = u16::from_be_bytes([request[2], request[3]]);
    if until(client, b"\0").await? != b"ada\0" {
        return Err(wrong("who is that?"));
    }
    let host = match (request[4..8].try_into().unwrap_or([0; 4]), way) {
        ([0, 0, 0, 1], Way::Socks4a) => {
            let name = until(client, b"\0").await?;
            String::from_utf8_lossy(&name[..name.len() - 1]).into_owned()
        }
        ([0, 0, 0, _], _) => return Err(wrong("a name in version 4")),
        (bytes, _) => Ipv4Addr::from(bytes).to_string(),
    };
    client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).await?;
    client.flush().await?;
    Ok((format!("{host}:{port}"), Vec::new()))
}

async fn socks5<S: AsyncRead + AsyncWrite + Unpin>(client: &mut S, way: Way) -> Asked {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).await?;
    let mut methods = vec![0; usize::from(greeting[1])];
    client.read_exact(&mut methods).await?;
    if way == Way::Socks5Password {
        client.write_all(&[5, 2]).await?;
        client.flush().await?;
        let mut said = [0; 17];
        client.read_exact(&mut said).await?;
        if &said != b"\x01\x03ada\x0bopen sesame" {
            return Err(wrong("another password"));
        }
        client.write_all(&[1, 0]).await?;
    } else {
        client.write_all(&[5, 0]).await?;
    }
    client.flush().await?;
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let host = if request[3] == 3 {
        let mut name = vec![0; usize::from(client.read_u8().await?)];
        client.read_exact(&mut name).await?;
        String::from_utf8_lossy(&name).into_owned()
    } else {
        let mut address = [0; 4];
        client.read_exact(&mut address).await?;
        Ipv4Addr::from(address).to_string()
    };
    let port = client.read_u16().await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    client.flush().await?;
    Ok((format!("{host}:{port}"), Vec::new()))
}
