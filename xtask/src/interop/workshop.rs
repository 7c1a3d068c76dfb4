//! The folder in which the tools work, apart from the user's own files and settings.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::tool;
use crate::failure::Failure;
use crate::program;

/// No command of these rounds takes longer, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a running command is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// A folder of our own, made anew for each run.
#[derive(Debug)]
pub(crate) struct Workshop {
    pub(crate) folder: PathBuf,
}

/// Where one tool runs: its home, its environment, and the record of what it said.
pub(crate) struct Bench {
    tool: &'static str,
    program: PathBuf,
    home: PathBuf,
    record: PathBuf,
    environment: Vec<(&'static str, String)>,
    commands: AtomicU64,
}

impl Workshop {
    pub(crate) fn new(folder: &Path) -> Result<Self, Failure> {
        let workshop = Self { folder: folder.to_path_buf() };
        workshop.clear()?;
        make(folder)?;
        Ok(workshop)
    }

    /// A path for a file of this name; the folder around it exists.
    pub(crate) fn file(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.folder.join("files");
        make(&folder)?;
        Ok(folder.join(name))
    }

    pub(crate) fn bench(
        &self,
        tool: &'static str,
        program: &Path,
        environment: Vec<(&'static str, String)>,
    ) -> Result<Bench, Failure> {
        let bench = Bench {
            tool,
            program: program.to_path_buf(),
            home: self.folder.join("home").join(tool),
            record: self.folder.join("record"),
            environment,
            commands: AtomicU64::new(0),
        };
        make(&bench.home)?;
        make(&bench.record)?;
        Ok(bench)
    }

    pub(crate) fn clear(&self) -> Result<(), Failure> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::io(&self.folder, error))
            }
            _ => Ok(()),
        }
    }
}

impl Bench {
    /// Runs the tool for its effect.
    pub(crate) fn act(&self, args: &[&str]) -> Result<(), Failure> {
        self.run(args).map(drop)
    }

    /// Runs the tool for the JSON it prints.
    pub(crate) fn values(&self, args: &[&str]) -> Result<Vec<Value>, Failure> {
        tool::values(&args.join(" "), &String::from_utf8_lossy(&self.run(args)?))
    }

    /// Runs the tool for the bytes it prints.
    pub(crate) fn bytes(&self, args: &[&str]) -> Result<Vec<u8>, Failure> {
        self.run(args)
    }

    /// Runs the tool and gives what it wrote to its standard output.
    fn run(&self, args: &[&str]) -> Result<Vec<u8>, Failure> {
        let mut command = Command::new(&self.program);
        command.args(args).stdin(Stdio::null()).current_dir(&self.home);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.home).env("XDG_CONFIG_HOME", self.home.join("config"));
        command.env("LANG", "C.UTF-8").env("TZ", "UTC");
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let record = |kind: &str| self.record.join(format!("{}-{number:03}.{kind}", self.tool));
        let (out, err) = (record("out"), record("err"));
        command.stdout(create(&out)?).stderr(create(&err)?);
        let started = command.spawn();
        let child = started
            .map_err(|source| Failure::Start { program: program::line(&command), source })?;
        let status = wait(child);
        let (out, err) = (read(&out)?, read(&err)?);
        match status {
            Some(status) if status.success() => Ok(out),
            status => Err(Failure::Program {
                command: program::line(&command),
                status: status.map_or_else(|| "no end".to_owned(), |status| status.to_string()),
                output: String::from_utf8_lossy(&[out, err].concat()).into_owned(),
            }),
        }
    }
}

/// Waits for the end of a command; one that does not come to it is killed.
fn wait(mut child: Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(GLANCE);
    }
    // It may have ended in between, and then there is nothing left to kill.
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|source| Failure::io(folder, source))
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|source| Failure::io(path, source))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|source| Failure::io(path, source))
}
