//! The Online Certificate Status Protocol (RFC 6960), without a network.

mod judge;
mod request;
mod response;

pub(super) use judge::{Judgement, Question};
pub(super) use request::request;
pub(super) use response::Status;
