//! Files that are read whole.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// The longest file of certificates, keys or lists of revoked ones.
const LONGEST: usize = 16 << 20;

const ENDLESS: &str = "it is a pipe, a socket or a disk, which may keep its reader waiting; name a \
                       regular file";

/// Reads a file of up to 16 MiB: a device has no end.
pub(crate) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX) + 1;
    open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > LONGEST {
        let text = "it is longer than 16 MiB, which no certificates and no keys are";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// Opens a file to read it, and waits for nobody: a pipe that nobody writes to
/// would be opened for ever.
pub(crate) fn open(path: impl AsRef<Path>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    patient_with_nobody(options.read(true));
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Has what is opened keep nobody waiting, neither now nor when it is read.
pub(super) fn patient_with_nobody(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NONBLOCK);
    #[cfg(not(unix))]
    let _ = options;
}

/// Refuses what is no file, and no device such as `/dev/null` either. Folders
/// are refused by the system when they are read.
pub(super) fn check(found: &Metadata) -> io::Result<()> {
    let kind = found.file_type();
    if kind.is_file() || kind.is_dir() || is_device(kind) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, ENDLESS))
}

#[cfg(unix)]
fn is_device(kind: std::fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_char_device(&kind)
}

#[cfg(not(unix))]
fn is_device(_: std::fs::FileType) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, vec![7; LONGEST]).unwrap();
        assert_eq!(read(&file).unwrap().len(), LONGEST);
        std::fs::write(&file, vec![7; LONGEST + 1]).unwrap();
        assert_eq!(read(&file).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        #[cfg(unix)]
        assert_eq!(read("/dev/zero").unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_at_once_and_a_device_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let (told, outcome) = std::sync::mpsc::channel();
        std::thread::spawn(move || told.send(read(pipe)));
        let outcome = outcome.recv_timeout(std::time::Duration::from_secs(10));
        let error = outcome.expect("it waits for a writer").unwrap_err();
        assert!(error.to_string().contains("name a regular file"), "{error}");
        assert_eq!(read("/dev/null").unwrap(), b"");
        assert!(read(folder.path()).is_err());
    }
}
