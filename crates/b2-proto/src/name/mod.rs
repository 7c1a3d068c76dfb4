//! Names that people choose: checked once, and encoded once.

mod bucket;
mod file;
mod lint;

pub use bucket::{BucketName, InvalidBucketName};
pub use file::{FileName, InvalidFileName};
pub use lint::FileNameLint;
