//! Events as lines of a log.

use std::fmt;

use crate::observer::{Event, Observer, Scope};

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LogLevel {
    /// Nothing.
    None,
    /// What a person wants to know: each request with its outcome, retries.
    #[default]
    Info,
    /// Also decisions of the machines and progress.
    Verbose,
    /// Also the headers of answers.
    Debug,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogKind {
    /// Anything else.
    Info,
    /// A request that is about to be sent. Its headers and body are never
    /// logged: they hold secrets.
    Request,
    /// The head of an answer, and at [`LogLevel::Debug`] its headers.
    Response,
}

/// One line of a log. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// Which operation it belongs to.
    pub scope: Scope,
    /// The least level at which it is logged.
    pub level: LogLevel,
    /// What it is about.
    pub kind: LogKind,
    /// The text, without a line break.
    pub message: String,
}

/// An observer that writes what it sees as lines of a log.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use b2::{BucketType, Client, Credentials, LogLevel, LogObserver};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let emulator = b2_emulator::Emulator::start().await?;
/// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
/// let lines = Arc::new(Mutex::new(Vec::new()));
/// let kept = Arc::clone(&lines);
/// let log = LogObserver::new(LogLevel::Info, move |line| kept.lock().unwrap().push(line));
/// let client =
///     Client::builder(credentials).with_realm(&emulator.base_url()).with_observer(log).build()?;
/// client.authorize().await?;
/// let first = lines.lock().unwrap()[0].message.clone();
/// assert!(first.starts_with("b2_authorize_account: GET to 127.0.0.1"), "{first}");
/// # Ok(()) }
/// ```
pub struct LogObserver<F> {
    level: LogLevel,
    write: F,
}

impl<F: Fn(LogLine) + Send + Sync + 'static> LogObserver<F> {
    /// Hands every line up to this level to `write`, which is called on the
    /// thread where it happens: return quickly.
    pub fn new(level: LogLevel, write: F) -> Self {
        Self { level, write }
    }

    fn line(&self, scope: Scope, level: LogLevel, kind: LogKind, message: String) {
        if level <= self.level {
            (self.write)(LogLine { scope, level, kind, message });
        }
    }
}

impl<F: Fn(LogLine) + Send + Sync + 'static> Observer for LogObserver<F> {
    fn on_event(&self, scope: &Scope, event: &Event<'_>) {
        let (level, kind) = match event {
            Event::RequestSent { .. } => (LogLevel::Info, LogKind::Request),
            Event::ResponseHead { .. } => (LogLevel::Info, LogKind::Response),
            Event::RequestFailed { .. } => (LogLevel::Info, LogKind::Info),
            Event::Protocol(b2_core::Event::Retrying { .. }) => (LogLevel::Info, LogKind::Info),
            _ => (LogLevel::Verbose, LogKind::Info),
        };
        self.line(*scope, level, kind, event.to_string());
        if let Event::ResponseHead { operation, headers, .. } = event {
            for (name, value) in *headers {
                let value = String::from_utf8_lossy(value.as_bytes());
                let message = format!("{operation}: {name}: {value}");
                self.line(*scope, LogLevel::Debug, LogKind::Response, message);
            }
        }
    }
}

impl<F> fmt::Debug for LogObserver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogObserver").field("level", &self.level).finish_non_exhaustive()
    }
}
