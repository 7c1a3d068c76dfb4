//! The emulator as a program.

use std::error::Error;
use std::process::ExitCode;

use b2_emulator::command::{self, Options};

const USAGE: &str = "\
A Backblaze B2 server on this machine.

Usage: b2-emulator [--data DIR | --in-memory] [--port N] [--https]
                   [--unencrypted-buckets]

  --data DIR    keep everything in DIR, which is made if absent
  --in-memory   keep nothing (the default)
  --port N      listen on this port of 127.0.0.1 (default: a free one)
  --https       serve HTTPS with a self-signed certificate
  --unencrypted-buckets
                new buckets do not encrypt by default, as in earlier years

When it is ready it prints one line of JSON with baseUrl, applicationKeyId,
applicationKey and pid. It stops on SIGINT and SIGTERM.
";

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprint!("b2-emulator: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match command::run(options, &mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// The chosen options; `None` when help is asked for.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--data" => options.data = Some(value()?.into()),
            "--in-memory" => options.data = None,
            "--port" => {
                let port = value()?;
                options.port = port.parse().map_err(|_| format!("not a port: {port}"))?;
            }
            "--https" => options.https = true,
            "--unencrypted-buckets" => options.unencrypted_buckets = true,
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument: {argument}")),
        }
    }
    Ok(Some(options))
}

fn report(error: &dyn Error) {
    eprintln!("b2-emulator: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because {error}");
        cause = error.source();
    }
}
