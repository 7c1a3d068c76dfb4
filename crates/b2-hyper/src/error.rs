//! From what went wrong to what a driver needs to know.
//!
//! No text made here holds a URL query, a header or a byte of a body.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::class_code;
use crate::settings::SettingError;
use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};

/// Why a [`Builder`](crate::Builder) could not make a transport.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The text given as root certificates is not PEM.
    #[error("the root certificates are not valid PEM")]
    Pem(#[source] Box<dyn Error + Send + Sync>),
    /// The text given as root certificates has no certificate in it.
    #[error("there is no certificate in the PEM of root certificates")]
    NoCertificate,
    /// A root certificate cannot be used.
    #[error("a root certificate cannot be used")]
    Certificate(#[source] Box<dyn Error + Send + Sync>),
    /// A file that was named cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Of several places of root certificates none is there: name one that is,
    /// or none at all to trust those of the system.
    #[error("none of the files of root certificates is there: {}", names(.0))]
    NoRootFile(Vec<PathBuf>),
    /// A list of revoked certificates cannot be used.
    #[error("a list of revoked certificates cannot be used")]
    RevocationList(#[source] Box<dyn Error + Send + Sync>),
    /// A text is not the URL of a proxy: `http`, `https`, `socks4`, `socks4a`
    /// or `socks5`, a host and perhaps a port.
    #[error("not the URL of a proxy (its scheme may be http, https, socks4, socks4a or socks5)")]
    ProxyUrl,
    /// A variable of the environment cannot be used; the source says why.
    #[error("the variable {name} of the environment")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// A text is not the place of a script that chooses proxies: an `http`,
    /// `https` or `file` URL, or a path.
    #[error("not the URL of a script that chooses proxies")]
    ScriptUrl,
    /// What was chosen cannot be had here; the text says what to use instead.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A text cannot be the name or value of a header.
    #[error("not the name or value of a header")]
    Header,
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Why a request was not even begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the URL names no server: it has to begin with http:// or https:// and a host")]
    Server,
    #[error("the scheme of the URL is neither http nor https")]
    Scheme,
    #[error("the URL has port 0, on which no server listens")]
    Port,
    #[error("the Content-Length header does not agree with the length of the body")]
    Length,
    #[error("a request with Transfer-Encoding is not supported, because B2 takes none")]
    Chunked,
    #[error(
        "the policy does not allow requests to this URL: if its host is to be trusted \
         with credentials, allow that with UrlPolicy::with_host, or with_allowed_host of a client"
    )]
    Policy,
    #[error("HTTP/2 needs TLS: give an https URL, or HTTPVersion=1.1 for an http one")]
    PlainHttp2,
    #[error("there is no tokio runtime here")]
    NoRuntime,
}

impl From<Refusal> for TransportError {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Policy | Refusal::PlainHttp2 => Kind::Refused,
            _ => Kind::Other,
        };
        failed(kind, Sent::Nothing, refusal)
    }
}

/// Which patience ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Late {
    #[error("the deadline of the request passed")]
    Deadline,
    #[error("no connection was made within {0:?}")]
    Connect(Duration),
    #[error("no byte moved for {0:?}")]
    Silence(Duration),
    #[error("the request was interrupted")]
    Interrupted,
}

impl Late {
    pub(crate) fn into_error(self, sent: Sent) -> TransportError {
        let kind = match self {
            Self::Interrupted => Kind::Interrupted,
            _ => Kind::Timeout,
        };
        failed(kind, sent, self)
    }
}

/// An error of ours with the number of what is at its bottom.
pub(crate) fn failed(
    kind: Kind,
    sent: Sent,
    source: impl Error + Send + Sync + 'static,
) -> TransportError {
    let code = class_code::of(&source);
    let error = TransportError::new(kind, sent).with_source(source);
    match code {
        Some(code) => error.with_class_code(code),
        None => error,
    }
}

/// An error of the connection before the head of the answer.
pub(crate) fn before_head(error: hyper::Error, sent: Sent) -> TransportError {
    let sent = if unseen(&error) { Sent::Nothing } else { sent };
    let kind = if error.is_parse() || misbehaved(&error) {
        Kind::Protocol
    } else if tls(&error) {
        Kind::Tls
    } else if error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || error.is_body_write_aborted()
        || find::<io::Error>(&error).is_some()
        || find::<h2::Error>(&error).is_some()
    {
        Kind::Interrupted
    } else {
        Kind::Protocol
    };
    failed(kind, sent, error)
}

/// An error of the connection inside the body of the answer.
pub(crate) fn inside_body(error: hyper::Error, sent: Sent) -> TransportError {
    use io::ErrorKind::{InvalidData, InvalidInput};
    let io = find::<io::Error>(&error).map(io::Error::kind);
    let kind = if tls(&error) {
        Kind::Tls
    } else if error.is_parse()
        || misbehaved(&error)
        || matches!(io, Some(InvalidData | InvalidInput))
    {
        Kind::Protocol
    } else {
        Kind::Interrupted
    };
    failed(kind, sent, error)
}

/// Whether a server has broken a rule of HTTP/2, so that we have ended it.
fn misbehaved(error: &hyper::Error) -> bool {
    find::<h2::Error>(error)
        .is_some_and(|error| error.is_library() && error.reason() != Some(h2::Reason::NO_ERROR))
}

/// Whether a server of HTTP/2 says that it has not looked at a request: it
/// refuses it, or it goes and has named an earlier one as the last (RFC 9113,
/// 8.7).
fn unseen(error: &hyper::Error) -> bool {
    find::<h2::Error>(error).is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    })
}

/// Whether TLS is at the bottom of an error.
fn tls(error: &(dyn Error + 'static)) -> bool {
    find::<io::Error>(error)
        .and_then(io::Error::get_ref)
        .is_some_and(|inner| inner.is::<rustls::Error>() || openssl(inner))
}

#[cfg(feature = "openssl")]
fn openssl(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    crate::tls::is_openssl(error)
}

#[cfg(not(feature = "openssl"))]
fn openssl(_: &(dyn Error + Send + Sync + 'static)) -> bool {
    false
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(this) = next {
        if let Some(found) = this.downcast_ref() {
            return Some(found);
        }
        next = this.source();
    }
    None
}
