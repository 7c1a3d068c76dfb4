//! `cargo xtask bench`: what transfers cost, as ratios to a floor in the same run.
//!
//! The floor is the least work that the API forces (`crates/b2-testing/examples/floor/`): one
//! thread, blocking calls. Floor, our client and others run in turn against loopback servers, and
//! the kernel's own books say what each cost. Ratios hold when the machine's speed drifts;
//! seconds do not.

mod cores;
mod crypto;
mod emulator;
mod figures;
mod measure;
mod memory;
mod peers;
mod server;
mod stage;
mod transfer;
mod transport;
mod work;

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
    /// Uploads, downloads and lists beside the floor, rclone and the official tool.
    Transfer(transfer::Args),
    /// Uploads and downloads a file that is larger than memory, and watches ours.
    Memory(memory::Args),
    /// The suites of `b2-crypto` beside openssl and libtomcrypt, its format beside the bare AEAD.
    Crypto(crypto::Args),
    /// The transport beside the least that hyper can do.
    Transport(transport::Args),
    /// The emulator: uploads, downloads, a million names, and how soon it is ready.
    Emulator(emulator::Args),
}

/// Runs a benchmark.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.what {
        What::Transfer(args) => transfer::run(args),
        What::Transport(args) => transport::run(args),
        What::Memory(args) => memory::run(args),
        What::Crypto(args) => crypto::run(args),
        What::Emulator(args) => emulator::run(args),
    }
}
