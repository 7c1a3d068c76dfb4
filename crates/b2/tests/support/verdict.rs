//! Looking into errors.

use std::error::Error as _;
use std::io;

use b2::{ApiError, Error, Side, TransportErrorKind};

/// The error and all its causes, as a person sees them.
pub(crate) fn in_full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// What the operating system said about which end.
#[track_caller]
pub(crate) fn local(error: &Error) -> (Side, io::ErrorKind) {
    match error {
        Error::Local(local) => (local.side, local.source.kind()),
        other => panic!("not local: {other:?}"),
    }
}

/// What failed in the transport, in the end.
#[track_caller]
pub(crate) fn transport(error: &Error) -> TransportErrorKind {
    match error {
        Error::Transport { source, .. } => source.kind,
        Error::Exhausted { last, .. } => transport(last),
        other => panic!("no failure of the transport: {other:?}"),
    }
}

/// B2's answer.
#[track_caller]
pub(crate) fn api(error: &Error) -> &ApiError {
    error.api().unwrap_or_else(|| panic!("no answer of B2: {error:?}"))
}
