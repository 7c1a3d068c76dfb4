//! The emulator as a command: start, say so, serve until a signal.

mod fsck;
mod options;

use std::io::{self, Write};

use serde_json::json;

use super::{Emulator, StartError};
use crate::engine::OpenError;

pub use fsck::FsckOptions;
pub use options::Options;

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The server did not start.
    #[error("the emulator did not start")]
    Start(#[from] StartError),
    /// The data folder could not be opened.
    #[error("the data folder cannot be checked")]
    Check(#[from] OpenError),
    /// The data folder was checked and has faults, which were written out.
    #[error("the data folder has {0} faults")]
    Faulty(u64),
    /// The ready line could not be written, or signals not be awaited.
    #[error("the emulator cannot talk to its surroundings")]
    Io(#[from] io::Error),
}

/// The words of the program `b2-emulator` and of `b2 emulator`.
#[cfg(feature = "cli")]
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[non_exhaustive]
pub struct Arguments {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// How to serve.
    #[command(flatten)]
    pub options: Options,
}

#[cfg(feature = "cli")]
const FSCK_HELP: &str = "\
Capability: none; it only reads.

Prints a line for each fault, and fails if there is one. No emulator may be
using the folder.

Examples:
  b2 emulator fsck --data ~/b2-data
  b2 emulator fsck --data ~/b2-data --quick --json";

/// What can be done instead of serving.
#[cfg(feature = "cli")]
#[derive(Clone, Debug, clap::Subcommand)]
#[non_exhaustive]
pub enum Action {
    /// Check a data folder: every row, every reference, every byte
    #[command(after_help = FSCK_HELP)]
    Fsck(FsckOptions),
}

#[cfg(feature = "cli")]
impl Arguments {
    /// Does what they say; blocks the calling thread.
    ///
    /// # Errors
    ///
    /// As [`run`] and [`check`].
    pub fn run(self, out: &mut dyn Write) -> Result<(), CommandError> {
        match self.action {
            Some(Action::Fsck(options)) => check(&options, out),
            None => run(self.options, out),
        }
    }
}

/// Checks a data folder and writes what is wrong, a line each, to `out`.
///
/// # Errors
///
/// [`CommandError::Faulty`] when something is wrong; [`CommandError::Check`]
/// when the folder cannot be opened, also because an emulator uses it.
pub fn check(options: &FsckOptions, out: &mut dyn Write) -> Result<(), CommandError> {
    fsck::run(options, out)
}

/// Serves until SIGINT or SIGTERM, then stops gracefully.
///
/// As soon as requests are answered one line of JSON is written to `out`:
/// `{"accountId","applicationKey","applicationKeyId","baseUrl","pid"}`, and
/// with HTTPS also `certificatePem`. Blocks the calling thread.
///
/// # Errors
///
/// When the server cannot start or the line cannot be written.
pub fn run(options: Options, out: &mut dyn Write) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    raise_file_limit();
    runtime.block_on(async {
        // Before the line is out, so that a signal sent by its reader counts.
        let signal = stop_signal()?;
        let emulator = options.builder().start().await?;
        write_ready_line(&emulator, out)?;
        signal.await;
        emulator.shutdown().await;
        Ok(())
    })
}

fn write_ready_line(emulator: &Emulator, out: &mut dyn Write) -> io::Result<()> {
    let mut line = json!({
        "accountId": emulator.account_id(),
        "applicationKey": emulator.application_key(),
        "applicationKeyId": emulator.application_key_id(),
        "baseUrl": emulator.base_url(),
        "pid": std::process::id(),
    });
    if let Some(certificate) = emulator.certificate_pem() {
        line["certificatePem"] = json!(certificate);
    }
    writeln!(out, "{line}")?;
    out.flush()
}

/// Every connection takes a file descriptor, and shells allow few at first.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        // Where it may not be raised, fewer connections are held.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// Resolves at the first SIGINT or SIGTERM after this call.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at the first Ctrl-C after the result is first polled.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
