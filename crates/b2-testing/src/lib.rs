//! What tests of the b2 crates share. It is never published.
//!
//! - [`conformance`] checks that a transport keeps the contract of
//!   [`b2_core::port`].
//! - [`sim`] plays clients against a model of B2 in virtual time.

pub mod conformance;
pub mod sim;
