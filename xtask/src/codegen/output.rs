//! Files on disk: written only when they change, or only compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::GeneratedFile;
use super::error::CodegenError;

/// Whether to write or only to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// The folder that holds nothing but generated files.
pub(crate) const FOLDER: &str = "crates/b2-proto/src/generated";

/// Brings the files under `root` in line with `files`, or names those that are not.
pub(crate) fn settle(root: &Path, files: &[GeneratedFile], mode: Mode) -> Result<(), CodegenError> {
    let mut stale = Vec::new();
    for file in files {
        let path = root.join(&file.path);
        if fs::read_to_string(&path).is_ok_and(|old| old == file.content) {
            continue;
        }
        match mode {
            Mode::Check => stale.push(file.path.clone()),
            Mode::Write => write(&path, &file.content)?,
        }
    }
    for orphan in orphans(root, files)? {
        match mode {
            Mode::Check => stale.push(orphan),
            Mode::Write => {
                let path = root.join(&orphan);
                fs::remove_file(&path).map_err(|source| CodegenError::io(&path, source))?;
            }
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(CodegenError::Stale(stale)) }
}

fn write(path: &Path, content: &str) -> Result<(), CodegenError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|source| CodegenError::io(parent, source))?;
    }
    fs::write(path, content).map_err(|source| CodegenError::io(path, source))
}

/// Files of families that no fixture names any more.
fn orphans(root: &Path, files: &[GeneratedFile]) -> Result<Vec<String>, CodegenError> {
    let folder = root.join(FOLDER);
    let wanted: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let Ok(entries) = fs::read_dir(&folder) else {
        return Ok(Vec::new());
    };
    let mut orphans = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| CodegenError::io(&folder, source))?;
        let path = format!("{FOLDER}/{}", entry.file_name().to_string_lossy());
        if !wanted.contains(path.as_str()) {
            orphans.push(path);
        }
    }
    orphans.sort();
    Ok(orphans)
}
