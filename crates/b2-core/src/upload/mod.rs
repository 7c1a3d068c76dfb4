//! Uploads.

mod headers;
mod small;
mod sought;

pub use headers::UploadHeaders;
pub use small::{SIMPLE_UPLOAD_LIMIT, SmallUpload, Uploaded};
