//! `cargo xtask load`: the emulator under many connections at once.
//!
//! The client is `crates/b2-emulator/examples/load.rs`; it fails if a request does, if a connection
//! is not held, or if the server's memory grows once it is warm.

use crate::failure::Failure;
use crate::{program, workspace};

/// The options of `cargo xtask load`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Connections that are open and at work at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    connections: u32,
    /// How long, the first half for warming up.
    #[arg(long, value_name = "COUNT", default_value_t = 60, value_parser = clap::value_parser!(u64).range(3..))]
    seconds: u64,
    /// Uses debug builds, which tests leave behind; the figures mean less.
    #[arg(long)]
    debug: bool,
}

/// Builds both sides and lets them work.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut build = program::cargo();
    build.args(["build", "-p", "b2-emulator", "--bin", "b2-emulator", "--example", "load"]);
    build.args((!args.debug).then_some("--release"));
    program::attached(&mut build)?;
    let built = workspace::target()?.join(if args.debug { "debug" } else { "release" });
    let mut load = std::process::Command::new(built.join("examples/load"));
    load.arg(built.join("b2-emulator"));
    load.arg(args.connections.to_string()).arg(args.seconds.to_string());
    program::attached(&mut load)
}
