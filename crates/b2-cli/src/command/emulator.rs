//! `b2 emulator`

use std::io;

use b2_emulator::command::Arguments;

use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: none; it is a B2 of its own.

When it is ready it prints one line of JSON with accountId, applicationKeyId,
applicationKey, baseUrl and pid, and with HTTPS also certificatePem. It serves
until Ctrl-C, SIGINT or SIGTERM, and only programs on this machine can reach it
unless --listen and --allow-remote say otherwise.
GET /_emulator tells what can be read and turned meanwhile.

Examples:
  b2 emulator
  b2 emulator --data ~/b2-data --port 8090
  b2 emulator --fault b2_upload_part:skip=1,status=503,retry-after=2
  b2 emulator fsck --data ~/b2-data

  # in another shell, with the values of the line
  export B2_ENVIRONMENT=http://127.0.0.1:8090
  export B2_APPLICATION_KEY_ID=... B2_APPLICATION_KEY=...
  b2 bucket create my-first-bucket allPrivate";

/// Run a B2 server on this machine
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Emulator {
    #[command(flatten)]
    arguments: Arguments,
}

impl Emulator {
    /// Serves on a runtime of its own until a signal comes.
    pub(crate) fn run(self) -> Result<(), Failure> {
        Ok(self.arguments.run(&mut io::stdout())?)
    }
}
