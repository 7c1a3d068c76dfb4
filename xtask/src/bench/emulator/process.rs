//! A server in a process of its own, and what it has cost so far.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::Failure;
use crate::program;

/// A running server; it is killed when this goes.
pub(super) struct Process {
    child: Child,
    /// The line that it printed when it was ready.
    pub(super) said: String,
    /// How long that took.
    pub(super) ready_after: Duration,
}

impl Process {
    pub(super) fn start(program: &Path, args: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped());
        let line = program::line(&command);
        let failed = |source| Failure::Start { program: line.clone(), source };
        let begun = Instant::now();
        let mut child = command.spawn().map_err(failed)?;
        let mut said = String::new();
        if let Some(out) = child.stdout.as_mut() {
            BufReader::new(out).read_line(&mut said).map_err(failed)?;
        }
        Ok(Self { child, said, ready_after: begun.elapsed() })
    }

    /// Asks it to stop and waits until it has.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        program::stdout(Command::new("kill").arg(self.child.id().to_string()))?;
        self.child.wait().map(drop).map_err(|error| Failure::Wrong(error.to_string()))
    }

    /// The ready line of the emulator.
    pub(super) fn ready(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.said)
            .map_err(|source| Failure::Answer { command: "b2-emulator".to_owned(), source })
    }

    /// User and system time of all its threads so far.
    pub(super) fn cpu(&self) -> Result<Duration, Failure> {
        let stat = self.proc("stat")?;
        // After the name, which may hold anything, in parentheses.
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
        let ticks = ticks(11).zip(ticks(12)).map(|(user, system)| user + system);
        let ticks = ticks.ok_or_else(|| Failure::Wrong("unreadable /proc/PID/stat".to_owned()))?;
        // The kernel counts in hundredths for everybody.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Most memory resident so far, in MiB.
    pub(super) fn peak_mib(&self) -> Result<u64, Failure> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.map(|kib| kib / 1024).ok_or_else(|| Failure::Wrong("no VmHWM".to_owned()))
    }

    fn proc(&self, what: &str) -> Result<String, Failure> {
        let path = format!("/proc/{}/{what}", self.child.id());
        std::fs::read_to_string(&path).map_err(|error| Failure::io(Path::new(&path), error))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
