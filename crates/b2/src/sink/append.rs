//! Bytes that follow those of a file that is there.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// What is appended to a file. Unless all of it arrives, the file is cut back
/// to what it was.
pub(crate) struct AppendedFile {
    file: File,
    /// Bytes that were there.
    start: u64,
    complete: bool,
}

impl AppendedFile {
    /// Opens the file, or makes it. Nobody else can append to it meanwhile.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            let text = format!("{} is not a regular file", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("{} is being appended to already", path.display());
                return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let start = file.metadata()?.len();
        Ok(Self { file, start, complete: false })
    }

    #[cfg(unix)]
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, self.start + offset)
    }

    #[cfg(windows)]
    pub(crate) fn write_at(&mut self, offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        let mut offset = self.start + offset;
        while !bytes.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(&self.file, bytes, offset)?;
            bytes = &bytes[written..];
            offset += written as u64;
        }
        Ok(())
    }

    /// Cuts the file back to what it was.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(self.start)
    }

    /// All of it is there.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        self.complete = true;
        Ok(())
    }

    /// Undoes what was done by halves.
    pub(crate) fn discard(&mut self) {
        if !self.complete {
            // There is nobody to tell; the old bytes are untouched in any case.
            let _cut = self.clear();
        }
    }
}

impl Drop for AppendedFile {
    fn drop(&mut self) {
        self.discard();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_nothing_is_appended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "old").unwrap();
        let mut half = AppendedFile::open(&path).unwrap();
        half.write_at(0, b"half").unwrap();
        let other = AppendedFile::open(&path).err().unwrap();
        assert_eq!(other.kind(), io::ErrorKind::WouldBlock);
        drop(half);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let mut whole = AppendedFile::open(&path).unwrap();
        whole.write_at(0, b"er").unwrap();
        whole.write_at(2, b" still").unwrap();
        whole.commit().unwrap();
        drop(whole);
        assert_eq!(std::fs::read(&path).unwrap(), b"older still");
    }

    #[test]
    fn only_a_file_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let refused = AppendedFile::open(folder.path()).err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }
}
