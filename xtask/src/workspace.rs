//! Where the workspace is, and which of its files people wrote.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::program;

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    let mut command = program::cargo();
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let answer = program::stdout(&mut command)?;
    let parsed = serde_json::from_str::<serde_json::Value>(&answer);
    let metadata =
        parsed.map_err(|source| Failure::Answer { command: program::line(&command), source })?;
    let folder = metadata["target_directory"].as_str();
    folder.map(PathBuf::from).ok_or_else(|| Failure::Wrong("cargo names no target folder".into()))
}

/// Build output and history; everything else in the tree is looked at.
const SKIPPED: [&str; 2] = ["target", ".git"];

/// A text file of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// Relative to the workspace root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// Whether the file is written by `cargo xtask codegen`.
    pub(crate) fn is_generated(&self) -> bool {
        self.path.contains("/src/generated/")
    }

    /// Whether the file is only compiled for tests, examples or benchmarks.
    pub(crate) fn is_test(&self) -> bool {
        let mut folders = self.path.split('/');
        let file = folders.next_back().unwrap_or_default();
        file == "tests.rs" || folders.any(|part| ["tests", "examples", "benches"].contains(&part))
    }

    /// Whether the file lies in this folder, given with a `/` at its end.
    pub(crate) fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }
}

/// Every text file below `root`, sorted by path. Files that are not UTF-8 are left out.
pub(crate) fn files(root: &Path) -> io::Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    collect(root, "", &mut found)?;
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<SourceFile>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), found)?;
            }
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(SourceFile { path, text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: String::new() }
    }

    #[test]
    fn tests_are_told_from_shipped_code_by_their_path() {
        assert!(file("crates/b2/tests/upload.rs").is_test());
        assert!(file("crates/b2-core/src/retry/tests.rs").is_test());
        assert!(file("crates/b2/examples/quickstart.rs").is_test());
        assert!(!file("crates/b2-testing/src/lib.rs").is_test());
        assert!(!file("crates/b2-core/src/op.rs").is_test());
    }

    #[test]
    fn build_output_is_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["target/debug/x.rs", "crates/a/src/lib.rs", "README.md"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        let paths: Vec<_> =
            files(folder.path()).unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(paths, ["README.md", "crates/a/src/lib.rs"]);
    }
}
