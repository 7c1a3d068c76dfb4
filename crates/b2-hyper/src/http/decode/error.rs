//! Why a compressed answer cannot be read.

use b2_core::error::{Sent, TransportError, TransportErrorKind};

use crate::error::failed;

/// Why a compressed answer cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// It is in a form that was not asked for: do without decompression.
    #[error("the answer is encoded in an unknown way")]
    Encoding,
    /// It is damaged or cut off: try again.
    #[error("the compressed answer is damaged")]
    Damaged(#[source] std::io::Error),
    /// More follows behind its end.
    #[error("the compressed answer goes on behind its end")]
    Beyond,
    /// It is longer than allowed: raise the limit, if the server may be
    /// trusted.
    #[error("the answer is longer than {limit} bytes when it is decompressed")]
    TooLong {
        /// The limit.
        limit: u64,
    },
    /// It grows so much that it is more likely an attack than a document.
    #[error("the answer grows more than {ratio} times when it is decompressed")]
    Bomb {
        /// How much more is still allowed.
        ratio: u64,
    },
}

impl From<ContentError> for TransportError {
    fn from(error: ContentError) -> Self {
        failed(TransportErrorKind::Protocol, Sent::Maybe, error)
    }
}
