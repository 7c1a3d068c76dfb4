//! The formatter, run on text.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::codegen::error::CodegenError;

/// Formats a file's text as the workspace is formatted.
pub(super) fn format(file: &str, source: &str) -> Result<String, CodegenError> {
    let refused = |message: String| CodegenError::Rustfmt { file: file.to_owned(), message };
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=100,use_field_init_shorthand=true"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| refused(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(source.as_bytes()).map_err(|error| refused(error.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|error| refused(error.to_string()))?;
    if !output.status.success() {
        return Err(refused(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    String::from_utf8(output.stdout).map_err(|error| refused(error.to_string()))
}
