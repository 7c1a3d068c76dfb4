//! Certificates made for the occasion, and servers that show them.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
#[cfg(feature = "aws-lc-rs")]
pub(crate) use rustls::crypto::aws_lc_rs::default_provider;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub(crate) use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WantsServerCert;
use rustls::{ConfigBuilder, ServerConfig, ServerConnection, StreamOwned, WantsVerifier};

use super::server;

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(crate) type Session = StreamOwned<ServerConnection, TcpStream>;

/// A certificate authority.
pub(crate) struct Authority {
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with(CertificateParams::new([]).unwrap())
    }

    pub(crate) fn with(mut params: CertificateParams) -> Self {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        // Each has a name of its own, as in life.
        params.distinguished_name.push(DnType::CommonName, format!("{:?}", key.public_key_raw()));
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn server(&self, params: CertificateParams) -> Arc<ServerConfig> {
        self.server_that(params, |config| config.with_no_client_auth())
    }

    pub(crate) fn server_that(
        &self,
        params: CertificateParams,
        clients: impl FnOnce(
            ConfigBuilder<ServerConfig, WantsVerifier>,
        ) -> ConfigBuilder<ServerConfig, WantsServerCert>,
    ) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        Arc::new(clients(config).with_single_cert(vec![leaf.into()], key).unwrap())
    }

    /// A server for `names` that runs `script` on each connection.
    pub(crate) fn serve<F>(&self, names: &[&str], script: F) -> u16
    where
        F: Fn(usize, &mut Session) -> io::Result<()> + Send + Sync + 'static,
    {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        serve(self.server(CertificateParams::new(names).unwrap()), script).port()
    }
}

pub(crate) fn serve<F>(config: Arc<ServerConfig>, script: F) -> SocketAddr
where
    F: Fn(usize, &mut Session) -> io::Result<()> + Send + Sync + 'static,
{
    server::listen(move |number, stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        script(number, &mut StreamOwned::new(connection, stream))
    })
}

pub(crate) fn answering(_: usize, session: &mut Session) -> io::Result<()> {
    while server::request(session)?.is_some() {
        session.write_all(OK)?;
    }
    Ok(())
}
