//! What helps after a failure, and how long to wait before trying it.

mod attempts;
mod backoff;
mod classify;
mod policy;

pub(crate) use attempts::{Attempts, Verdict};
pub(crate) use backoff::{Backoff, Jitter};
pub use classify::{Failure, Surface, classify};
pub(crate) use classify::{UNKNOWN_CODE, retry_after};
pub use policy::{OnAmbiguous, RetryPolicy};
