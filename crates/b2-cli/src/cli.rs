//! What can be said on the command line, apart from the commands themselves.

use std::ffi::OsString;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory as _, Parser};

use crate::command::Command;
use crate::setting::Setting;

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
  B2_CONFIG              settings of the connection as --config takes them, one in each line
  HTTPS_PROXY, ALL_PROXY, http_proxy, NO_PROXY
                         proxies, as curl reads them; this machine is no exception

Example:
  b2 --config ProxyServer=proxy.example --config ProxyPort=3128 ls

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

    /// Set something of the connection by its name; may be given several times
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub(crate) config: Vec<Setting>,
}

impl Cli {
    /// Reads a command line, the name of the program first.
    pub(crate) fn read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let cli = Self::try_parse_from(arguments)?;
        // Of options on both sides of a command's name, clap keeps one side.
        let said = |argument: &&OsString| {
            let text = argument.to_string_lossy();
            text == "--config" || text.starts_with("--config=")
        };
        let options = arguments.iter().take_while(|argument| *argument != "--");
        if options.filter(said).count() == cli.options.config.len() {
            return Ok(cli);
        }
        let message = "--config has to be given before the command or behind it, not on both sides";
        Err(Self::command().error(ErrorKind::ArgumentConflict, message))
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let parsed = text.parse().map(Duration::from_secs);
    parsed.map_err(|_| "a number of seconds is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_setting_is_lost() {
        let read = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
            Cli::read(&arguments).map(|cli| cli.options.config.len())
        };
        for (line, count) in [
            ("b2 ls", 0),
            ("b2 --config a=1 --config=b=2 ls", 2),
            ("b2 ls --config a=1 --config=b=2", 2),
            ("b2 file upload --config a=1 b - x", 1),
            ("b2 file upload b -- - --config", 0),
        ] {
            assert_eq!(read(line).unwrap(), count, "{line}");
        }
        let error = read("b2 --config a=secret ls --config b=secret").unwrap_err().to_string();
        assert!(error.contains("both sides") && !error.contains("secret"), "{error}");
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
