//! Downloads.

mod headers;
mod locate;
mod whole;

pub use headers::FileHeaders;
pub use locate::Object;
pub use whole::{Check, Download, Downloaded};
