//! What cannot be: every public call refuses it with a typed error, and
//! nothing has changed afterwards.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod answered;
mod local;
mod scene;
mod unsent;
