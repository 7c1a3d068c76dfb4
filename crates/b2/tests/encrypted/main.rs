//! What is encrypted on this side comes back as it was, or not at all.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod changing_sources;
mod classic;
mod names;
mod ranges;
mod recipients;
mod restricted;
mod resumed_downloads;
mod resumed_uploads;
mod round_trips;
mod scene;
mod streams;
mod tampering;
mod wrong_keys;
