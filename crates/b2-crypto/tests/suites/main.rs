//! The classic suites against the vectors of their standards, and against themselves.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod derivations;
mod hex;
mod known_answers;
mod streaming;
