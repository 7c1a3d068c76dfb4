//! Why there is no connection.

use std::io;

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};

use crate::proxy::ProxyError;
use crate::tls::TlsError;

/// Why there is no connection to a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name was not found, or has no address of the family allowed; a
    /// [`ResolveError`](super::ResolveError) inside says which.
    #[error("the name could not be looked up")]
    Resolve(#[source] io::Error),
    /// No address could be reached; the last failure is the source.
    #[error("no address could be reached")]
    Dial(#[source] io::Error),
    /// The address is `0.0.0.0` or `::`, which is that of no server, and the
    /// system did not take it for this machine: name the host.
    #[error("the address is that of no server")]
    Unspecified(#[source] io::Error),
    /// A proxy would not or could not connect.
    #[error("the proxy did not connect")]
    Proxy(#[source] ProxyError),
    /// The server does not speak HTTP/2 over TLS, and nothing else is allowed:
    /// allow a fallback.
    #[error("the server does not speak HTTP/2 over TLS")]
    NoHttp2,
    /// No encrypted session came about.
    #[error("TLS failed")]
    Tls(#[source] TlsError),
}

impl From<ConnectError> for TransportError {
    fn from(error: ConnectError) -> Self {
        let code = error.class_code();
        let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        let new = |kind| Self::new(kind, Sent::Nothing).with_class_code(code);
        match error {
            no @ ConnectError::NoHttp2 => new(Kind::Tls).with_source(no),
            ConnectError::Resolve(io) | ConnectError::Dial(io) if timed_out(&io) => {
                new(Kind::Timeout).with_source(io)
            }
            ConnectError::Resolve(io) => new(Kind::Resolve).with_source(io),
            ConnectError::Dial(io) => new(Kind::Connect).with_source(io),
            no @ ConnectError::Unspecified(_) => new(Kind::Connect).with_source(no),
            ConnectError::Proxy(far @ ProxyError::Unreachable { .. }) => {
                let late =
                    matches!(&far, ProxyError::Unreachable { source, .. } if timed_out(source));
                let kind = if late { Kind::Timeout } else { Kind::Connect };
                new(kind).with_source(far)
            }
            ConnectError::Proxy(far @ ProxyError::Resolve(_)) => {
                new(Kind::Resolve).with_source(far)
            }
            ConnectError::Proxy(error) => new(Kind::Connect).with_source(error),
            // A handshake that breaks off may go better the next time.
            ConnectError::Tls(error) if error.is_broken() => new(Kind::Connect).with_source(error),
            ConnectError::Tls(error) => new(Kind::Tls).with_source(error),
        }
    }
}
