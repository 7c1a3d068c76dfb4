//! `cargo xtask tidy`: what no compiler complains about.
//!
//! `length` looks for files and functions that are too long, `words` for notes that were left
//! over, `links` for dead links in the documents, and `commands` for commands in the documents
//! that do not exist.

mod commands;
mod length;
mod links;
mod markdown;
mod words;

use crate::failure::Failure;
use crate::finding::{self, Finding};
use crate::metadata::Metadata;
use crate::workspace::{self, SourceFile};

/// Files without which nobody can use or pass on the workspace.
const REQUIRED: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "docs/contributing.md"];

/// Runs the command on this workspace.
pub(crate) fn run() -> Result<(), Failure> {
    let root = workspace::root();
    let files = workspace::files(&root).map_err(|source| Failure::io(&root, source))?;
    let mut findings = check_required(&files);
    findings.extend(length::check(&files));
    findings.extend(words::check(&files));
    findings.extend(links::check(&root, &files));
    findings.extend(commands::check(&Metadata::load()?, &files));
    finding::conclude("tidy", findings)
}

fn check_required(files: &[SourceFile]) -> Vec<Finding> {
    let missing = REQUIRED.iter().filter(|path| {
        !files.iter().any(|file| file.path == **path && !file.text.trim().is_empty())
    });
    missing.map(|path| Finding::new(*path, "is missing or empty")).collect()
}
