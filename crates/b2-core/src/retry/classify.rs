//! From a failure to its remedy: the one place that knows B2's rules of
//! repetition.

use b2_proto::ErrorCode;
use http::StatusCode;

use crate::error::{ApiError, Remedy, Sent, TransportError};
use crate::time::Duration;

/// The kinds of call that B2 treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Surface {
    /// `b2_authorize_account`: its own 401 is final.
    Authorize,
    /// A JSON call that may be repeated without harm.
    Safe,
    /// A JSON call whose repetition would take effect twice.
    Once,
    /// A file sent to an upload URL.
    Upload,
    /// A part of a large file sent to an upload URL. A second upload of the
    /// same part replaces the first, so a lost answer does no harm.
    Part,
    /// A download.
    Download,
}

/// What went wrong with one attempt.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Failure<'a> {
    /// B2 answered with an error.
    Answer(&'a ApiError),
    /// There was no answer; `complete` says whether the whole body went out.
    Transport {
        /// What the transport said.
        error: &'a TransportError,
        /// Whether all bytes of the body were handed to the transport.
        complete: bool,
    },
    /// B2 answered success, but the answer cannot be read.
    Unreadable,
}

/// What helps after `failure` on `surface`.
///
/// The rules are those of B2's integration guide: a token that is bad or
/// expired is refreshed; anything wrong with an upload URL drops the URL;
/// timeouts, rate limits and server errors are waited out; everything else is
/// final.
#[must_use]
pub fn classify(surface: Surface, failure: Failure<'_>) -> Remedy {
    match failure {
        Failure::Answer(error) => after_answer(surface, error),
        // A certificate that is not trusted now will not be trusted in a minute,
        // and neither will a host that the rules of this client do not allow.
        Failure::Transport { error, .. } if error.kind.is_final() => Remedy::Never,
        Failure::Transport { error, complete } => {
            after_silence(surface, error.sent == Sent::Maybe && complete)
        }
        Failure::Unreadable => after_silence(surface, true),
    }
}

fn after_answer(surface: Surface, error: &ApiError) -> Remedy {
    use Surface::{Authorize, Download, Once, Part, Safe, Upload};
    let retry = Remedy::Retry { after: error.retry_after };
    match (surface, error.status, &error.code) {
        // The whole account is asked to slow down; the upload URL stays good.
        (_, 429, _) => retry,
        // The pod is busy or broken: another one is not.
        (Upload | Part, 401 | 408 | 500..=599, _) => Remedy::FreshUploadUrl,
        (Upload | Part, 400, ErrorCode::AuthTokenLimit) => Remedy::FreshUploadUrl,
        (Upload | Part, 400, _) if is_second_upload(&error.message) => Remedy::FreshUploadUrl,
        (Upload | Part, 400, _) if is_line_noise(&error.message) => Remedy::FreshUploadUrl,
        // Something between B2 and here gave up waiting for B2.
        (Once, 408 | 502 | 504, _) => Remedy::Reconcile,
        (Authorize | Safe | Once | Download, 408 | 500..=599, _) => retry,
        // A lasting loop of authorizations must be impossible.
        (Authorize, 401, _) => Remedy::Never,
        (Safe | Once | Download, 401, code) if is_stale_token(code) => Remedy::Reauthorize,
        _ => Remedy::Never,
    }
}

fn after_silence(surface: Surface, may_have_acted: bool) -> Remedy {
    match surface {
        Surface::Upload if may_have_acted => Remedy::Reconcile,
        Surface::Upload | Surface::Part => Remedy::FreshUploadUrl,
        Surface::Once if may_have_acted => Remedy::Reconcile,
        _ => Remedy::Retry { after: None },
    }
}

/// The code given to an error answer that carries none.
pub(crate) const UNKNOWN_CODE: &str = "unknown";

/// HEAD answers have no body and so no code; a refresh is worth one try.
fn is_stale_token(code: &ErrorCode) -> bool {
    matches!(code, ErrorCode::BadAuthToken | ErrorCode::ExpiredAuthToken)
        || code.as_str() == UNKNOWN_CODE
}

/// How B2 begins the message about an upload URL that is in use; the token
/// follows.
const SECOND_UPLOAD: &str = "more than one upload using auth token ";

/// The service has used two codes for this; the message is the stable part.
fn is_second_upload(message: &str) -> bool {
    message.starts_with(SECOND_UPLOAD)
}

/// The body was damaged on its way. B2 has no code of its own for it; if the
/// words ever change the error becomes final instead of being retried.
fn is_line_noise(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("sha1 did not match") || message.contains("checksum did not match")
}

/// The wait that an answer asks for. A date is read against the answer's own
/// `Date`; garbage is ignored.
pub(crate) fn retry_after(head: &http::response::Parts) -> Option<Duration> {
    let wanted =
        matches!(head.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let text = crate::plan::text(head, http::header::RETRY_AFTER.as_str())?;
    let date = crate::plan::text(head, http::header::DATE.as_str());
    wanted.then(|| b2_proto::retry_after(text, date)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TransportErrorKind;

    fn answer(surface: Surface, status: u16, code: &str, message: &str) -> Remedy {
        let error = ApiError {
            status,
            code: ErrorCode::from(code),
            message: message.into(),
            retry_after: Some(Duration::from_secs(3)),
            request_id: None,
            lacking: None,
            restriction: None,
            remedy: Remedy::Never,
        };
        classify(surface, Failure::Answer(&error))
    }

    fn silence(surface: Surface, sent: Sent, complete: bool) -> Remedy {
        let error = TransportError::new(TransportErrorKind::Interrupted, sent);
        classify(surface, Failure::Transport { error: &error, complete })
    }

    const RETRY: Remedy = Remedy::Retry { after: Some(Duration::from_secs(3)) };
    const RETRY_NOW: Remedy = Remedy::Retry { after: None };

    #[test]
    fn stale_tokens_are_refreshed() {
        for surface in [Surface::Safe, Surface::Once, Surface::Download] {
            for code in ["bad_auth_token", "expired_auth_token", "unknown"] {
                assert_eq!(answer(surface, 401, code, ""), Remedy::Reauthorize);
            }
        }
    }

    #[test]
    fn refusals_are_final() {
        for surface in [Surface::Safe, Surface::Once, Surface::Download] {
            assert_eq!(answer(surface, 401, "unauthorized", ""), Remedy::Never);
            assert_eq!(answer(surface, 401, "access_denied", ""), Remedy::Never);
            assert_eq!(answer(surface, 403, "storage_cap_exceeded", ""), Remedy::Never);
            assert_eq!(answer(surface, 404, "not_found", ""), Remedy::Never);
            assert_eq!(answer(surface, 409, "conflict", ""), Remedy::Never);
        }
    }

    #[test]
    fn authorize_never_answers_a_401_with_another_authorize() {
        assert_eq!(answer(Surface::Authorize, 401, "bad_auth_token", ""), Remedy::Never);
        assert_eq!(answer(Surface::Authorize, 401, "unauthorized", ""), Remedy::Never);
        assert_eq!(answer(Surface::Authorize, 503, "service_unavailable", ""), RETRY);
    }

    #[test]
    fn anything_wrong_with_an_upload_url_drops_it() {
        for (status, code) in [
            (401, "unauthorized"),
            (401, "expired_auth_token"),
            (408, "request_timeout"),
            (500, "internal_error"),
            (503, "service_unavailable"),
            (400, "auth_token_limit"),
        ] {
            assert_eq!(answer(Surface::Upload, status, code, ""), Remedy::FreshUploadUrl);
        }
        let message = "more than one upload using auth token abc";
        assert_eq!(answer(Surface::Upload, 400, "bad_request", message), Remedy::FreshUploadUrl);
        let message = "Sha1 did not match data received";
        assert_eq!(answer(Surface::Upload, 400, "bad_request", message), Remedy::FreshUploadUrl);
        assert_eq!(answer(Surface::Upload, 400, "bad_request", "bad name"), Remedy::Never);
        assert_eq!(answer(Surface::Upload, 403, "cap_exceeded", ""), Remedy::Never);
    }

    #[test]
    fn a_part_is_sent_again_whatever_became_of_the_first() {
        assert_eq!(silence(Surface::Part, Sent::Maybe, true), Remedy::FreshUploadUrl);
        assert_eq!(classify(Surface::Part, Failure::Unreadable), Remedy::FreshUploadUrl);
        assert_eq!(answer(Surface::Part, 503, "service_unavailable", ""), Remedy::FreshUploadUrl);
        assert_eq!(answer(Surface::Part, 429, "too_many_requests", ""), RETRY);
        assert_eq!(answer(Surface::Part, 403, "cap_exceeded", ""), Remedy::Never);
    }

    #[test]
    fn only_429_keeps_the_upload_url() {
        assert_eq!(answer(Surface::Upload, 429, "too_many_requests", ""), RETRY);
    }

    #[test]
    fn server_trouble_is_waited_out() {
        for surface in [Surface::Authorize, Surface::Safe, Surface::Download] {
            for status in [408, 429, 500, 502, 503, 504] {
                assert_eq!(answer(surface, status, "x", ""), RETRY);
            }
        }
    }

    #[test]
    fn what_must_not_happen_twice_is_not_repeated_when_nobody_knows() {
        for status in [408, 502, 504] {
            assert_eq!(answer(Surface::Once, status, "x", ""), Remedy::Reconcile);
        }
        for status in [429, 500, 503] {
            assert_eq!(answer(Surface::Once, status, "x", ""), RETRY);
        }
    }

    #[test]
    fn a_lost_answer_is_repeated_only_where_it_does_no_harm() {
        assert_eq!(silence(Surface::Safe, Sent::Maybe, true), RETRY_NOW);
        assert_eq!(silence(Surface::Download, Sent::Maybe, true), RETRY_NOW);
        assert_eq!(silence(Surface::Once, Sent::Maybe, true), Remedy::Reconcile);
        assert_eq!(silence(Surface::Once, Sent::Nothing, true), RETRY_NOW);
        assert_eq!(silence(Surface::Upload, Sent::Maybe, true), Remedy::Reconcile);
        assert_eq!(silence(Surface::Upload, Sent::Maybe, false), Remedy::FreshUploadUrl);
        assert_eq!(silence(Surface::Upload, Sent::Nothing, true), Remedy::FreshUploadUrl);
    }

    #[test]
    fn a_failed_handshake_is_final_and_so_is_a_refusal_of_our_own() {
        for kind in [TransportErrorKind::Tls, TransportErrorKind::Refused] {
            let error = TransportError::new(kind, Sent::Nothing);
            let failure = Failure::Transport { error: &error, complete: false };
            for surface in [Surface::Authorize, Surface::Safe, Surface::Upload, Surface::Download] {
                assert_eq!(classify(surface, failure), Remedy::Never);
            }
        }
    }

    #[test]
    fn an_unreadable_success_counts_as_a_lost_answer() {
        assert_eq!(classify(Surface::Upload, Failure::Unreadable), Remedy::Reconcile);
        assert_eq!(classify(Surface::Safe, Failure::Unreadable), RETRY_NOW);
    }
}
