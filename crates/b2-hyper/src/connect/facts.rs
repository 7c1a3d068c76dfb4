//! What is known of a connection.

use std::net::SocketAddr;

use http::Version;
use rustls::pki_types::CertificateDer;

/// Facts about the connection that carried an answer; every answer of
/// [`HyperTransport`](crate::HyperTransport) has them in its extensions, as
/// an [`Arc`](std::sync::Arc).
///
/// ```no_run
/// use std::sync::Arc;
///
/// use b2_hyper::connect::ConnectionFacts;
///
/// fn show<B>(answer: &http::Response<B>) {
///     if let Some(facts) = answer.extensions().get::<Arc<ConnectionFacts>>() {
///         println!("from {} to {}", facts.local_address, facts.peer_address);
///         if let Some(tls) = &facts.tls {
///             println!("{} with {} ({} bits)", tls.version, tls.cipher_suite, tls.cipher_bits);
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionFacts {
    /// The address and port on this machine.
    pub local_address: SocketAddr,
    /// The address and port that was dialled: the server's, or the first
    /// proxy's.
    pub peer_address: SocketAddr,
    /// How many proxies are between this machine and the server.
    pub proxies: usize,
    /// The version of HTTP that is spoken.
    pub http_version: Version,
    /// The session with the server, if the connection is encrypted.
    pub tls: Option<TlsFacts>,
}

/// Facts about a TLS session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`; with the feature `openssl` also `TLSv1` or
    /// `TLSv1.1`.
    pub version: &'static str,
    /// The registered name of the cipher suite, such as
    /// `TLS_AES_256_GCM_SHA384`.
    pub cipher_suite: &'static str,
    /// The name of the bulk cipher, such as `AES-256-GCM`.
    pub cipher: &'static str,
    /// Bits of the key of the bulk cipher.
    pub cipher_bits: u16,
    /// The group of the key exchange, such as `X25519`; empty if a resumed
    /// session had none. OpenSSL also exchanges keys with `RSA`, or with a
    /// finite field that has no name, which is `DH`.
    pub key_exchange: String,
    /// Bits of the group: those of the field of a curve or the prime of a
    /// finite field; 0 if unknown.
    pub key_exchange_bits: u16,
    /// Whether a session from before was resumed.
    pub resumed: bool,
    /// What ALPN agreed on, such as `h2`.
    pub alpn: Option<Vec<u8>>,
    /// What the server showed, its own certificate first.
    pub certificates: Vec<CertificateDer<'static>>,
}
