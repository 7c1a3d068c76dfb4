//! Downloads.

mod access;
mod hashes;
mod headers;
mod locate;
mod outcome;
mod parallel;
mod resume;
mod whole;

pub use access::{DownloadAccess, Override};
pub use headers::FileHeaders;
pub use locate::Object;
pub use outcome::{Check, Downloaded};
pub use parallel::{ParallelDownload, ParallelOptions};
pub use resume::{DownloadResume, DownloadResumeEntry, StretchDigest};
pub use whole::Download;
