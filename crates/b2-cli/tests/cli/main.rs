//! The real program against the real emulator, judged by what a shell sees:
//! standard output, standard error, exit codes and files.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod account;
mod buckets;
mod calls;
mod classic;
mod copies;
mod derivations;
mod emulator;
mod encrypted;
mod encryption;
mod failures;
mod json;
mod keys;
mod listing;
mod locks;
mod names;
mod notifications;
mod proxies;
mod ran;
mod recipients;
mod removal;
mod restricted;
mod scene;
mod secrets;
mod settings;
mod sharing;
mod stub;
mod transfers;
mod unfinished;

// `/dev/full` and `/proc` are those of Linux.
#[cfg(unix)]
mod large;
#[cfg(target_os = "linux")]
mod local_files;
#[cfg(unix)]
mod pseudo_terminal;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod terminal;
