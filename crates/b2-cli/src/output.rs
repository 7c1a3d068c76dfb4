//! Data on standard output, words on standard error.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;
use serde::Serialize;

use crate::cli::Options;
use crate::escape;
use crate::failure::Failure;

/// Where a command's results and remarks go. Clones share the bar.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    verbose: u8,
    /// Whether standard output is a terminal, which names may not steer.
    terminal: bool,
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Output {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            json: options.json,
            quiet: options.quiet,
            verbose: options.verbose,
            terminal: io::stdout().is_terminal(),
            bar: Arc::default(),
        }
    }

    /// Whether programs read what we print.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// How often `--verbose` was given.
    pub(crate) fn verbose(&self) -> u8 {
        self.verbose
    }

    /// Whether there is someone to watch a bar on standard error.
    pub(crate) fn wants_bar(&self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// Prints one result: as a JSON object, or as one line of text. It is
    /// out when this returns.
    pub(crate) fn row(
        &self,
        value: &impl Serialize,
        line: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        self.record(value, || vec![line()])
    }

    /// Prints one result: as a JSON object, or as lines of text.
    pub(crate) fn record(
        &self,
        value: &impl Serialize,
        lines: impl FnOnce() -> Vec<String>,
    ) -> Result<(), Failure> {
        let mut text = String::new();
        self.write(&mut text, value, lines)?;
        print(&text)
    }

    /// As [`row`](Self::row), to be printed with others by the one who holds
    /// `text`.
    pub(crate) fn write_row(
        &self,
        text: &mut String,
        value: &impl Serialize,
        line: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        self.write(text, value, || vec![line()])
    }

    fn write(
        &self,
        text: &mut String,
        value: &impl Serialize,
        lines: impl FnOnce() -> Vec<String>,
    ) -> Result<(), Failure> {
        let mut add = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        if self.json {
            let json = serde_json::to_string(value).map_err(io::Error::from);
            add(&self.escaped(&json.map_err(Failure::stdout)?, escape::controls_in_json));
        } else {
            lines().iter().for_each(|line| add(&self.escaped(line, escape::controls)));
        }
        Ok(())
    }

    /// As [`row`](Self::row) for programs only, on standard error: standard
    /// output is taken by the content of a file.
    pub(crate) fn json_aside(&self, value: &impl Serialize) {
        if self.json
            && let Ok(json) = serde_json::to_string(value)
        {
            self.write_words(&escape::controls_in_json(&json));
        }
    }

    /// Says something to the person who watches, unless there is none.
    pub(crate) fn say(&self, words: &str) {
        if !self.json && !self.quiet {
            self.write_words(&escape::controls(words));
        }
    }

    /// Tells what happens inside, for `--verbose`.
    pub(crate) fn tell(&self, event: &str) {
        if self.json {
            self.json_aside(&serde_json::json!({ "event": event }));
        } else {
            self.say(event);
        }
    }

    /// Shows `bar` until [`clear_bar`](Self::clear_bar).
    pub(crate) fn set_bar(&self, bar: ProgressBar) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    /// Takes the bar away, if there is one.
    pub(crate) fn clear_bar(&self) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }

    /// Files and pipes get names as they are, a terminal gets them harmless.
    fn escaped<'a>(&self, line: &'a str, escape: impl Fn(&'a str) -> Cow<'a, str>) -> Cow<'a, str> {
        match self.terminal {
            true => escape(line),
            false => line.into(),
        }
    }

    fn write_words(&self, words: &str) {
        let write = || {
            // If standard error is closed there is nobody to tell.
            let _nobody = writeln!(io::stderr(), "{words}");
        };
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// Prints whole lines. They are out when this returns.
pub(crate) fn print(lines: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::stdout)
}
