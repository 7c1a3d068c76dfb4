//! One request and its answer on one connection.

pub(crate) mod answer;
pub(crate) mod body;
mod conversation;
pub(crate) mod decode;
pub(crate) mod exchange;
pub(crate) mod link;
mod overrides;
mod received;
pub(crate) mod redirect;
pub(crate) mod request;
mod status;
pub(crate) mod tap;
mod version;

pub use decode::{ContentError, Decompression};
pub use overrides::HeaderOverrides;
pub use received::Received;
pub use redirect::{RedirectError, Redirects};
pub use status::status_line;
pub use version::HttpVersion;
