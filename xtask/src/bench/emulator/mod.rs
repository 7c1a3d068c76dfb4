//! `cargo xtask bench emulator`: what the server costs, beside the least that it could.
//!
//! `floor_server` among the examples of `b2-emulator` is the least: one socket read, SHA-1, one
//! file write; and one that does MD5 too, which B2's answers carry. Floors and emulator take the same bytes from the same client in turn, and the
//! kernel's books say what each spent. Listings are measured against themselves: the last pages
//! of a million names beside the first.

mod listing;
mod process;
mod transfer;
mod wire;

pub(crate) use wire::Wire;

use crate::failure::Failure;
use crate::{program, workspace};

/// The options of `cargo xtask bench emulator`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Size of the body, in MiB; at most 4768, as one request carries it.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    size: u64,
    /// Rounds; the median counts.
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    rounds: u32,
    /// Names to list.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    names: u64,
}

/// Builds, runs and prints.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut build = program::cargo();
    build.args(["build", "--release", "-p", "b2-emulator", "--bin", "b2-emulator"]);
    build.args(["--example", "floor_server"]);
    program::attached(&mut build)?;
    let built = workspace::target()?.join("release");
    let folder = workspace::root().join("target/bench-emulator");
    let io = |error| Failure::io(&folder, error);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(io)?;
    }
    std::fs::create_dir_all(&folder).map_err(io)?;
    println!("{}\n", transfer::run(args.size, args.rounds, &built, &folder)?);
    println!("{}", listing::run(args.names, &built, &folder)?);
    std::fs::remove_dir_all(&folder).map_err(io)
}
