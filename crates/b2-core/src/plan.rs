//! Where bytes come from and where they go: plans, never the bytes themselves.
//!
//! A machine asks for bytes `offset..offset + len` of the source, so a retry
//! is the same plan again: the source is read once more and nothing is kept.

use b2_proto::{ContentRange, FileId, header};
use bytes::Bytes;
use http::StatusCode;
use http::response::Parts;

/// The body of a request.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyPlan {
    /// No body.
    Empty,
    /// These bytes, a JSON document.
    Bytes(Bytes),
    /// A slice of the user's source.
    Source {
        /// First byte of the slice, counted from the start of the source.
        offset: u64,
        /// Length of the slice in bytes, without anything the digest adds.
        len: u64,
        /// What the driver hashes and adds while it sends.
        digest: DigestMode,
    },
}

impl std::fmt::Debug for BodyPlan {
    /// Without content: a request may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Source { offset, len, digest } => f
                .debug_struct("Source")
                .field("offset", offset)
                .field("len", len)
                .field("digest", digest)
                .finish(),
        }
    }
}

impl BodyPlan {
    /// Bytes on the wire: the value of `Content-Length`.
    #[must_use]
    pub fn wire_len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Source { len, digest, .. } => len + digest.trailer_len(),
        }
    }
}

/// How the digest of a body travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestMode {
    /// It was sent ahead, in a header. The driver hashes only to report.
    Ahead,
    /// The driver hashes while it sends and appends the 40 hexadecimal digits
    /// (`hex_digits_at_end`), so each byte is touched once.
    HexAtEnd,
}

impl DigestMode {
    /// Bytes that the digest adds to the body.
    #[must_use]
    pub fn trailer_len(self) -> u64 {
        match self {
            Self::Ahead => 0,
            Self::HexAtEnd => 40,
        }
    }
}

/// Where the body of an answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkPlan {
    /// Into memory; what is longer than `limit` bytes is an error.
    Collect {
        /// Largest body to hold, in bytes.
        limit: usize,
    },
    /// To the user's sink, if the head allows it.
    Deliver(Delivery),
}

/// The part of an object that an answer must carry before it may reach the
/// sink.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Where the first byte of the answer goes, counted from the start of the
    /// sink.
    pub sink_offset: u64,
    /// Whether the sink has to forget what it has before the first byte.
    pub restart: bool,
    /// Whether other requests deliver other pieces to the same sink, so that
    /// the bytes come in any order.
    pub piece: bool,
    /// The byte of the object with which the answer has to begin.
    pub object_offset: u64,
    /// Bytes that are wanted at most; `None`: all to the end of the object.
    pub limit: Option<u64>,
    /// The version whose first bytes are in the sink already; another one
    /// must not follow them.
    pub version: Option<FileId>,
}

/// Error answers longer than this are cut; B2's are a few hundred bytes.
pub(crate) const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// What [`Transmit::accept`](crate::op::Transmit::accept) says of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkVerdict {
    /// Write the body to the sink, beginning at the offset of the plan.
    Deliver,
    /// Collect at most `limit` bytes of the body into memory; with 0, do not
    /// read the body at all.
    Collect {
        /// Largest body to hold, in bytes.
        limit: usize,
    },
}

impl SinkPlan {
    pub(crate) fn accept(&self, head: &Parts) -> SinkVerdict {
        match self {
            Self::Collect { limit } => SinkVerdict::Collect { limit: *limit },
            Self::Deliver(delivery) if delivery.fits(head) => SinkVerdict::Deliver,
            // Other bytes than those that are wanted, and maybe very many.
            Self::Deliver(_) if head.status.is_success() => SinkVerdict::Collect { limit: 0 },
            Self::Deliver(_) => SinkVerdict::Collect { limit: ERROR_BODY_LIMIT },
        }
    }
}

impl Delivery {
    /// A whole object of any version into an empty sink, for the tests of a
    /// driver.
    #[must_use]
    pub fn whole() -> Self {
        Self {
            sink_offset: 0,
            restart: true,
            piece: false,
            object_offset: 0,
            limit: None,
            version: None,
        }
    }

    /// Whether an answer with this head carries the bytes that are wanted.
    pub(crate) fn fits(&self, head: &Parts) -> bool {
        self.starts_right(head) && self.same_version(head)
    }

    fn starts_right(&self, head: &Parts) -> bool {
        match head.status {
            StatusCode::OK => self.object_offset == 0 && self.within(content_length(head)),
            StatusCode::PARTIAL_CONTENT => text(head, "content-range")
                .and_then(|value| value.parse::<ContentRange>().ok())
                .is_some_and(|range| {
                    range.first() == Some(self.object_offset)
                        && self.within(Some(range.len_bytes()))
                }),
            _ => false,
        }
    }

    /// No byte beyond those that are wanted may reach the sink.
    fn within(&self, length: Option<u64>) -> bool {
        self.limit.is_none_or(|limit| length.is_some_and(|length| length <= limit))
    }

    fn same_version(&self, head: &Parts) -> bool {
        match &self.version {
            None => true,
            Some(version) => text(head, header::FILE_ID) == Some(version.as_str()),
        }
    }
}

fn content_length(head: &Parts) -> Option<u64> {
    text(head, "content-length")?.parse().ok()
}

pub(crate) fn text<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}
