//! Downloads.

mod access;
mod hashes;
mod headers;
mod locate;
mod options;
mod outcome;
mod parallel;
mod piece;
mod resume;
mod whole;

pub use access::{DownloadAccess, Override};
pub use headers::FileHeaders;
pub use locate::Object;
pub use options::ParallelOptions;
pub use outcome::{Check, Downloaded};
pub use parallel::ParallelDownload;
pub use resume::{DownloadResume, DownloadResumeEntry, StretchDigest};
pub use whole::Download;
