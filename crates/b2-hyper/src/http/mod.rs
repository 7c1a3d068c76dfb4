//! One request and its answer on one connection.

pub(crate) mod answer;
pub(crate) mod body;
mod conversation;
pub(crate) mod exchange;
pub(crate) mod link;
mod overrides;
pub(crate) mod request;
mod version;

pub use overrides::HeaderOverrides;
pub use version::HttpVersion;
