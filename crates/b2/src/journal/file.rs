//! The file of a journal: one line after the other.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _};

use b2_core::upload::CannotResume;
use serde::Serialize;

use super::{JournalError, Remembered};

/// How the first line of every journal begins.
const BEGINNING: &str = "{\"version\":";

pub(super) fn line(entry: &impl Serialize) -> io::Result<String> {
    serde_json::to_string(entry).map_err(io::Error::other)
}

/// What a journal needs of its file.
pub(super) trait Durable: io::Write {
    /// Returns when all that was written is on the disk.
    fn sync(&self) -> io::Result<()>;
}

impl Durable for File {
    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

pub(super) fn append(file: &mut impl Durable, line: &str) -> io::Result<()> {
    // One write: a line is there or not, but for the end of the process.
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync()
}

/// A whole state may be one line: a digest for each of 10,000 parts.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// What is in a journal, and where its last whole line ends. A file that
/// never got its first line holds nothing.
pub(super) fn read<R: Remembered>(file: &File) -> Result<(Option<R>, u64), JournalError> {
    let mut reader = BufReader::new(file);
    let (mut resume, mut end): (Option<R>, u64) = (None, 0);
    let mut line = String::new();
    loop {
        line.clear();
        // A line is never so long; a file that is no journal may be.
        let length = match reader.by_ref().take(LONGEST_LINE).read_line(&mut line) {
            Ok(length) => length as u64,
            // Not even text: whatever it is, it is no journal.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(JournalError::Resume(CannotResume::Unreadable));
            }
            Err(error) => return Err(error.into()),
        };
        let Some(text) = line.strip_suffix('\n') else {
            return match resume {
                // Not even the beginning of one: somebody else's file.
                _ if length == LONGEST_LINE => Err(JournalError::Resume(CannotResume::Unreadable)),
                None if !may_begin(&line) => Err(JournalError::Resume(CannotResume::Unreadable)),
                _ => Ok((resume, end)),
            };
        };
        match &mut resume {
            None => resume = Some(R::parse(text).map_err(JournalError::Resume)?),
            Some(resume) => match serde_json::from_str(text) {
                Ok(entry) => resume.apply(entry),
                Err(_) => return Err(JournalError::Resume(CannotResume::Unreadable)),
            },
        }
        end += length;
    }
}

/// Whether this may be what was written of the first line of a journal.
fn may_begin(line: &str) -> bool {
    let common = BEGINNING.len().min(line.len());
    line.as_bytes()[..common] == BEGINNING.as_bytes()[..common]
}

#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that may fail, and what it was asked for.
    #[derive(Default)]
    struct Asked {
        calls: std::cell::RefCell<Vec<String>>,
        fails: bool,
    }

    impl io::Write for Asked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls.borrow_mut().push(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Durable for Asked {
        fn sync(&self) -> io::Result<()> {
            self.calls.borrow_mut().push("sync".to_owned());
            if self.fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    #[test]
    fn a_line_is_on_the_disk_before_anything_else_happens() {
        let mut disk = Asked::default();
        append(&mut disk, "one").unwrap();
        append(&mut disk, "two").unwrap();
        assert_eq!(*disk.calls.borrow(), ["one\n", "sync", "two\n", "sync"]);
        disk.fails = true;
        assert_eq!(append(&mut disk, "three").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
