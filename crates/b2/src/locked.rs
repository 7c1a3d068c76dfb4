//! Files that one transfer has to itself.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long somebody who is letting go of the file is waited for: a transfer
/// that was dropped may still have its last line synced by another thread.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often it is looked whether he has.
const LOOK: Duration = Duration::from_millis(10);

/// Whoever had the file before may have renamed or removed it between our
/// opening and our locking it. More often than this nobody is that unlucky.
const ATTEMPTS: u32 = 10;

/// Opens the file at `path` and locks it. If somebody else has it the error
/// says that it is `busy`.
pub(crate) fn open(
    path: &Path,
    busy: &str,
    open: impl Fn() -> io::Result<File>,
) -> io::Result<File> {
    for _ in 0..ATTEMPTS {
        let file = open()?;
        if !locks(&file)? {
            break;
        }
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
    let text = format!("{} is {busy}", path.display());
    Err(io::Error::new(io::ErrorKind::WouldBlock, text))
}

fn locks(file: &File) -> io::Result<bool> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if waited >= PATIENCE => return Ok(false),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        waited += LOOK;
    }
}

/// Gives the lock back. Closing the file does not, while a child of this
/// process that was just begun still has a copy of it.
pub(crate) fn release(file: &File) {
    let _closed_soon = file.unlock();
}

/// Whether the path still leads to the file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let ours = file.metadata()?;
    Ok(path.metadata().is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())))
}

/// An open file can be neither renamed nor removed here.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(all(test, unix))]
mod tests {
    use std::cell::Cell;
    use std::fs::OpenOptions;

    use super::*;

    #[test]
    fn a_file_that_was_renamed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [path, elsewhere] = ["file", "elsewhere"].map(|name| folder.path().join(name));
        let opened = Cell::new(0);
        let file = open(&path, "busy", || {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).open(&path);
            // Its last owner puts it in its place just now.
            if opened.replace(opened.get() + 1) == 0 {
                std::fs::rename(&path, &elsewhere).unwrap();
            }
            file
        });
        file.unwrap().set_len(7).unwrap();
        assert_eq!(elsewhere.metadata().unwrap().len(), 0, "another file was taken");
        assert_eq!(path.metadata().unwrap().len(), 7);
    }
}
