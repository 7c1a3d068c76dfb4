//! The official command line tool, `b2` in Python.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::emulator::Emulator;
use super::tool::{self, Entry, Historian, Tool};
use super::workshop::{Bench, Workshop};
use crate::failure::Failure;
use crate::program;

/// The versions whose words and answers are known here.
const PACKAGE: &str = "b2>=5.0,<6";

const SIZES: [&str; 2] = ["size", "contentLength"];

/// The tool in an environment of its own below `folder`, installed unless it is there.
pub(crate) fn install(folder: &Path) -> Result<PathBuf, Failure> {
    let environment = folder.join("venv");
    let b2 = environment.join("bin/b2");
    if b2.exists() && runs(Command::new(&b2).arg("version")) {
        return Ok(b2);
    }
    println!("Installing the official tool in {}", environment.display());
    let remedy = "apt-get install python3-venv python3-pip";
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    if !runs(&mut make) {
        return Err(Failure::missing("python3 cannot make a virtual environment", remedy));
    }
    let python = environment.join("bin/python3");
    if !runs(Command::new(&python).args(["-m", "pip", "--version"])) {
        return Err(Failure::missing("the virtual environment has no pip", remedy));
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]);
    program::stdout(&mut pip)?;
    Ok(b2)
}

fn runs(command: &mut Command) -> bool {
    program::output(command).is_ok_and(|output| output.status.success())
}

/// The tool, with the emulator as its B2.
pub(crate) struct Official {
    bench: Bench,
}

impl Official {
    pub(crate) fn new(
        workshop: &Workshop,
        program: &Path,
        emulator: &Emulator,
    ) -> Result<Self, Failure> {
        let bench = workshop.bench("official", program, emulator.environment())?;
        Ok(Self { bench })
    }

    fn do_it(&self, args: &[&str]) -> Result<(), Failure> {
        self.bench.run(args).map(drop)
    }

    fn values(&self, args: &[&str]) -> Result<Vec<serde_json::Value>, Failure> {
        tool::values(&args.join(" "), &self.bench.run(args)?)
    }

    fn upload_with(
        &self,
        bucket: &str,
        path: &Path,
        name: &str,
        options: &[&str],
    ) -> Result<(), Failure> {
        let path = path.to_string_lossy();
        let mut args = vec!["file", "upload", "--no-progress", "--quiet"];
        args.extend(options);
        args.extend([bucket, &path, name]);
        self.do_it(&args)
    }
}

impl Tool for Official {
    fn name(&self) -> &'static str {
        "official b2"
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
        let rows = self.values(&["bucket", "list", "--json"])?;
        Ok(rows.iter().map(|row| tool::text(row, "bucketName")).collect())
    }

    fn upload(&self, bucket: &str, path: &Path, name: &str) -> Result<(), Failure> {
        self.upload_with(bucket, path, name, &[])
    }

    fn download(&self, bucket: &str, name: &str, to: &Path) -> Result<(), Failure> {
        let uri = format!("b2://{bucket}/{name}");
        self.do_it(&["file", "download", "--no-progress", &uri, &to.to_string_lossy()])
    }

    fn list(&self, bucket: &str) -> Result<Vec<Entry>, Failure> {
        let rows = self.values(&["ls", "--json", "--recursive", &format!("b2://{bucket}")])?;
        let entry = |row| Entry { name: tool::text(row, "fileName"), size: tool::size(row, SIZES) };
        Ok(rows.iter().map(entry).collect())
    }

    fn delete(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.do_it(&["rm", "--no-progress", &format!("b2://{bucket}/{name}")])
    }
}

impl Historian for Official {
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
        let rows = self.values(&["file", "info", &format!("b2://{bucket}/{name}")])?;
        Ok(rows.first().map(tool::file_info).unwrap_or_default())
    }

    fn hide(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.do_it(&["file", "hide", &format!("b2://{bucket}/{name}")])
    }

    fn versions(&self, bucket: &str) -> Result<Vec<(String, u64)>, Failure> {
        let uri = format!("b2://{bucket}");
        let rows = self.values(&["ls", "--json", "--recursive", "--versions", &uri])?;
        Ok(rows.iter().map(|row| (tool::text(row, "action"), tool::size(row, SIZES))).collect())
    }

    fn delete_versions(&self, bucket: &str, name: &str) -> Result<(), Failure> {
        self.do_it(&["rm", "--no-progress", "--versions", &format!("b2://{bucket}/{name}")])
    }
}
