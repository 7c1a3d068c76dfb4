//! The emulator as a process of its own, as its users start it.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::bench::Wire;
use crate::failure::Failure;
use crate::program;

/// The emulator starts in milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running emulator; it is killed when this goes.
pub(crate) struct Emulator {
    process: Process,
    pub(crate) base_url: String,
    account_id: String,
    pub(crate) key_id: String,
    pub(crate) key: String,
}

struct Process(Child);

/// The line it prints when it is ready.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    account_id: String,
    base_url: String,
    application_key_id: String,
    application_key: String,
}

impl Emulator {
    /// Starts the emulator of our CLI on a free port and a folder, and waits until it is ready.
    pub(crate) fn start(b2: &Path, data: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(b2);
        command.args(["emulator", "--port", "0", "--data"]).arg(data);
        // So that files of some megabytes go in parts.
        command.args(["--recommended-part-size", "5000000"]);
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let line = program::line(&command);
        let failed = |source| Failure::Start { program: line.clone(), source };
        let mut process = Process(started.map_err(failed)?);
        let said = first_line(&mut process.0).map_err(failed)?;
        let ready: Ready = serde_json::from_str(&said)
            .map_err(|source| Failure::Answer { command: line.clone(), source })?;
        Ok(Self {
            process,
            base_url: ready.base_url,
            account_id: ready.account_id,
            key_id: ready.application_key_id,
            key: ready.application_key,
        })
    }

    /// What every `b2` needs to know of it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("B2_ENVIRONMENT", self.base_url.clone()),
            ("B2_APPLICATION_KEY_ID", self.key_id.clone()),
            ("B2_APPLICATION_KEY", self.key.clone()),
        ]
    }

    /// Lets what is under a prefix be hidden after a day and deleted after another.
    pub(crate) fn set_lifecycle(&self, bucket: &str, prefix: &str) -> Result<(), Failure> {
        let mut wire = self.wire()?;
        let ask = json!({"accountId": wire.account, "bucketName": bucket});
        let found = wire.call("b2_list_buckets", &ask)?;
        let rule = json!({
            "daysFromHidingToDeleting": 1,
            "daysFromUploadingToHiding": 1,
            "fileNamePrefix": prefix,
        });
        let update = json!({
            "accountId": wire.account,
            "bucketId": found["buckets"][0]["bucketId"],
            "lifecycleRules": [rule],
        });
        wire.call("b2_update_bucket", &update).map(drop)
    }

    /// Moves its clock and lets it do what is due by then.
    pub(crate) fn advance_days(&self, days: i64) -> Result<(), Failure> {
        let mut wire = self.wire()?;
        wire.post("/_emulator/clock", &json!({"advanceMs": days * 24 * 60 * 60 * 1000}))?;
        wire.post("/_emulator/tend", &json!({})).map(drop)
    }

    fn wire(&self) -> Result<Wire, Failure> {
        Wire::log_in(&json!({
            "baseUrl": self.base_url,
            "applicationKeyId": self.key_id,
            "applicationKey": self.key,
            "accountId": self.account_id,
        }))
    }

    /// Kills it and has its folder checked; gives what is said of that.
    pub(crate) fn fsck(self, b2: &Path, data: &Path) -> Result<Value, Failure> {
        drop(self);
        let mut command = Command::new(b2);
        command.args(["emulator", "fsck", "--json", "--data"]).arg(data);
        let line = program::line(&command);
        let said = program::output(&mut command)?.stdout;
        let last = said.rsplit(|byte| *byte == b'\n').find(|line| !line.is_empty());
        serde_json::from_slice(last.unwrap_or_default())
            .map_err(|source| Failure::Answer { command: line, source })
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.process.0.try_wait(), Ok(None))
    }
}

/// The first line a process prints; a silent one is given up.
fn first_line(child: &mut Child) -> io::Result<String> {
    let out = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
    let (sender, line) = mpsc::channel();
    thread::spawn(move || {
        let mut out = BufReader::new(out);
        let mut line = String::new();
        let read = out.read_line(&mut line).map(|_| line);
        if sender.send(read).is_ok() {
            // What else it says is read and dropped, so that it never waits for a reader.
            let _ = io::copy(&mut out, &mut io::sink());
        }
    });
    let silent = |_| io::Error::new(io::ErrorKind::TimedOut, "it did not say that it is ready");
    line.recv_timeout(PATIENCE).map_err(silent)?
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended on its own, and then there is nothing left to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
