//! The classic suites against the vectors of their standards, and against themselves.

mod derivations;
mod hex;
mod known_answers;
mod streaming;
