//! Whatever goes up comes down as it was.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod appending;
mod calls;
mod copies;
mod deletion;
mod encryption;
mod ends;
mod exits;
mod https;
mod hundred_megabytes;
mod large;
mod multipart;
mod names;
mod pieces;
mod properties;
mod streams;
