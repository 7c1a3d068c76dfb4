//! The cases, by what they are about.

mod answers;
mod bodies;
mod broken;
mod connections;
mod deadlines;
mod early;
mod requests;
mod secrets;

use super::ask::{Ask, Outcome};
use super::case::{Case, Flaw, cases, ensure};
use super::pattern::{CHUNK, Content, PLANTED, Pattern};
use super::server::{self, LIFE, Peer, Server};
use super::signal::Signal;
use super::subject::Subject;

use b2_core::error::{Sent, TransportErrorKind as Kind};

/// Every case, in the order in which they run.
pub(crate) fn all<S: Subject>() -> Vec<Case<S>> {
    [
        requests::cases(),
        bodies::cases(),
        answers::cases(),
        early::cases(),
        broken::cases(),
        deadlines::cases(),
        connections::cases(),
        secrets::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
