//! Buckets, within what the application key allows.

mod find;
mod list;

pub use find::FindBucket;
pub use list::ListAllowedBuckets;
