//! `b2 account clear`

use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: none; nothing is sent, and the key stays valid for others.

Examples:
  b2 account clear
  b2 --profile local account clear";

/// Forget the saved application key
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Clear {}

#[derive(Serialize)]
struct Row {
    /// Whether there was a key to forget.
    cleared: bool,
    path: String,
}

impl Clear {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let file = context.credentials_file()?;
        let row = Row { cleared: file.clear()?, path: file.path().display().to_string() };
        if context.output.json() {
            return context.output.record(&row, Vec::new);
        }
        context.output.say(&match row.cleared {
            true => format!("forgot the key in {}", row.path),
            false => format!("there was no key in {}", row.path),
        });
        if context.environment.key.is_some() {
            context.output.say("note: the key of the environment is still used");
        }
        Ok(())
    }
}
