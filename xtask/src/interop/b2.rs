//! The official `b2` and ours. Ours follows the words of the official one, so that scripts carry
//! over; what differs is data here.

use std::collections::BTreeMap;
use std::path::Path;

use super::emulator::Emulator;
use super::tool::{self, Entry, Historian, Tool};
use super::workshop::{Bench, Workshop};
use crate::failure::Failure;

/// The official tool has a name of its own for it.
const SIZES: [&str; 2] = ["contentLength", "size"];

/// A `b2`, with the emulator as its B2.
pub(crate) struct B2 {
    name: &'static str,
    bench: Bench,
    /// What keeps `rm` from drawing its progress.
    quiet_rm: &'static [&'static str],
    /// What makes `file info` print JSON.
    json_info: &'static [&'static str],
}

impl B2 {
    pub(crate) fn official(
        workshop: &Workshop,
        program: &Path,
        emulator: &Emulator,
    ) -> Result<Self, Failure> {
        let bench = workshop.bench("official", program, emulator.environment())?;
        Ok(Self { name: "official b2", bench, quiet_rm: &["--no-progress"], json_info: &[] })
    }

    pub(crate) fn ours(
        workshop: &Workshop,
        program: &Path,
        emulator: &Emulator,
    ) -> Result<Self, Failure> {
        let bench = workshop.bench("ours", program, emulator.environment())?;
        Ok(Self { name: "our b2", bench, quiet_rm: &[], json_info: &["--json"] })
    }

    fn upload_with(
        &self,
        bucket: &str,
        path: &Path,
        name: &str,
        options: &[&str],
    ) -> Result<(), Failure> {
        let path = path.to_string_lossy();
        let words = ["file", "upload", "--no-progress", "--quiet", bucket, &path, name];
        self.bench.act(&[&words, options].concat())
    }

    fn remove(&self, bucket: &str, name: &str, options: &[&str]) -> Result<(), Failure> {
        let uri = format!("b2://{bucket}/{name}");
        self.bench.act(&[&["rm", &uri], self.quiet_rm, options].concat())
    }
}

impl Tool for B2 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn authorize(&self) -> Result<(), Failure> {
        self.bench.act(&["account", "authorize"])
    }

    fn create_bucket(&self, bucket: &str) -> Result<(), Failure> {
        self.bench.act(&["bucket", "create", bucket, "allPrivate"])
    }

    fn delete_bucket(&self, bucket: &str) -> Result<(), Failure> {
        self.bench.act(&["bucket", "delete", bucket])
    }

    fn buckets(&self) -> Result<Vec<String>, Failure> {
        let rows = self.bench.values(&["bucket", "list", "--json"])?;
        Ok(rows.iter().map(|row| tool::text(row, "bucketName")).collect())
    }

    fn upload(&self, bucket: &str, path: &Path, name: &str) -> Result<(), Failure> {
        self.upload_with(bucket, path, name, &[])
    }

    fn download(&self, bucket: &str, name: &str, to: &Path) -> Result<(), Failure> {
        let uri = format!("b2://{bucket}/{name}");
        self.bench.act(&["file", "download", "--no-progress", &uri, &to.to_string_lossy()])
    }

    fn list(&self, bucket: &str) -> Result<Vec<Entry>, Failure> {
        let rows =
            self.bench.values(&["ls", "--json", "--recursive", &format!("b2://{bucket}")])?;
        let entry = |row| Entry { name: tool::text(row, "fileName"), size: tool::size(row, SIZES) };
        Ok(rows.iter().map(entry).collect())
    }

    fn delete(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.remove(bucket, name, &[])
    }
}

impl Historian for B2 {
    fn upload_with_info(
        &self,
        bucket: &str,
        path: &Path,
        name: &str,
        (key, value): (&str, &str),
    ) -> Result<(), Failure> {
        self.upload_with(bucket, path, name, &["--info", &format!("{key}={value}")])
    }

    fn info(&self, bucket: &str, name: &str) -> Result<BTreeMap<String, String>, Failure> {
        let uri = format!("b2://{bucket}/{name}");
        let rows = self.bench.values(&[&["file", "info", &uri], self.json_info].concat())?;
        Ok(rows.first().map(tool::file_info).unwrap_or_default())
    }

    fn hide(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.bench.act(&["file", "hide", &format!("b2://{bucket}/{name}")])
    }

    fn versions(&self, bucket: &str) -> Result<Vec<(String, u64)>, Failure> {
        let uri = format!("b2://{bucket}");
        let rows = self.bench.values(&["ls", "--json", "--recursive", "--versions", &uri])?;
        Ok(rows.iter().map(|row| (tool::text(row, "action"), tool::size(row, SIZES))).collect())
    }

    fn delete_versions(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.remove(bucket, name, &["--versions"])
    }
}
