//! rclone with its B2 backend.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::emulator::Emulator;
use super::tool::{self, Entry, Tool};
use super::workshop::{Bench, Workshop};
use crate::failure::Failure;
use crate::program;

/// The installed rclone.
pub(crate) fn find() -> Result<PathBuf, Failure> {
    let works = program::output(Command::new("rclone").arg("version"));
    if works.is_ok_and(|output| output.status.success()) {
        return Ok(PathBuf::from("rclone"));
    }
    Err(Failure::missing("rclone is not installed", "apt-get install rclone"))
}

/// rclone, with the emulator as its remote `emulator`.
pub(crate) struct Rclone {
    pub(crate) bench: Bench,
}

impl Rclone {
    pub(crate) fn new(
        workshop: &Workshop,
        program: &Path,
        emulator: &Emulator,
    ) -> Result<Self, Failure> {
        Ok(Self { bench: workshop.bench("rclone", program, environment(emulator))? })
    }
}

/// What makes the emulator its remote `emulator`.
pub(crate) fn environment(emulator: &Emulator) -> Vec<(&'static str, String)> {
    vec![
        ("RCLONE_CONFIG_EMULATOR_TYPE", "b2".to_owned()),
        ("RCLONE_CONFIG_EMULATOR_ENDPOINT", emulator.base_url.clone()),
        ("RCLONE_CONFIG_EMULATOR_ACCOUNT", emulator.key_id.clone()),
        ("RCLONE_CONFIG_EMULATOR_KEY", emulator.key.clone()),
        // Otherwise it hides what it is to delete, and the bucket never gets empty.
        ("RCLONE_CONFIG_EMULATOR_HARD_DELETE", "true".to_owned()),
        // The least it takes, so that a file of a few megabytes goes in parts.
        ("RCLONE_B2_UPLOAD_CUTOFF", "5M".to_owned()),
        ("RCLONE_B2_CHUNK_SIZE", "5M".to_owned()),
        // Trouble is to be seen here, not smoothed over.
        ("RCLONE_RETRIES", "1".to_owned()),
        ("RCLONE_LOW_LEVEL_RETRIES", "1".to_owned()),
    ]
}

fn remote(bucket: &str, name: &str) -> String {
    format!("emulator:{bucket}/{name}")
}

impl Tool for Rclone {
    fn name(&self) -> &'static str {
        "rclone"
    }

    fn authorize(&self) -> Result<(), Failure> {
        self.bench.act(&["lsd", "emulator:"])
    }

    fn create_bucket(&self, bucket: &str) -> Result<(), Failure> {
        self.bench.act(&["mkdir", &remote(bucket, "")])
    }

    fn delete_bucket(&self, bucket: &str) -> Result<(), Failure> {
        self.bench.act(&["rmdir", &remote(bucket, "")])
    }

    fn buckets(&self) -> Result<Vec<String>, Failure> {
        let rows = self.bench.values(&["lsjson", "emulator:"])?;
        Ok(rows.iter().map(|row| tool::text(row, "Path")).collect())
    }

    fn upload(&self, bucket: &str, path: &Path, name: &str) -> Result<(), Failure> {
        self.bench.act(&["copyto", &path.to_string_lossy(), &remote(bucket, name)])
    }

    fn download(&self, bucket: &str, name: &str, to: &Path) -> Result<(), Failure> {
        self.bench.act(&["copyto", &remote(bucket, name), &to.to_string_lossy()])
    }

    fn list(&self, bucket: &str) -> Result<Vec<Entry>, Failure> {
        let rows =
            self.bench.values(&["lsjson", "--recursive", "--files-only", &remote(bucket, "")])?;
        let sizes = ["Size", "size"];
        let entry = |row| Entry { name: tool::text(row, "Path"), size: tool::size(row, sizes) };
        Ok(rows.iter().map(entry).collect())
    }

    fn delete(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.bench.act(&["deletefile", &remote(bucket, name)])
    }
}
