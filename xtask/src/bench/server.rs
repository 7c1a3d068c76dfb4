//! The loopback server that is measured against.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::failure::Failure;
use crate::program;

/// An emulator in a process of its own; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    ready: Ready,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    base_url: String,
    application_key_id: String,
    application_key: String,
}

impl Server {
    /// Starts the built emulator on a folder.
    pub(crate) fn start(binary: &Path, data: &Path) -> Result<Self, Failure> {
        Self::spawn(Command::new(binary).arg("--data").arg(data))
    }

    /// Starts the built emulator without a folder: what it has is gone with it.
    pub(crate) fn in_memory(binary: &Path) -> Result<Self, Failure> {
        Self::spawn(Command::new(binary).arg("--in-memory"))
    }

    fn spawn(command: &mut Command) -> Result<Self, Failure> {
        command.args(["--port", "0"]).stdout(Stdio::piped());
        let line_of = program::line(command);
        let start = |source| Failure::Start { program: line_of.clone(), source };
        let mut child = command.spawn().map_err(start)?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line).map_err(start)?;
        }
        let answer = |source| Failure::Answer { command: line_of.clone(), source };
        let ready = serde_json::from_str(&line).map_err(answer)?;
        Ok(Self { child, ready })
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.ready.base_url
    }

    pub(crate) fn key_id(&self) -> &str {
        &self.ready.application_key_id
    }

    pub(crate) fn key(&self) -> &str {
        &self.ready.application_key
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
