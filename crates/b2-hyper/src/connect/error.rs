//! Why there is no connection.

use std::io;

use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};

use crate::proxy::ProxyError;
use crate::tls::TlsError;

/// Why there is no connection to a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name was not found, or has no address of the family allowed.
    #[error("the name could not be looked up")]
    Resolve(#[source] io::Error),
    /// No address could be reached; the last failure is the source.
    #[error("no address could be reached")]
    Dial(#[source] io::Error),
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
        let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        match error {
            no @ ConnectError::NoHttp2 => Self::new(Kind::Tls, Sent::Nothing).with_source(no),
            ConnectError::Resolve(io) | ConnectError::Dial(io) if timed_out(&io) => {
                Self::new(Kind::Timeout, Sent::Nothing).with_source(io)
            }
            ConnectError::Resolve(io) => Self::new(Kind::Resolve, Sent::Nothing).with_source(io),
            ConnectError::Dial(io) => Self::new(Kind::Connect, Sent::Nothing).with_source(io),
            ConnectError::Proxy(far @ ProxyError::Unreachable { .. }) => {
                let late =
                    matches!(&far, ProxyError::Unreachable { source, .. } if timed_out(source));
                let kind = if late { Kind::Timeout } else { Kind::Connect };
                Self::new(kind, Sent::Nothing).with_source(far)
            }
            ConnectError::Proxy(error) => {
                Self::new(Kind::Connect, Sent::Nothing).with_source(error)
            }
            // A handshake that breaks off may go better the next time.
            ConnectError::Tls(error) if error.is_broken() => {
                Self::new(Kind::Connect, Sent::Nothing).with_source(error)
            }
            ConnectError::Tls(error) => Self::new(Kind::Tls, Sent::Nothing).with_source(error),
        }
    }
}
