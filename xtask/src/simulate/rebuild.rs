//! The same command again, optimised and with the simulator built in.

use super::Args;
use crate::failure::Failure;
use crate::program;

/// Builds and runs the optimised program, and ends as it ends.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut command = program::cargo();
    command.args(["run", "--release", "--package", "xtask", "--features", "simulate"]);
    command.args(["--", "simulate"]);
    match args.seed {
        Some(seed) => command.arg("--seed").arg(seed.to_string()),
        None => command
            .arg("--seeds")
            .arg(args.seeds.to_string())
            .arg("--first")
            .arg(args.first.to_string()),
    };
    let started = command.status();
    let status =
        started.map_err(|source| Failure::Start { program: program::line(&command), source })?;
    // The other program has said what there was to say.
    std::process::exit(status.code().unwrap_or(1));
}
