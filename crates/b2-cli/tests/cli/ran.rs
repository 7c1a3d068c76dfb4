//! A run of the program that has ended.

use std::process::Output;

use serde_json::Value;

/// What a shell knows about a program that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    what: String,
}

impl Ran {
    pub(crate) fn new(what: String, output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
            what,
        }
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}\n{}", self.what, self.text(), self.stderr);
        self
    }

    /// Checks that it went well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.exits(0)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output without the end of its last line.
    pub(crate) fn line(&self) -> String {
        let text = self.text();
        text.strip_suffix('\n').unwrap_or(&text).to_owned()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    /// The only object on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let mut rows = self.json_lines();
        assert_eq!(rows.len(), 1, "{}\n{}", self.what, self.text());
        rows.remove(0)
    }

    /// The objects on standard output, one a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The only object on standard error.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        assert_eq!(self.stderr.lines().count(), 1, "{}\n{}", self.what, self.stderr);
        let report: Value = serde_json::from_str(&self.stderr).unwrap();
        assert_eq!(report["error"]["exitCode"], self.code.unwrap(), "{report}");
        report["error"].clone()
    }
}
