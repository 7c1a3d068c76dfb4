//! One request and its answer on one connection.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod exchange;
pub(crate) mod link;
pub(crate) mod request;
