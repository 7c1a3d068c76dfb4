//! `cargo xtask torture`: transfers that are killed at random moments.

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
}

/// Runs one kind of torture and prints its figures.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.what {
        What::Transfers(args) => transfers::run(args),
    }
}
