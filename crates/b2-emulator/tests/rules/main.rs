//! The rules of B2, one test per rule, against the emulator as a value.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod accounts;
mod listing;
mod scenario;
