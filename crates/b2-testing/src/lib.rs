//! What tests of the b2 crates share. It is never published.
//!
//! - [`conformance`] checks that a transport keeps the contract of
//!   [`b2_core::port`].
//! - [`sim`] plays clients against a model of B2 in virtual time.
#![expect(
    clippy::expect_used,
    reason = "unpublished: a harness that meets a bug of its own should stop there"
)]

pub mod conformance;
pub mod sim;
