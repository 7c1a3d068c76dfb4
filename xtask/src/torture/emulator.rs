//! `cargo xtask torture emulator`: kill -9, start again, compare everything.
//!
//! The work is done by `crates/b2-emulator/tests/crash`, on the real program.

use crate::failure::Failure;
use crate::program;

/// The options of `cargo xtask torture emulator`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How often the emulator is killed.
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    kills: u64,
    /// Clients at work meanwhile.
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    clients: u64,
    /// Determines the moments, as far as the scheduler lets it.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the crash test with these numbers; its figures go to the terminal.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut test = program::cargo();
    test.args(["test", "-p", "b2-emulator", "--test", "crash"]);
    test.args(["acknowledged_files_survive_kills", "--", "--nocapture"]);
    test.env("B2_CRASH_ROUNDS", args.kills.to_string());
    test.env("B2_CRASH_CLIENTS", args.clients.to_string());
    if let Some(seed) = args.seed {
        test.env("B2_CRASH_SEED", seed.to_string());
    }
    program::attached(&mut test)
}
