//! The whole client on virtual time, against the emulator's model, by seed.
//!
//! A [`Scenario`] says which actors do what and which faults befall them. A
//! [`World`] plays it: it steps the real machines of `b2-core`, carries their
//! requests to the real rules of `b2-emulator`, applies the faults on the
//! way, and lets virtual time jump to whatever happens next. Nothing sleeps,
//! nothing is random that the seed does not determine: a seed is a run.
//!
//! Every run is judged (see [`Violation`]) on
//!
//! - **liveness**: everything ends within bounded steps and virtual time;
//! - **safety**: what was stored and fetched is what was meant; one upload at
//!   a time for each URL, none on a URL that failed; no request with a token
//!   known to be dead; no version too many;
//! - **economy**: requests are bounded by what was asked for and the faults;
//! - **hygiene**: no lease is left, no upload URL is lost.

mod actor;
mod books;
mod by_hand;
mod calls;
mod closing;
mod crashing;
mod damage;
mod disk;
mod erased;
mod expectations;
mod holdings;
mod interrupting;
mod judge;
mod network;
mod resumable;
mod scenario;
mod sending;
mod server;
mod settling;
mod transit;
mod world;

pub use books::{Books, Violation};
pub use scenario::{Errand, How, Interruption, Plan, Scenario, scenarios};
pub use world::{Report, World, simulate};
