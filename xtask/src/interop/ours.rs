//! Our own command line.

use std::collections::BTreeMap;
use std::path::Path;

use super::emulator::Emulator;
use super::tool::{self, Entry, Historian, Tool};
use super::workshop::{Bench, Workshop};
use crate::failure::Failure;

const SIZES: [&str; 2] = ["contentLength", "size"];

/// Our CLI, with the emulator as its B2.
pub(crate) struct Ours {
    bench: Bench,
}

impl Ours {
    pub(crate) fn new(
        workshop: &Workshop,
        program: &Path,
        emulator: &Emulator,
    ) -> Result<Self, Failure> {
        Ok(Self { bench: workshop.bench("ours", program, emulator.environment())? })
    }

    fn do_it(&self, args: &[&str]) -> Result<(), Failure> {
        self.bench.run(args).map(drop)
    }

    fn values(&self, args: &[&str]) -> Result<Vec<serde_json::Value>, Failure> {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        tool::values(&args.join(" "), &self.bench.run(&args)?)
    }
}

impl Tool for Ours {
    fn name(&self) -> &'static str {
        "our b2"
    }

    fn authorize(&self) -> Result<(), Failure> {
        self.do_it(&["account", "authorize"])
    }

    fn create_bucket(&self, bucket: &str) -> Result<(), Failure> {
        self.do_it(&["bucket", "create", bucket, "allPrivate"])
    }

    fn delete_bucket(&self, bucket: &str) -> Result<(), Failure> {
        self.do_it(&["bucket", "delete", bucket])
    }

    fn buckets(&self) -> Result<Vec<String>, Failure> {
        let rows = self.values(&["bucket", "list"])?;
        Ok(rows.iter().map(|row| tool::text(row, "bucketName")).collect())
    }

    fn upload(&self, bucket: &str, path: &Path, name: &str) -> Result<(), Failure> {
        self.do_it(&["file", "upload", bucket, &path.to_string_lossy(), name])
    }

    fn download(&self, bucket: &str, name: &str, to: &Path) -> Result<(), Failure> {
        let uri = format!("b2://{bucket}/{name}");
        self.do_it(&["file", "download", &uri, &to.to_string_lossy()])
    }

    fn list(&self, bucket: &str) -> Result<Vec<Entry>, Failure> {
        let rows = self.values(&["ls", "--recursive", &format!("b2://{bucket}")])?;
        let entry = |row| Entry { name: tool::text(row, "fileName"), size: tool::size(row, SIZES) };
        Ok(rows.iter().map(entry).collect())
    }

    fn delete(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.do_it(&["rm", &format!("b2://{bucket}/{name}")])
    }
}

impl Historian for Ours {
    fn upload_with_info(
        &self,
        bucket: &str,
        path: &Path,
        name: &str,
        (key, value): (&str, &str),
    ) -> Result<(), Failure> {
        let (path, info) = (path.to_string_lossy(), format!("{key}={value}"));
        self.do_it(&["file", "upload", bucket, &path, name, "--info", &info])
    }

    fn info(&self, bucket: &str, name: &str) -> Result<BTreeMap<String, String>, Failure> {
        let rows = self.values(&["file", "info", &format!("b2://{bucket}/{name}")])?;
        Ok(rows.first().map(tool::file_info).unwrap_or_default())
    }

    fn hide(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.do_it(&["file", "hide", &format!("b2://{bucket}/{name}")])
    }

    fn versions(&self, bucket: &str) -> Result<Vec<(String, u64)>, Failure> {
        let rows = self.values(&["ls", "--recursive", "--versions", &format!("b2://{bucket}")])?;
        Ok(rows.iter().map(|row| (tool::text(row, "action"), tool::size(row, SIZES))).collect())
    }

    fn delete_versions(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.do_it(&["rm", "--versions", &format!("b2://{bucket}/{name}")])
    }
}
