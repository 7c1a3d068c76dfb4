//! Watching what happens inside a client.

use std::fmt;

/// Something that happened.
///
/// None of it holds a secret: URLs come without their query, headers of
/// requests and all bodies not at all.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request is about to be sent. Once for each attempt.
    RequestSent {
        /// B2's name of the call.
        operation: &'static str,
        /// HTTP method.
        method: &'a http::Method,
        /// Host and port it goes to.
        host: &'a str,
        /// Length of its body in bytes.
        body_bytes: u64,
    },
    /// The head of an answer arrived. At most once for each attempt.
    ResponseHead {
        /// B2's name of the call.
        operation: &'static str,
        /// HTTP status.
        status: u16,
        /// Its headers, in which B2 sends no secret.
        headers: &'a http::HeaderMap,
    },
    /// Content is about to be moved. Once for each upload and download.
    TransferStarted {
        /// Which way.
        direction: Direction,
    },
    /// Content was moved. As often as [`ProgressStep`](crate::ProgressStep)
    /// says, and once at the end; from whichever thread moves it.
    Progress {
        /// Which way.
        direction: Direction,
        /// Bytes so far; retries do not take any back.
        bytes: u64,
        /// Bytes in all; `None` until it is known.
        total: Option<u64>,
    },
    /// The transfer is over, well or badly.
    TransferEnded {
        /// Which way.
        direction: Direction,
        /// Whether it succeeded.
        success: bool,
    },
    /// An attempt ended without an answer.
    RequestFailed {
        /// B2's name of the call.
        operation: &'static str,
        /// Why.
        error: &'a b2_core::error::TransportError,
    },
    /// A decision of the protocol machine: a retry, a refreshed token.
    Protocol(&'a b2_core::Event),
}

/// Which way content moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Direction {
    /// To B2.
    Upload,
    /// From B2.
    Download,
}

/// Which operation an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// Number of the operation, from 1, in the order in which they began.
    pub id: u64,
}

/// Receives events.
///
/// Called outside every lock, on whichever thread the operation runs; return
/// quickly. The default does nothing.
pub trait Observer: Send + Sync + 'static {
    /// Something happened in the operation that `scope` names.
    fn on_event(&self, _scope: &Scope, _event: &Event<'_>) {}
}

/// The observer that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nobody;

impl Observer for Nobody {}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upload => "upload",
            Self::Download => "download",
        })
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestSent { operation, method, host, body_bytes } => {
                write!(f, "{operation}: {method} to {host}, {body_bytes} bytes of body")
            }
            Self::ResponseHead { operation, status, .. } => {
                write!(f, "{operation}: answered with HTTP status {status}")
            }
            Self::TransferStarted { direction } => write!(f, "{direction}: started"),
            Self::Progress { direction, bytes, total: Some(total) } => {
                write!(f, "{direction}: {bytes} of {total} bytes")
            }
            Self::Progress { direction, bytes, total: None } => {
                write!(f, "{direction}: {bytes} bytes")
            }
            Self::TransferEnded { direction, success: true } => write!(f, "{direction}: done"),
            Self::TransferEnded { direction, success: false } => write!(f, "{direction}: failed"),
            Self::RequestFailed { operation, error } => write!(f, "{operation}: {error}"),
            Self::Protocol(event) => write!(f, "{event:?}"),
        }
    }
}
