//! Uploads.

mod any;
mod headers;
mod large;
mod small;
mod sought;

pub use any::{Upload, UploadOptions};
pub use headers::UploadHeaders;
pub(crate) use large::in_range;
pub use large::{
    CannotResume, LargeOptions, LargeUpload, MAX_FILE_SIZE, MAX_PART_SIZE, MAX_PARTS, PartPlan,
    Resume, ResumeEntry, Slice, WholeDigest,
};
pub use small::{SIMPLE_UPLOAD_LIMIT, SmallUpload, Uploaded};
