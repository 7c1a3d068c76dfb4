//! A server of HTTP/2 before an emulator that speaks HTTP/1.1, both over TLS.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::{CONNECTION, HOST, HeaderValue};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A certificate for this machine, and a server that shows it.
pub(crate) struct Identity {
    pub(crate) pem: String,
    config: ServerConfig,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der)
            .unwrap();
        Self { pem: certificate.pem(), config }
    }

    /// Accepts sessions in which `protocols` are spoken.
    pub(crate) fn acceptor(&self, protocols: &[&[u8]]) -> TlsAcceptor {
        let mut config = self.config.clone();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Where requests go on to.
struct Emulator {
    address: SocketAddr,
    tls: TlsConnector,
    requests: Arc<AtomicUsize>,
}

/// A front, and how many requests it has passed on.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<AtomicUsize>,
}

impl Front {
    pub(crate) async fn start(identity: &Identity, emulator: SocketAddr, pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let requests = Arc::new(AtomicUsize::new(0));
        let behind = Arc::new(Emulator {
            address: emulator,
            tls: TlsConnector::from(Arc::new(config)),
            requests: Arc::clone(&requests),
        });
        let acceptor = identity.acceptor(&[b"h2"]);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tcp.set_nodelay(true).unwrap();
                tokio::spawn(serve(tcp, acceptor.clone(), Arc::clone(&behind)));
            }
        });
        Self { address, requests }
    }
}

async fn serve(tcp: TcpStream, acceptor: TlsAcceptor, behind: Arc<Emulator>) {
    let Ok(session) = acceptor.accept(tcp).await else { return };
    let service = hyper::service::service_fn(move |request| {
        let behind = Arc::clone(&behind);
        async move { behind.pass(request).await }
    });
    let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    server.initial_stream_window_size(1 << 20).initial_connection_window_size(1 << 22);
    let _ = server.serve_connection(TokioIo::new(session), service).await;
}

impl Emulator {
    /// Each request has a connection of its own.
    async fn pass(&self, mut request: Request<Incoming>) -> io::Result<Response<Incoming>> {
        assert_eq!(request.version(), Version::HTTP_2);
        self.requests.fetch_add(1, Ordering::SeqCst);
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let session = self.tls.connect(name, tcp).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(session))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        let authority = request.uri().authority().map_or("", |name| name.as_str());
        let host = HeaderValue::try_from(authority).map_err(io::Error::other)?;
        request.headers_mut().insert(HOST, host);
        *request.version_mut() = Version::HTTP_11;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(io::Error::other)?;
        let mut answer = sender.send_request(request).await.map_err(io::Error::other)?;
        // Of no meaning in HTTP/2.
        answer.headers_mut().remove(CONNECTION);
        answer.headers_mut().remove("keep-alive");
        *answer.version_mut() = Version::HTTP_2;
        Ok(answer)
    }
}
