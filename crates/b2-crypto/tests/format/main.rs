//! The format: what is sealed opens, and nothing else does.

mod damage;
mod ranges;
mod recipients;
mod scene;
mod sources;
mod vectors;
