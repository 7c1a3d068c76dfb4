//! Events as lines of a log.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::dump::shown_body;
use super::event::{Event, Observer};
use crate::connect::ConnectionFacts;
use crate::settings::SettingError;

/// So much of a body is kept for its line.
const BODY_LIMIT: usize = 16 * 1024;

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LogLevel {
    /// Nothing.
    None,
    /// Requests and answers with URL, version of HTTP and status; redirects
    /// and failures.
    #[default]
    Info,
    /// Also connections, what was agreed on for them, proxies, and sizes.
    Verbose,
    /// Also headers, and bodies: the first 16 KiB of a text, the length of
    /// anything else.
    Debug,
}

impl LogLevel {
    /// The level of `LogLevel`: 0 none, 1 info, 2 verbose, 3 debug.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] for another number.
    pub fn from_number(number: u32) -> Result<Self, SettingError> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Info),
            2 => Ok(Self::Verbose),
            3 => Ok(Self::Debug),
            _ => {
                let expected = "0 none, 1 info, 2 verbose or 3 debug";
                Err(SettingError::Value { name: "LogLevel", expected })
            }
        }
    }
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogKind {
    /// Anything else.
    Info,
    /// The headers of a request.
    RequestHeaders,
    /// The headers of an answer.
    ResponseHeaders,
    /// The body of a request.
    RequestBody,
    /// The body of an answer.
    ResponseBody,
    /// A proxy is asked.
    ProxyRequest,
    /// A proxy has answered.
    ProxyResponse,
    /// The firewall is asked.
    FirewallRequest,
    /// The firewall has answered.
    FirewallResponse,
}

impl fmt::Display for LogKind {
    /// Its name, such as `RequestHeaders`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// One entry of a log. It has no secret; that of headers and bodies may have
/// several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// The number of the request, as observers hear it.
    pub request: u64,
    /// The least level at which it is logged.
    pub level: LogLevel,
    /// What it is about.
    pub kind: LogKind,
    /// The text.
    pub message: String,
}

/// An observer that writes what it hears as lines of a log.
///
/// Secrets are masked: in headers as [`Headers`](super::Headers) does it, in
/// bodies the values of JSON strings whose names tell of tokens, keys,
/// secrets, passwords and upload URLs. Compressed answers are logged as they
/// read when they are decompressed; of what is no text only the length is
/// told. At [`LogLevel::Debug`] the content of files is logged too, if it is a
/// text.
pub struct Log<F> {
    level: LogLevel,
    write: F,
    bodies: Mutex<BTreeMap<u64, Bodies>>,
}

/// The beginnings of the bodies of a request and its answer.
#[derive(Default)]
struct Bodies {
    request: Kept,
    response: Kept,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    total: u64,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = BODY_LIMIT - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl<F: Fn(LogLine) + Send + Sync + 'static> Log<F> {
    /// Hands every line up to this level to `write`, which is called where
    /// things happen: return quickly.
    pub fn new(level: LogLevel, write: F) -> Self {
        Self { level, write, bodies: Mutex::default() }
    }

    fn line(&self, request: u64, level: LogLevel, kind: LogKind, message: impl fmt::Display) {
        if level <= self.level {
            (self.write)(LogLine { request, level, kind, message: message.to_string() });
        }
    }

    fn keep(&self, request: u64, which: fn(&mut Bodies) -> &mut Kept, bytes: &[u8]) {
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        which(bodies.entry(request).or_default()).push(bytes);
    }

    /// Logs a body that has come to its end.
    fn flush(&self, request: u64, which: fn(&mut Bodies) -> &mut Kept, kind: LogKind) {
        if self.level < LogLevel::Debug {
            return;
        }
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = bodies.get_mut(&request).map(|bodies| std::mem::take(which(bodies)));
        drop(bodies);
        if let Some(kept) = kept.filter(|kept| kept.total > 0) {
            self.line(request, LogLevel::Debug, kind, shown_body(&kept.bytes, kept.total));
        }
    }

    fn connection(&self, request: u64, how: &str, facts: &ConnectionFacts) {
        let (from, to) = (facts.local_address, facts.peer_address);
        let tls = match &facts.tls {
            Some(tls) => {
                let resumed = if tls.resumed { ", resumed" } else { "" };
                format!(
                    ", {} with {}, {}{resumed}",
                    tls.version, tls.cipher_suite, tls.key_exchange
                )
            }
            None => ", not encrypted".to_owned(),
        };
        let message = format!("{how} {from} to {to}, {:?}{tls}", facts.http_version);
        self.line(request, LogLevel::Verbose, LogKind::Info, message);
    }

    fn proxies(&self, request: u64, event: &Event<'_>) {
        match event {
            Event::ProxyRequest { firewall, kind, proxy, target } => {
                let which =
                    if *firewall { LogKind::FirewallRequest } else { LogKind::ProxyRequest };
                let message = format!("asking {proxy} ({kind:?}) for {target}");
                self.line(request, LogLevel::Verbose, which, message);
            }
            Event::ProxyResponse { firewall, proxy, connected, error } => {
                let which =
                    if *firewall { LogKind::FirewallResponse } else { LogKind::ProxyResponse };
                let usual =
                    if *connected { "connected" } else { "asks who we are, on a new connection" };
                let outcome = error.map_or_else(|| usual.to_owned(), ToString::to_string);
                self.line(request, LogLevel::Verbose, which, format!("{proxy}: {outcome}"));
            }
            _ => {}
        }
    }

    fn heads(&self, request: u64, event: &Event<'_>) {
        match event {
            Event::RequestHead { method, url, version, headers } => {
                self.flush(request, |bodies| &mut bodies.request, LogKind::RequestBody);
                self.flush(request, |bodies| &mut bodies.response, LogKind::ResponseBody);
                let first = format!("{method} {url} {version:?}");
                self.line(request, LogLevel::Info, LogKind::Info, &first);
                if self.level == LogLevel::Debug {
                    let kind = LogKind::RequestHeaders;
                    self.line(request, LogLevel::Debug, kind, format!("{first}\n{headers}"));
                }
            }
            Event::ResponseHead { status_line, headers } => {
                self.flush(request, |bodies| &mut bodies.request, LogKind::RequestBody);
                self.line(request, LogLevel::Info, LogKind::Info, status_line);
                if self.level == LogLevel::Debug {
                    let kind = LogKind::ResponseHeaders;
                    self.line(request, LogLevel::Debug, kind, format!("{status_line}\n{headers}"));
                }
            }
            _ => {}
        }
    }

    fn ended(&self, request: u64, received: u64) {
        self.flush(request, |bodies| &mut bodies.request, LogKind::RequestBody);
        self.flush(request, |bodies| &mut bodies.response, LogKind::ResponseBody);
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).remove(&request);
        let message = format!("{received} bytes of body received");
        self.line(request, LogLevel::Verbose, LogKind::Info, message);
    }
}

impl<F: Fn(LogLine) + Send + Sync + 'static> Observer for Log<F> {
    fn on_event(&self, request: u64, event: &Event<'_>) {
        if self.level == LogLevel::None {
            return;
        }
        match event {
            Event::Connecting { host, port, tls } => {
                let how = if *tls { "connecting, encrypted," } else { "connecting" };
                let message = format!("{how} to {host}, port {port}");
                self.line(request, LogLevel::Verbose, LogKind::Info, message);
            }
            Event::Connected { facts } => self.connection(request, "connected", facts),
            Event::Reused { facts } => self.connection(request, "using again", facts),
            Event::Redirected { url } => {
                self.line(request, LogLevel::Info, LogKind::Info, format!("redirected to {url}"));
            }
            Event::RequestBody { bytes } => {
                self.keep(request, |bodies| &mut bodies.request, bytes);
            }
            Event::ResponseBody { bytes } => {
                self.keep(request, |bodies| &mut bodies.response, bytes);
            }
            Event::Failed { error } => {
                let message = format!("failed: {}", in_full(error));
                self.line(request, LogLevel::Info, LogKind::Info, message);
            }
            Event::Ended { received } => self.ended(request, *received),
            Event::ProxyRequest { .. } | Event::ProxyResponse { .. } => {
                self.proxies(request, event);
            }
            Event::RequestHead { .. } | Event::ResponseHead { .. } => self.heads(request, event),
        }
    }

    fn wants_bodies(&self) -> bool {
        self.level == LogLevel::Debug
    }
}

/// An error with its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

impl<F> fmt::Debug for Log<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("level", &self.level).finish_non_exhaustive()
    }
}
