//! Reading replies: success to a value, everything else to an error with its
//! remedy.

use b2_proto::{ErrorCode, Sha1Digest, header};
use bytes::Bytes;
use http::response::Parts;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, Error, ProtocolError, Remedy, TransportError};
use crate::op::Reply;
use crate::plan;
use crate::request::{json_reason, text_field};
use crate::retry::{Failure, Surface, UNKNOWN_CODE, classify, retry_after};

/// Longest message that is kept of an error answer, in characters.
const MESSAGE_LIMIT: usize = 500;

/// A reply, understood.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// B2 did what was asked.
    Good {
        value: T,
        head: Box<Parts>,
        /// Digest of the body that was sent, if it was sent whole.
        sent: Option<Sha1Digest>,
    },
    /// It did not, or nobody knows.
    Bad {
        error: Error,
        remedy: Remedy,
        /// Digest of the body that was sent, if it was sent whole.
        sent: Option<Sha1Digest>,
    },
}

/// Reads the reply to a request whose answer is JSON.
pub(crate) fn read<T: DeserializeOwned>(
    operation: &'static str,
    surface: Surface,
    reply: Reply,
) -> Answer<T> {
    match reply {
        Reply::Response { head, body, sent } if head.status.is_success() => {
            match serde_json::from_slice(&body) {
                Ok(value) => Answer::Good { value, head, sent },
                Err(error) => {
                    let source = Box::new(ProtocolError::Json { reason: json_reason(&error) });
                    let remedy = classify(surface, Failure::Unreadable);
                    Answer::Bad { error: Error::Protocol { operation, source }, remedy, sent }
                }
            }
        }
        Reply::Response { head, body, sent } => {
            let (error, remedy) = refused(operation, surface, &head, &body);
            Answer::Bad { error, remedy, sent }
        }
        Reply::Failed { source, sent } => failed(operation, surface, source, sent),
        Reply::Local(error) => {
            Answer::Bad { error: Error::Local(error), remedy: Remedy::Never, sent: None }
        }
        Reply::Delivered { .. } | Reply::Broken { .. } => {
            let source = Box::new(ProtocolError::Contradiction(
                "the driver delivered an answer that was to be collected",
            ));
            let error = Error::Protocol { operation, source };
            Answer::Bad { error, remedy: Remedy::Never, sent: None }
        }
    }
}

fn failed<T>(
    operation: &'static str,
    surface: Surface,
    source: TransportError,
    sent: Option<Sha1Digest>,
) -> Answer<T> {
    // A JSON body is handed over whole; only a file body can be cut short,
    // and then there is no digest.
    let complete = surface != Surface::Upload || sent.is_some();
    let remedy = classify(surface, Failure::Transport { error: &source, complete });
    Answer::Bad { error: Error::Transport { operation, source: Box::new(source) }, remedy, sent }
}

/// An answer that is not a success.
pub(crate) fn refused(
    operation: &'static str,
    surface: Surface,
    head: &Parts,
    body: &Bytes,
) -> (Error, Remedy) {
    let status = head.status.as_u16();
    if head.status.is_informational() || head.status.is_redirection() {
        let source = Box::new(ProtocolError::Status { status });
        return (Error::Protocol { operation, source }, Remedy::Never);
    }
    let json = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let mut error = ApiError {
        status,
        code: ErrorCode::from(text_field(&json, "code").unwrap_or(UNKNOWN_CODE)),
        message: text_field(&json, "message")
            .unwrap_or_default()
            .chars()
            .take(MESSAGE_LIMIT)
            .collect(),
        retry_after: retry_after(head),
        request_id: plan::text(head, header::REQUEST_ID).map(Into::into),
        lacking: None,
        restriction: None,
        remedy: Remedy::Never,
    };
    error.remedy = classify(surface, Failure::Answer(&error));
    let remedy = error.remedy;
    (Error::Api { operation, source: Box::new(error) }, remedy)
}
