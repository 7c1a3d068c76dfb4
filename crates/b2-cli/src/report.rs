//! Telling about a failure, to people or to programs.

use std::io::Write as _;

use clap::error::ErrorKind;
use serde::Serialize;

use crate::escape;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// What `--json` prints on standard error.
#[derive(Serialize)]
struct Report {
    error: ErrorReport,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorReport {
    message: String,
    /// What led to it, the nearest first.
    causes: Vec<String>,
    /// B2's code, if B2 answered.
    code: Option<String>,
    /// The HTTP status of B2's answer.
    status: Option<u16>,
    request_id: Option<String>,
    /// Whether the same command may succeed later.
    retryable: bool,
    advice: Option<String>,
    exit_code: u8,
}

/// Tells about a failure on standard error.
pub(crate) fn failed(output: &Output, failure: &Failure) {
    output.clear_bar();
    if output.json() {
        return print_json(&Report::of(failure));
    }
    let mut text = String::new();
    for (depth, words) in failure.chain().iter().enumerate() {
        let lead = if depth == 0 { "error" } else { "  because" };
        text += &format!("{lead}: {}\n", escape::controls(words));
    }
    if let Some(advice) = failure.advice() {
        text += &format!("  advice: {}\n", escape::controls(&advice));
    }
    print(&text);
}

/// Answers a command line that cannot be read, or that asks for help.
pub(crate) fn unparsed(refusal: &clap::Error) -> Exit {
    if matches!(refusal.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match refusal.print() {
            Ok(()) => Exit::Ok,
            Err(error) => Failure::stdout(error).exit(),
        };
    }
    // Nothing was parsed, so whether JSON is wanted has to be looked for.
    if std::env::args_os().any(|argument| argument == "--json") {
        let text = refusal.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let message = first.trim_start_matches("error: ").to_owned();
        print_json(&Report::of(&Failure::Usage(message)));
    } else {
        // If standard error is closed there is nobody to tell.
        let _nobody = refusal.print();
    }
    Exit::Usage
}

impl Report {
    fn of(failure: &Failure) -> Self {
        let api = failure.b2().and_then(b2::Error::api);
        let mut causes = failure.chain();
        let error = ErrorReport {
            message: causes.remove(0),
            causes,
            code: api.map(|api| api.code.to_string()),
            status: api.map(|api| api.status),
            request_id: api.and_then(|api| api.request_id.as_deref()).map(str::to_owned),
            retryable: failure.b2().is_some_and(b2::Error::retryable),
            advice: failure.advice(),
            exit_code: failure.exit().code(),
        };
        Self { error }
    }
}

fn print_json(report: &Report) {
    // Text, numbers and lists cannot fail to become JSON.
    let json = serde_json::to_string(report).unwrap_or_default();
    print(&format!("{}\n", escape::controls_in_json(&json)));
}

fn print(text: &str) {
    // If standard error is closed there is nobody to tell.
    let _nobody = std::io::stderr().write_all(text.as_bytes());
}
