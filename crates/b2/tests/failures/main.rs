//! Whatever can go wrong goes wrong in an orderly way.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod capabilities;
mod connections;
mod deadlines;
mod destinations;
mod keys;
mod lost_answers;
mod parts;
mod requests;
mod scene;
mod sources;
mod stopping;
mod tokens;
