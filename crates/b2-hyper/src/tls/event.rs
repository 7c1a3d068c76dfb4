//! What happens in a handshake, told while it happens.

use std::fmt;

use super::error::CertificateFault;
use super::record::RecordKind;

/// A step of a handshake. Its text is for people and for logs; no text has a
/// secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TlsEvent {
    /// A handshake with this host begins.
    Begun {
        /// Whom the session is meant for.
        host: String,
    },
    /// The server has shown its certificate, and it was looked at. A resumed
    /// session shows none.
    Shown {
        /// Whom it is for.
        subject: String,
        /// Who vouches for it.
        issuer: String,
        /// What is wrong with it.
        fault: Option<CertificateFault>,
    },
    /// A list of revoked certificates is fetched or a responder asked.
    Asked {
        /// The address that the certificate names.
        url: String,
    },
    /// What came of it.
    Told {
        /// The address that the certificate names.
        url: String,
        /// `None` if an answer came.
        failure: Option<Told>,
    },
    /// The session stands.
    Established {
        /// `TLSv1.2` or `TLSv1.3`; with OpenSSL also `TLSv1` or `TLSv1.1`.
        version: &'static str,
        /// The registered name of the cipher suite.
        cipher_suite: &'static str,
        /// Bits of the key of the bulk cipher.
        cipher_bits: u16,
        /// The group of the key exchange; empty if there was none.
        key_exchange: String,
        /// Whether a session from before was resumed.
        resumed: bool,
    },
    /// There is no session.
    Failed {
        /// What went wrong, for people.
        reason: String,
    },
    /// A record went by, if [`with_packet_log`](super::TlsSettings::with_packet_log)
    /// wants them.
    Record {
        /// Whether it was sent, rather than received.
        sent: bool,
        /// What is in it.
        kind: RecordKind,
        /// The version in its head, such as `0x0303`, which is what every
        /// record of TLS 1.3 says too.
        version: u16,
        /// Bytes after its head.
        length: u16,
    },
}

/// Why nothing was learnt from an address that a certificate names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Told {
    /// The address is not one of plain HTTP.
    BadUrl,
    /// There is no connection.
    Unreachable,
    /// The answer took too long.
    Late,
    /// The connection broke, or spoke something else.
    Broken,
    /// The answer is no success.
    Status(u16),
    /// The answer is longer than it can be.
    TooLong,
    /// The answer is not what was asked for.
    Unreadable,
    /// The answer is not of the authority that has to give it, or about other
    /// certificates.
    Forged,
    /// The answer does not hold any longer, or not yet.
    OutOfDate,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::BadUrl => "it is not a plain HTTP address",
            Self::Unreachable => "it cannot be reached",
            Self::Late => "it takes too long",
            Self::Broken => "the connection breaks",
            Self::Status(status) => return write!(f, "it answers {status}"),
            Self::TooLong => "the answer is too long",
            Self::Unreadable => "the answer cannot be read",
            Self::Forged => {
                "the answer is not of the authority of the certificate, or not about it"
            }
            Self::OutOfDate => "the answer does not hold at present",
        };
        f.write_str(text)
    }
}

impl fmt::Display for TlsEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun { host } => write!(f, "begin a handshake with {host}"),
            Self::Shown { subject, issuer, fault } => {
                write!(f, "certificate of {subject}, issued by {issuer}: ")?;
                match fault {
                    Some(fault) => fault.fmt(f),
                    None => f.write_str("OK"),
                }
            }
            Self::Asked { url } => write!(f, "ask {url} about revocation"),
            Self::Told { url, failure: None } => write!(f, "{url} has answered"),
            Self::Told { url, failure: Some(failure) } => write!(f, "{url}: {failure}"),
            Self::Established { version, cipher_suite, cipher_bits, key_exchange, resumed } => {
                write!(f, "{version} with {cipher_suite} ({cipher_bits} bits)")?;
                if !key_exchange.is_empty() {
                    write!(f, ", {key_exchange}")?;
                }
                f.write_str(if *resumed { ", resumed" } else { "" })
            }
            Self::Failed { reason } => write!(f, "no session: {reason}"),
            Self::Record { sent, kind, version, length } => {
                let way = if *sent { "sent" } else { "received" };
                write!(f, "{way} a record of {length} bytes: {kind}, version {version:#06x}")
            }
        }
    }
}

/// Hears of the steps of handshakes, on the thread and at the moment of the
/// step, so it has to return soon.
///
/// ```
/// use b2_hyper::tls::{TlsEvent, TlsSettings};
///
/// let settings = TlsSettings::new()
///     .with_observer(|event: &TlsEvent| println!("TLS: {event}"));
/// ```
pub trait TlsObserver: Send + Sync + 'static {
    /// Hears of one step.
    fn observe(&self, event: &TlsEvent);
}

impl<F> TlsObserver for F
where
    F: Fn(&TlsEvent) + Send + Sync + 'static,
{
    fn observe(&self, event: &TlsEvent) {
        self(event);
    }
}
