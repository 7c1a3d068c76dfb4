//! `b2 emulator`

use std::io;
use std::path::PathBuf;

use b2_emulator::command::{self, Options};

use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: none; it is a B2 of its own.

When it is ready it prints one line of JSON with baseUrl, applicationKeyId,
applicationKey and pid, and with --https also certificatePem. It serves until
Ctrl-C, SIGINT or SIGTERM, and only programs on this machine can reach it.

Examples:
  b2 emulator
  b2 emulator --data ~/b2-data --port 8090

  # in another shell, with the values of the line
  export B2_ENVIRONMENT=http://127.0.0.1:8090
  export B2_APPLICATION_KEY_ID=... B2_APPLICATION_KEY=...
  b2 bucket create my-first-bucket allPrivate";

/// Run a B2 server on this machine
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Emulator {
    /// Keep everything in this folder, which is made if absent
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Keep nothing (the default)
    #[arg(long, conflicts_with = "data")]
    in_memory: bool,

    /// Listen on this port of 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,

    /// Serve HTTPS with a certificate of its own making
    #[arg(long)]
    https: bool,
}

impl Emulator {
    /// Serves on a runtime of its own until a signal comes.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut options = Options::default();
        options.data = self.data.filter(|_| !self.in_memory);
        options.port = self.port;
        options.https = self.https;
        Ok(command::run(options, &mut io::stdout())?)
    }
}
