//! The workspace's own tools, run as `cargo xtask <command>`.

mod bench;
mod check_layers;
mod check_msrv;
mod ci;
mod codegen;
mod coverage;
mod failure;
mod finding;
mod interop;
mod load;
mod metadata;
mod oracles;
mod peers;
mod program;
mod simulate;
mod table;
mod tidy;
mod tokens;
mod torture;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The workspace's own tools")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the wire types of `b2-proto` from the fixtures.
    Codegen(codegen::Args),
    /// Asserts which crate may depend on and mention what.
    CheckLayers,
    /// Asserts that every dependency builds with the workspace's oldest compiler.
    CheckMsrv,
    /// Looks for long functions, left-over notes, dead links and commands that do not exist.
    Tidy,
    /// Runs everything that must pass before a change is merged, in order.
    Ci(ci::Args),
    /// Plays seeds of the whole client on virtual time and judges every run.
    Simulate(simulate::Args),
    /// Holds the emulator and our CLI against the official tool and rclone.
    Interop(interop::Args),
    /// Kills programs at random moments and looks whether anything is lost.
    Torture(torture::Args),
    /// Keeps many connections to the emulator busy and looks at its memory.
    Load(load::Args),
    /// Writes what of the reference product is here, and where.
    Coverage(coverage::Args),
    /// Tries the transport on other people's proxies.
    Peers(peers::Args),
    /// Holds the classic suites of `b2-crypto` against openssl, libtomcrypt, Botan and libmcrypt.
    Oracles(oracles::Args),
    /// Measures what transfers cost, as ratios to a floor in the same run.
    Bench(bench::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), String> {
    let result = match command {
        Command::Codegen(args) => return codegen::run(&args).map_err(|error| error.to_string()),
        Command::CheckLayers => check_layers::run(),
        Command::CheckMsrv => check_msrv::run(),
        Command::Tidy => tidy::run(),
        Command::Ci(args) => ci::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Interop(args) => interop::run(&args),
        Command::Torture(args) => torture::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Peers(args) => peers::run(&args),
        Command::Oracles(args) => oracles::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    result.map_err(|failure| failure.in_full())
}

/// Whether `cargo xtask` has this command.
fn has_command(name: &str) -> bool {
    Cli::command().find_subcommand(name).is_some()
}

/// Whether a command of `cargo xtask`, or one of its own commands, has this long option.
fn has_option(command: &str, option: &str) -> bool {
    let cli = Cli::command();
    let has =
        |command: &clap::Command| command.get_arguments().any(|arg| arg.get_long() == Some(option));
    cli.find_subcommand(command)
        .is_some_and(|command| has(command) || command.get_subcommands().any(has))
}
