//! The folder that a file is in.

use std::io;
use std::path::Path;

pub(crate) fn of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file that is new, or has a new name, survives a power cut only if its
/// folder is synced too.
#[cfg(unix)]
pub(crate) fn sync_around(path: &Path) -> io::Result<()> {
    std::fs::File::open(of(path))?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_around(_: &Path) -> io::Result<()> {
    Ok(())
}
