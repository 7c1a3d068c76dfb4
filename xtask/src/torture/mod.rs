//! `cargo xtask torture`: programs that are killed at random moments.

mod emulator;
mod transfers;

use crate::failure::Failure;

/// The options of `cargo xtask torture`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Kills uploads and downloads of our own `b2` and lets them go on.
    Transfers(transfers::Args),
    /// Kills the emulator under load and compares all that it acknowledged.
    Emulator(emulator::Args),
}

/// Runs one kind of torture and prints its figures.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.what {
        What::Transfers(args) => transfers::run(args),
        What::Emulator(args) => emulator::run(args),
    }
}
