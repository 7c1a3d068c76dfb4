//! Watching connections: typed events, and lines of a log.
//!
//! An [`Observer`] hears what happens on the wire, a [`Log`] makes lines of
//! it. Neither shows a secret; whoever needs every byte as it is takes a
//! [`Capture`](crate::capture::Capture). Without an observer nothing of this
//! is computed.
//!
//! ```
//! use b2_hyper::HyperTransport;
//! use b2_hyper::observe::{Log, LogLevel};
//!
//! let log = Log::new(LogLevel::Verbose, |line| eprintln!("{}: {}", line.kind, line.message));
//! let transport = HyperTransport::builder().with_observer(log).build()?;
//! # Ok::<(), b2_hyper::BuildError>(())
//! ```

mod dump;
mod event;
mod log;
mod mask;
mod witness;

pub use event::{Event, Headers, Observer};
pub use log::{Log, LogKind, LogLevel, LogLine};
pub(crate) use mask::shown_url;
pub(crate) use witness::{Observers, Witness};
