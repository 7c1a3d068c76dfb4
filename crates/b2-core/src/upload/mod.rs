//! Uploads.

mod any;
mod headers;
mod large;
mod small;
mod sought;
mod stored;

pub use any::{Upload, UploadOptions};
pub use headers::UploadHeaders;
pub use large::{
    CannotResume, LargeOptions, LargeUpload, MAX_FILE_SIZE, MAX_PART_SIZE, MAX_PARTS, PartPlan,
    Resume, ResumeEntry, Slice, WholeDigest,
};
pub(crate) use large::{begin, in_range, part};
pub use small::{SIMPLE_UPLOAD_LIMIT, SmallUpload};
pub use stored::StoredFile;
