//! Keys that are restricted to buckets, to a prefix, or to both: what they
//! permit works without being told so, and what they do not is refused in
//! words that name what is missing.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod actions;
mod capabilities;
mod listings;
mod scene;
mod table;
