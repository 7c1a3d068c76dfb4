//! Bytes that follow those of a file that is there.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::{folder, locked};

/// What is appended to a file. Unless all of it arrives, the file is cut back
/// to what it was.
pub(crate) struct AppendedFile {
    file: File,
    /// Where it is, if it was made for this.
    made: Option<PathBuf>,
    /// Bytes that were there.
    start: u64,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Open,
    Complete,
    /// A chunk that is still queued comes too late.
    Discarded,
}

impl AppendedFile {
    /// Opens the file, or makes it. Nobody else can append to it meanwhile.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            let text = format!("{} is not a regular file", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let made = Cell::new(false);
        let file = locked::open(path, "being appended to already", || {
            let (file, new) = Self::open_or_make(path)?;
            made.set(new);
            Ok(file)
        })?;
        let made = made.get();
        let start = file.metadata()?.len();
        Ok(Self { file, made: made.then(|| path.to_owned()), start, state: State::Open })
    }

    /// The file, and whether it was not there before.
    fn open_or_make(path: &Path) -> io::Result<(File, bool)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        match options.clone().create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Ok((options.open(path)?, false))
            }
            made => Ok((made?, true)),
        }
    }

    /// The file, unless it is to be left alone.
    fn open_file(&self) -> io::Result<&File> {
        match self.state {
            State::Open => Ok(&self.file),
            State::Complete | State::Discarded => {
                Err(io::Error::other("nothing more is appended to this file"))
            }
        }
    }

    #[cfg(unix)]
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self.open_file()?, bytes, self.start + offset)
    }

    #[cfg(windows)]
    pub(crate) fn write_at(&mut self, offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        let mut offset = self.start + offset;
        while !bytes.is_empty() {
            let written =
                std::os::windows::fs::FileExt::seek_write(self.open_file()?, bytes, offset)?;
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
        if let Some(path) = &self.made {
            folder::sync_around(path)?;
        }
        self.state = State::Complete;
        Ok(())
    }

    /// Undoes what was done by halves.
    pub(crate) fn discard(&mut self) {
        if self.state != State::Open {
            return;
        }
        self.state = State::Discarded;
        // There is nobody to tell; the old bytes are untouched in any case.
        let _cut = self.clear();
        if let Some(path) = &self.made {
            let _removed = std::fs::remove_file(path);
        }
    }
}

impl Drop for AppendedFile {
    fn drop(&mut self) {
        self.discard();
        locked::release(&self.file);
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
    fn a_file_that_was_made_for_nothing_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut made = AppendedFile::open(&path).unwrap();
        made.write_at(0, b"half").unwrap();
        made.discard();
        assert!(!path.exists());
        assert!(made.write_at(4, b"late").is_err(), "a chunk came too late");
    }

    #[test]
    fn only_a_file_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let refused = AppendedFile::open(folder.path()).err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }
}
