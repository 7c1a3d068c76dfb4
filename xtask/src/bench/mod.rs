//! `cargo xtask bench`: what transfers cost, as ratios to a floor in the same run.
//!
//! The floor is the least work that the API forces (`crates/b2-testing/examples/floor.rs`): one
//! thread, blocking calls. Floor and client run in turn against one loopback server, and the
//! kernel's own books say what each cost. Ratios hold when the machine's speed drifts; seconds
//! do not.

mod crypto;
mod emulator;
mod measure;
mod server;
mod transfer;

pub(crate) use emulator::Wire;
pub(crate) use server::Server;

use crate::failure::Failure;

/// The options of `cargo xtask bench`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Uploads and downloads one large file, and many small ones one after the other.
    Transfer(transfer::Args),
    /// The suites of `b2-crypto` beside openssl and libtomcrypt, its format beside the bare AEAD.
    Crypto(crypto::Args),
    /// The emulator: uploads, downloads, a million names, and how soon it is ready.
    Emulator(emulator::Args),
}

/// Runs a benchmark.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.what {
        What::Transfer(args) => transfer::run(args),
        What::Crypto(args) => crypto::run(args),
        What::Emulator(args) => emulator::run(args),
    }
}
