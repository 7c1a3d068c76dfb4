//! The format: what is sealed opens, and nothing else does.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod damage;
mod ranges;
mod recipients;
mod scene;
mod sources;
mod vectors;
