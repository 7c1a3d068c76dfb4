//! One GiB with the least that hyper can do.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_LENGTH, HOST};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::body::Repeated;
use crate::{Failure, Move, SIZE};

pub(crate) async fn go(way: Move, url: &str, certificate: &[u8]) -> Result<u64, Failure> {
    let url: http::Uri = url.parse()?;
    let authority = url.authority().ok_or("a URL without a host")?.as_str();
    let tcp = TcpStream::connect(authority.replace("localhost", "127.0.0.1")).await?;
    tcp.set_nodelay(true)?;
    if url.scheme_str() == Some("http") {
        return exchange(way, authority, tcp).await;
    }
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost")?;
    let session = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
    exchange(way, authority, session).await
}

async fn exchange<S>(way: Move, authority: &str, stream: S) -> Result<u64, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = Request::builder().uri("/").header(HOST, authority);
    match way {
        Move::Upload => {
            let builder = builder.method("POST").header(CONTENT_LENGTH, SIZE);
            send(builder.body(Repeated::new())?, stream).await?;
            Ok(SIZE)
        }
        Move::Download => send(builder.body(Empty::<Bytes>::new())?, stream).await,
    }
}

async fn send<S, B>(request: Request<B>, stream: S) -> Result<u64, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Failure>> + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut body = sender.send_request(request).await?.into_body();
    let mut came = 0;
    while let Some(frame) = body.frame().await {
        came += frame?.into_data().map_or(0, |data| data.len() as u64);
    }
    drop(sender);
    connection.await??;
    Ok(came)
}
