//! `b2 version`

use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: none; nothing is sent.

Example:
  b2 version";

/// Print the version of this program
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Version {}

#[derive(Serialize)]
struct Row {
    version: &'static str,
}

impl Version {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let version = env!("CARGO_PKG_VERSION");
        context.output.row(&Row { version }, || format!("b2 {version}"))
    }
}
