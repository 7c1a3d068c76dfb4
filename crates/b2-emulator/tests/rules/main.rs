//! The rules of B2, one test per rule, against the emulator as a value.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod accounts;
mod buckets;
mod copies;
mod cors;
mod downloads;
mod files;
mod introspection;
mod large_files;
mod lifecycle;
mod listing;
mod locks;
mod mistakes;
mod notifications;
mod replication;
mod scenario;
mod sharing;
mod uploads;
