//! What can go wrong, and what helps.
//!
//! Each level prints only itself; the cause is in
//! [`source()`](std::error::Error::source). [`Error::remedy`] says what a
//! program can do next, [`Error::advice`] what a person can.

mod class_code;
mod client_encryption;
mod request;

pub use client_encryption::{ClientEncryptionError, ClientEncryptionErrorKind};
pub use request::RequestError;

use std::sync::Arc;

use b2_proto::{Capability, ErrorCode, LargeFileId, Sha1Digest};

use crate::retry::UNKNOWN_CODE;
use crate::time::Duration;

/// Why an operation did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// B2 answered with an error that repeating does not mend.
    #[error("B2 refused {operation}")]
    Api {
        /// B2's name of the call.
        operation: &'static str,
        /// B2's own words.
        source: Box<ApiError>,
    },
    /// The request or its answer did not get through.
    #[error("the transport failed during {operation}")]
    Transport {
        /// B2's name of the call.
        operation: &'static str,
        /// What the transport said.
        source: Box<TransportError>,
    },
    /// The answer makes no sense.
    #[error("{operation} answered something unreadable")]
    Protocol {
        /// B2's name of the call.
        operation: &'static str,
        /// What was wrong with it.
        source: Box<ProtocolError>,
    },
    /// The bytes are not the ones that were stored.
    #[error("the content does not match its digest")]
    Integrity(#[from] IntegrityError),
    /// Attempt after attempt failed until patience ran out.
    #[error("gave up on {operation} after {attempts} attempts in {elapsed:?}")]
    Exhausted {
        /// B2's name of the call.
        operation: &'static str,
        /// Attempts made.
        attempts: u32,
        /// Time since the first of them.
        elapsed: Duration,
        /// Why the last one failed.
        #[source]
        last: Box<Self>,
    },
    /// The answer was lost and the call must not be repeated blindly: it may
    /// or may not have taken effect.
    #[error("the answer to {operation} was lost; it may have taken effect")]
    Unconfirmed {
        /// B2's name of the call.
        operation: &'static str,
        /// The large file that may or may not be finished, if it is about one.
        file_id: Option<LargeFileId>,
        /// Why the answer was lost.
        #[source]
        last: Box<Self>,
    },
    /// A large file could not be completed, and not be cancelled either: its
    /// parts cost money until somebody cancels it.
    #[error("the unfinished large file {file_id} was left behind")]
    Orphaned {
        /// The file to cancel.
        file_id: LargeFileId,
        /// Why it could not be completed.
        #[source]
        last: Box<Self>,
    },
    /// The user's source could not be read, or sink not be written.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// What is encrypted on this side could not be encrypted or opened.
    #[error(transparent)]
    ClientEncryption(#[from] ClientEncryptionError),
    /// The request cannot be made of what was given.
    #[error("{operation} cannot be asked for like this")]
    Request {
        /// B2's name of the call.
        operation: &'static str,
        /// What is wrong with it.
        source: Box<RequestError>,
    },
    /// The file was not changed since the time that was asked about.
    #[error("the file was not modified")]
    NotModified,
    /// The caller stopped the operation.
    #[error("cancelled")]
    Cancelled,
}

/// What a program can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing: the same request will fail again.
    Never,
    /// Make the same request again, not before this time has passed.
    Retry {
        /// What B2 asked for in `Retry-After`.
        after: Option<Duration>,
    },
    /// Get a fresh upload URL and send the body again.
    FreshUploadUrl,
    /// Authorize the account again and repeat.
    Reauthorize,
    /// Find out whether the request took effect before repeating it.
    Reconcile,
}

impl Error {
    /// The answer to `operation` was lost, because of `last`.
    pub(crate) fn unconfirmed(operation: &'static str, last: Self) -> Self {
        Self::Unconfirmed { operation, file_id: None, last: Box::new(last) }
    }

    /// The same, when what B2 suggests cannot be done.
    pub(crate) fn finally(mut self) -> Self {
        if let Self::Api { source, .. } = &mut self {
            source.remedy = Remedy::Never;
        }
        self
    }

    /// What a program can do next. By the time a caller sees the error, the
    /// operation has already applied the remedy as often as its
    /// [`RetryPolicy`](crate::retry::RetryPolicy) allows.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Api { source, .. } => source.remedy,
            Self::Transport { source, .. } if source.kind.is_final() => Remedy::Never,
            Self::Transport { .. } => Remedy::Retry { after: None },
            Self::Exhausted { last, .. } | Self::Orphaned { last, .. } => last.remedy(),
            Self::Unconfirmed { .. } => Remedy::Reconcile,
            Self::Integrity(_) => Remedy::Retry { after: None },
            Self::Protocol { .. }
            | Self::Local(_)
            | Self::ClientEncryption(_)
            | Self::Request { .. }
            | Self::NotModified
            | Self::Cancelled => Remedy::Never,
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        !matches!(self.remedy(), Remedy::Never)
    }

    /// B2's code, if B2 answered.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.api().map(|api| &api.code)
    }

    /// B2's answer, if there is one at the bottom of this error.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api { source, .. } => Some(source),
            Self::Exhausted { last, .. }
            | Self::Unconfirmed { last, .. }
            | Self::Orphaned { last, .. } => last.api(),
            _ => None,
        }
    }

    /// What a person can do next, as a sentence without a full stop.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Api { source, .. } => source.advice(),
            Self::Transport { source, .. } => Some(source.kind.advice().to_owned()),
            Self::Exhausted { last, .. } => last.advice(),
            Self::Unconfirmed { file_id: Some(file_id), .. } => Some(format!(
                "ask for the large file {file_id}: if it is still unfinished, upload again to resume it, or cancel it"
            )),
            Self::Unconfirmed { operation, .. } => {
                Some(format!("look whether {operation} took effect before you repeat it"))
            }
            Self::Orphaned { file_id, .. } => {
                Some(format!("cancel the large file {file_id}, or upload again and let it be resumed"))
            }
            Self::Integrity(_) => Some("try again; if it happens again, the stored file or the memory of this machine is damaged".to_owned()),
            Self::Protocol { .. } => Some("check that the endpoint is a B2 server and that no proxy changes its answers".to_owned()),
            Self::Request { source, .. } => source.advice(),
            Self::ClientEncryption(error) => error.advice(),
            Self::Local(_) | Self::NotModified | Self::Cancelled => None,
        }
    }
}

/// An error that B2 reported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} (HTTP {status}){}{message}", if message.is_empty() { "" } else { ": " })]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// B2's code; `unknown` if the answer carried none.
    pub code: ErrorCode,
    /// B2's words for people; often empty for 401.
    pub message: Box<str>,
    /// How long B2 asked to wait.
    pub retry_after: Option<Duration>,
    /// The request id, if B2 gave one: quote it to support.
    pub request_id: Option<Box<str>>,
    /// The capability that the call needs and the application key lacks.
    pub lacking: Option<Capability>,
    /// What the application key is restricted to, if it is.
    pub restriction: Option<Box<str>>,
    /// What helps.
    pub remedy: Remedy,
}

impl ApiError {
    fn advice(&self) -> Option<String> {
        if let Some(capability) = &self.lacking {
            return Some(format!("use an application key with the capability `{capability}`"));
        }
        let text = match self.meaning() {
            ErrorCode::Unauthorized => match &self.restriction {
                Some(restriction) => {
                    return Some(format!("the application key is restricted to {restriction}"));
                }
                None => "check the application key id and the application key",
            },
            ErrorCode::BadAuthToken | ErrorCode::ExpiredAuthToken => {
                "check the application key id and the application key; the key may have been deleted or have expired"
            }
            ErrorCode::Unsupported => {
                "this application key works only with a newer version of the API"
            }
            ErrorCode::BadBucketId | ErrorCode::InvalidBucketId => {
                "check the bucket; it may have been deleted"
            }
            ErrorCode::DuplicateBucketName => {
                "choose another bucket name: names are shared by all B2 users"
            }
            ErrorCode::CannotDeleteNonEmptyBucket => {
                "delete every file version and unfinished large file of the bucket first"
            }
            ErrorCode::NotFound | ErrorCode::NoSuchFile | ErrorCode::FileNotPresent => {
                "check the file name or id; the file may be hidden or deleted"
            }
            ErrorCode::StorageCapExceeded
            | ErrorCode::CapExceeded
            | ErrorCode::TransactionCapExceeded
            | ErrorCode::DownloadCapExceeded => {
                "raise the cap of the account; daily caps are reset at 00:00 UTC"
            }
            ErrorCode::TooManyRequests => "slow down: fewer requests at once",
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// The code, or what the status says where there is none: the answer to
    /// HEAD has no body to carry it.
    fn meaning(&self) -> &ErrorCode {
        match self.status {
            _ if self.code.as_str() != UNKNOWN_CODE => &self.code,
            401 => &ErrorCode::Unauthorized,
            429 => &ErrorCode::TooManyRequests,
            _ => &self.code,
        }
    }
}

/// The request or its answer did not get through.
///
/// Made by transports. `sent` decides whether repeating is safe.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
#[non_exhaustive]
pub struct TransportError {
    /// What failed.
    pub kind: TransportErrorKind,
    /// Whether the server may have acted on the request.
    pub sent: Sent,
    /// The transport's own error.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    class_code: Option<u32>,
}

impl TransportError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: TransportErrorKind, sent: Sent) -> Self {
        Self { kind, sent, source: None, class_code: None }
    }

    /// Adds the cause. It must not print secrets.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}

/// How far a request may have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third case")]
pub enum Sent {
    /// The server cannot have seen a complete request.
    Nothing,
    /// The server may have acted on it.
    Maybe,
}

/// What failed in a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host name could not be resolved.
    #[error("the host name could not be resolved")]
    Resolve,
    /// No connection was made.
    #[error("no connection could be made")]
    Connect,
    /// The TLS handshake failed because one side did not accept the other:
    /// trying again does not help. A handshake that merely broke off is
    /// [`Connect`](Self::Connect).
    #[error("the TLS handshake failed")]
    Tls,
    /// A deadline passed, or no byte moved for too long.
    #[error("it took too long")]
    Timeout,
    /// The connection broke.
    #[error("the connection broke")]
    Interrupted,
    /// The answer was not valid HTTP, or longer than allowed.
    #[error("the answer was not valid HTTP")]
    Protocol,
    /// The rules of this client do not allow the request, or what its answer
    /// asks for: trying again does not help.
    #[error("the rules of this client do not allow it")]
    Refused,
    /// The transport gave up for a reason of its own.
    #[error("the transport gave up")]
    Other,
}

impl TransportErrorKind {
    /// Whether the same request will fail again, whenever it is sent.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Tls | Self::Refused)
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Resolve => "check the network connection and the host name of the endpoint",
            Self::Connect => "check that the endpoint is reachable and not blocked by a firewall",
            Self::Tls => {
                "check the clock of this machine and that it trusts the certificate of the endpoint"
            }
            Self::Timeout => "the network or the server is too slow; try again later",
            Self::Interrupted => "try again",
            Self::Refused => {
                "check the endpoint; if the server may be trusted, allow its hosts in the policy for URLs"
            }
            Self::Protocol | Self::Other => {
                "check that the endpoint is a B2 server and that no proxy changes its answers"
            }
        }
    }
}

/// An answer that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The JSON does not have the promised shape.
    #[error("the JSON of the answer does not have the promised shape: {reason}")]
    Json {
        /// Where and why, without any of the content.
        reason: Box<str>,
    },
    /// A required header is missing or malformed.
    #[error("the header {name} is missing or malformed")]
    Header {
        /// Name of the header.
        name: &'static str,
    },
    /// A status that this call never answers, such as a redirect.
    #[error("unexpected HTTP status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// A download has another range or version of the file than was asked for.
    #[error("other bytes than asked for")]
    OtherBytes,
    /// The server said one thing and did another.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// The bytes are not the ones that were stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected SHA-1 {expected}, got {actual}")]
#[non_exhaustive]
pub struct IntegrityError {
    /// What the digest should be.
    pub expected: Sha1Digest,
    /// What it is.
    pub actual: Sha1Digest,
}

/// The user's own source or sink failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", match side { Side::Source => "the source could not be read", Side::Sink => "the destination could not be written" })]
#[non_exhaustive]
pub struct LocalError {
    /// Which of the two.
    pub side: Side,
    /// What the operating system said.
    pub source: Arc<std::io::Error>,
}

impl LocalError {
    /// Reading the source failed.
    #[must_use]
    pub fn source(error: std::io::Error) -> Self {
        Self { side: Side::Source, source: Arc::new(error) }
    }

    /// Writing the sink failed.
    #[must_use]
    pub fn sink(error: std::io::Error) -> Self {
        Self { side: Side::Sink, source: Arc::new(error) }
    }
}

/// Which end of a transfer is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a transfer has two ends")]
pub enum Side {
    /// Where an upload's bytes come from.
    Source,
    /// Where a download's bytes go.
    Sink,
}
