//! Downloads.

mod access;
mod headers;
mod locate;
mod parallel;
mod resume;
mod whole;

pub use access::{DownloadAccess, Override};
pub use headers::FileHeaders;
pub use locate::Object;
pub use parallel::{ParallelDownload, ParallelOptions};
pub use resume::{DownloadResume, DownloadResumeEntry};
pub use whole::{Check, Download, Downloaded};
