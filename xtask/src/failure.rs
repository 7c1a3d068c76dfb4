//! Why a command stopped.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::finding::Finding;

/// Why a command of `cargo xtask` failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A check found faults, which name their places.
    #[error("{check} found {}:\n{}", count(.findings), lines(.findings))]
    Findings { check: &'static str, findings: Vec<Finding> },
    /// A file could not be read or written.
    #[error("{}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// A program could not be started.
    #[error("cannot run `{program}`")]
    Start { program: String, source: io::Error },
    /// A program said that it failed.
    #[error("`{command}` failed ({status})\n{output}")]
    Program { command: String, status: String, output: String },
    /// A program answered something else than expected.
    #[error("`{command}` answered something unreadable")]
    Answer { command: String, source: serde_json::Error },
    /// Something this command needs is not installed or not built.
    #[error("{what}\n  {remedy}")]
    Missing { what: String, remedy: String },
    /// What was checked is not so; told in a sentence.
    #[error("{0}")]
    Wrong(String),
}

impl Failure {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }

    pub(crate) fn missing(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Missing { what: what.into(), remedy: remedy.into() }
    }

    /// This failure and its causes, in one text.
    pub(crate) fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(inner) = cause {
            text.push_str(&format!(": {inner}"));
            cause = inner.source();
        }
        text
    }
}

fn count(findings: &[Finding]) -> String {
    match findings.len() {
        1 => "one fault".to_owned(),
        number => format!("{number} faults"),
    }
}

fn lines(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(|finding| format!("  {finding}")).collect();
    lines.join("\n")
}
