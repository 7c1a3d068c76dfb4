//! The emulator as a program.

use std::error::Error;
use std::process::ExitCode;

use b2_emulator::command::Arguments;
use clap::Parser;

const AFTER_HELP: &str = "\
When it is ready it prints one line of JSON with accountId, applicationKeyId,
applicationKey, baseUrl and pid, and with HTTPS also certificatePem. It stops on
SIGINT and SIGTERM. GET /_emulator tells what can be read and turned meanwhile.

Examples:
  b2-emulator
  b2-emulator --data ./b2-data --port 8765
  b2-emulator --fault b2_upload_part:skip=1,status=503,retry-after=2
  b2-emulator fsck --data ./b2-data";

/// A Backblaze B2 server on this machine
#[derive(Debug, Parser)]
#[command(name = "b2-emulator", version, after_help = AFTER_HELP)]
struct Program {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    match Program::parse().arguments.run(&mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(error: &dyn Error) {
    eprintln!("b2-emulator: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because {error}");
        cause = error.source();
    }
}
