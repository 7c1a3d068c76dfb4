//! What the crate promises whatever happens.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod concurrency;
mod listings;
mod progress;
mod reports;
mod secrets;
