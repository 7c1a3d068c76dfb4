//! `b2`: a command line for Backblaze B2.
//!
//! It is thin on purpose. It knows the terminal, the files of its user and
//! what to tell a shell; everything about B2 is in the crate `b2`.

mod cli;
mod command;
mod context;
mod credentials;
mod destination;
mod environment;
mod escape;
mod exit;
mod failure;
mod journals;
mod json_argument;
mod moment;
mod narrator;
mod output;
mod progress;
mod prompt;
mod redact;
mod report;
mod rows;
mod setting;
mod signals;
mod uri;
mod walk;

use std::process::ExitCode;

use crate::cli::Cli;
use crate::command::Command;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match Cli::read(&arguments) {
        Ok(cli) => cli,
        Err(refusal) => return report::unparsed(&refusal).into(),
    };
    let output = Output::new(&cli.options);
    match perform(cli, &output) {
        // Whoever closed the pipe has read enough.
        Ok(()) | Err(Failure::PipeClosed) => Exit::Ok.into(),
        Err(failure) => {
            report::failed(&output, &failure);
            failure.exit().into()
        }
    }
}

fn perform(cli: Cli, output: &Output) -> Result<(), Failure> {
    let command = match cli.command {
        // It has a runtime of its own, and a signal is how it ends well.
        Command::Emulator(emulator) => return emulator.run(),
        command => command,
    };
    let no_runtime = |source| Failure::local("the program could not start its threads", source);
    let runtime = match command.moves_content() {
        // Several parts are encrypted at once.
        true => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
        // Everything else is quicker on one thread than handed around.
        false => tokio::runtime::Builder::new_current_thread().enable_all().build(),
    };
    let runtime = runtime.map_err(no_runtime)?;
    let result = runtime.block_on(async {
        let context = Context::new(cli.options, output.clone())?;
        signals::unless_stopped(&context.tidying, command.run(&context)).await
    });
    // A thread that still waits for standard input must not keep us.
    runtime.shutdown_background();
    result
}
