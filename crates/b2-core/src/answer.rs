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

/// Reads the reply to a request whose answer is JSON. `secrets` are those
/// that the request bore; no error repeats them.
pub(crate) fn read<T: DeserializeOwned>(
    operation: &'static str,
    surface: Surface,
    secrets: &[&str],
    reply: Reply,
) -> Answer<T> {
    match reply {
        Reply::Response { head, body, sent } if head.status.is_success() => match parse(&body) {
            Ok(value) => Answer::Good { value, head, sent },
            Err(error) => {
                let source = Box::new(ProtocolError::Json { reason: json_reason(&error) });
                let remedy = classify(surface, Failure::Unreadable);
                Answer::Bad { error: Error::Protocol { operation, source }, remedy, sent }
            }
        },
        Reply::Response { head, body, sent } => {
            let (error, remedy) = refused(operation, surface, secrets, (&head, &body));
            Answer::Bad { error, remedy, sent }
        }
        Reply::Failed { source, sent } => failed(operation, surface, source, sent),
        Reply::Local(error) => {
            Answer::Bad { error: Error::Local(error), remedy: Remedy::Never, sent: None }
        }
        Reply::Delivered { .. }
        | Reply::Broken { .. }
        | Reply::Digest(_)
        | Reply::Prefetched { .. } => {
            let source = Box::new(ProtocolError::Contradiction(
                "the driver delivered an answer that was to be collected",
            ));
            let error = Error::Protocol { operation, source };
            Answer::Bad { error, remedy: Remedy::Never, sent: None }
        }
    }
}

/// Text that is known to be UTF-8 is parsed without a look at each string.
fn parse<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
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
    let with_file = matches!(surface, Surface::Upload | Surface::Part);
    let complete = !with_file || sent.is_some();
    let remedy = classify(surface, Failure::Transport { error: &source, complete });
    Answer::Bad { error: Error::Transport { operation, source: Box::new(source) }, remedy, sent }
}

/// An answer that is not a success, without the `secrets` of the request.
pub(crate) fn refused(
    operation: &'static str,
    surface: Surface,
    secrets: &[&str],
    (head, body): (&Parts, &Bytes),
) -> (Error, Remedy) {
    let status = head.status.as_u16();
    if head.status.is_informational() || head.status.is_redirection() {
        let source = Box::new(ProtocolError::Status { status });
        return (Error::Protocol { operation, source }, Remedy::Never);
    }
    let json = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let mut error = ApiError {
        status,
        code: text_field(&json, "code")
            .map_or_else(|| nameless(status), |code| ErrorCode::from(&*without(secrets, code))),
        message: without(secrets, text_field(&json, "message").unwrap_or_default())
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

/// The code of an answer that carries none, as those to HEAD. Only a missing
/// file has one code and one meaning.
fn nameless(status: u16) -> ErrorCode {
    match status {
        404 => ErrorCode::NotFound,
        _ => ErrorCode::from(UNKNOWN_CODE),
    }
}

/// The words of an answer without any secret of the request. B2 repeats the
/// upload token in one of its messages, and nobody knows what others repeat.
fn without(secrets: &[&str], text: &str) -> String {
    let told = secrets.iter().filter(|secret| !secret.is_empty());
    told.fold(text.to_owned(), |text, secret| text.replace(secret, ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> ApiError {
        let mut response = http::Response::new(());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        let head = response.into_parts().0;
        let secrets = ["4_005c_upld_secret", ""];
        match refused("b2_upload_file", Surface::Upload, &secrets, (&head, &body.into())).0 {
            Error::Api { source, .. } => *source,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_message_never_repeats_the_upload_token() {
        let error = answer(
            400,
            r#"{"code":"auth_token_limit","message":"more than one upload using auth token 4_005c_upld_secret"}"#,
        );
        assert_eq!(error.remedy, Remedy::FreshUploadUrl);
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[test]
    fn a_secret_is_left_out_before_a_message_is_cut() {
        let filler: &'static str = "x".repeat(MESSAGE_LIMIT - 10).leak();
        let body =
            format!(r#"{{"code":"4_005c_upld_secret","message":"{filler}4_005c_upld_secret"}}"#);
        let error = answer(400, body.leak());
        assert_eq!((error.code.as_str(), &*error.message), ("..", &*format!("{filler}..")));
    }

    #[test]
    fn an_answer_without_a_body_still_says_what_its_status_says() {
        assert_eq!(answer(404, "").code, ErrorCode::NotFound);
        assert_eq!(answer(502, "<html>").code.as_str(), "unknown");
    }
}
