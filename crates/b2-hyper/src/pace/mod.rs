//! How fast bytes may go.
//!
//! ```
//! use b2_hyper::pace::RateLimit;
//!
//! let limit = RateLimit::new(1_000_000);
//! let transport = b2_hyper::HyperTransport::builder().with_send_limit(limit.clone()).build()?;
//! // Later, while requests run:
//! limit.set(250_000);
//! # Ok::<(), b2_hyper::BuildError>(())
//! ```

mod limit;
mod schedule;

pub use limit::RateLimit;
pub(crate) use limit::Share;
pub use schedule::RateSchedule;
