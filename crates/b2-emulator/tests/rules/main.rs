//! The rules of B2, one test per rule, against the emulator as a value.

mod accounts;
mod listing;
mod scenario;
