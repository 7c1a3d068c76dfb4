//! Saying no, the way B2 says it.

use crate::store::StoreError;

/// What a rule gives: its result, or the reason there is none.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a request has no ordinary answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A rule forbids it; the client is told so.
    Refused(Refusal),
    /// The emulator itself failed.
    Store(StoreError),
}

/// An error answer: status, code for programs, message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// An error answer with any status and code.
pub(crate) fn refuse(status: u16, code: &'static str, message: impl Into<String>) -> Failure {
    Failure::Refused(Refusal { status, code, message: message.into() })
}

pub(crate) fn bad_request(message: impl Into<String>) -> Failure {
    refuse(400, "bad_request", message)
}

pub(crate) fn bad_bucket_id(id: &str) -> Failure {
    refuse(400, "bad_bucket_id", format!("Bucket {id} does not exist"))
}

/// The token is good but does not cover this. B2 leaves the message empty.
pub(crate) fn unauthorized() -> Failure {
    refuse(401, "unauthorized", "")
}

pub(crate) fn bad_auth_token(message: &str) -> Failure {
    refuse(401, "bad_auth_token", message)
}

pub(crate) fn expired_auth_token() -> Failure {
    refuse(401, "expired_auth_token", "Authorization token has expired")
}

pub(crate) fn not_found(message: impl Into<String>) -> Failure {
    refuse(404, "not_found", message)
}

pub(crate) fn method_not_allowed(message: &str) -> Failure {
    refuse(405, "method_not_allowed", message)
}
