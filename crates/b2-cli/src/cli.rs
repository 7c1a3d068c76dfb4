//! What can be said on the command line, apart from the commands themselves.

use std::time::Duration;

use clap::{ArgAction, Args, Parser};

use crate::command::Command;

const AFTER_HELP: &str = "\
Environment:
  B2_APPLICATION_KEY_ID  the key to use, with B2_APPLICATION_KEY; never written to disk
  B2_APPLICATION_KEY     the secret half of it
  B2_ENVIRONMENT         where to authorize: a URL, or `production`
  B2_CA_CERT             a PEM file with certificates to trust beside the system's
  B2_ACCOUNT_INFO        the file that keeps the saved key
  B2_ENCRYPTION_PASSWORD the password of `encrypt` and `decrypt`
  B2_SOURCE_SSE_C_KEY_B64, B2_DESTINATION_SSE_C_KEY_B64
                         keys of files under SSE-C: 32 bytes in base64
  B2_USER_AGENT_APPEND   text to add to the User-Agent of every request

Exit codes:
  0 done                     6 the key is wrong or missing
  1 another failure          7 the key may not do this
  2 wrong usage              8 a cap of the account is reached
  3 no such bucket           9 the content does not match its digest
  4 no such file            10 trouble with a local file
  5 trouble that passes    130 interrupted (143 terminated)";

/// A fast, honest command line for Backblaze B2.
#[derive(Debug, Parser)]
#[command(name = "b2", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command has.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Options {
    /// Print one JSON object per line, errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Say nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Tell what happens; twice to tell each request
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,

    /// Use the key that was saved under this name
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// For how many seconds to try again when B2 or the network fails
    #[arg(
        long,
        global = true,
        value_name = "SECONDS",
        default_value = "900",
        value_parser = seconds,
        overrides_with = "patience"
    )]
    pub(crate) patience: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let parsed = text.parse().map(Duration::from_secs);
    parsed.map_err(|_| "a number of seconds is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command) {
            for sub in command.get_subcommands() {
                if sub.has_subcommands() {
                    check(sub);
                } else if sub.get_name() != "help" {
                    let help = sub.get_after_help().map(ToString::to_string);
                    let help = help.unwrap_or_default();
                    assert!(help.contains("Example"), "{} has no example", sub.get_name());
                    assert!(help.contains("Capabilit"), "{} names none", sub.get_name());
                }
            }
        }
        check(&Cli::command());
    }
}
