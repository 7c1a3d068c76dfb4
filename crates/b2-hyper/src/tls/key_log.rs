//! Secrets of sessions in a file, for people who look at their own traffic.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustls::KeyLog;

use super::file;

/// Appends the secrets of each session to a file, in the format that
/// `SSLKEYLOGFILE` has.
pub(super) struct KeyLogFile(Mutex<File>);

impl KeyLogFile {
    /// Opens the file, and makes it readable for its owner alone if it is new.
    /// One that others may read or write is refused, and so is a link: whoever
    /// made it may have chosen where the secrets go.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Ok(found) = std::fs::symlink_metadata(path) {
            #[cfg(unix)]
            if found.is_symlink() {
                return Err(refusal(LINK));
            }
            // Nobody may read a pipe, and then it cannot even be opened.
            file::check(&found)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        file::patient_with_nobody(&mut options);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = options.open(path)?;
        file::check(&opened.metadata()?)?;
        check(path, &opened)?;
        Ok(Self(Mutex::new(opened)))
    }
}

#[cfg(unix)]
const LINK: &str = "it is a link; name the file itself that the secrets are to go to";
#[cfg(unix)]
const OTHERS: &str = "others may read or write it; take that from them with chmod 600";

#[cfg(unix)]
fn refusal(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}

/// Looks at what was opened, which may be another one than was there before.
#[cfg(unix)]
fn check(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (opened, named) = (file.metadata()?, std::fs::symlink_metadata(path)?);
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(refusal(LINK));
    }
    if opened.mode() & 0o077 != 0 {
        return Err(refusal(OTHERS));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it may fail")]
fn check(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

impl KeyLogFile {
    /// Appends a line that has no end yet.
    pub(super) fn line(&self, line: &str) {
        let line = format!("{line}\n");
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not end a handshake; the log is an aid.
        drop(file.write_all(line.as_bytes()));
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = format!("{label} ");
        let hex = |line: &mut String, bytes: &[u8]| {
            for byte in bytes {
                // Writing to a string does not fail.
                let _ = write!(line, "{byte:02x}");
            }
        };
        hex(&mut line, client_random);
        line.push(' ');
        hex(&mut line, secret);
        self.line(&line);
    }
}

impl fmt::Debug for KeyLogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLogFile(..)")
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn secrets_go_to_a_file_of_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mode = |name: &str| std::fs::metadata(path(name)).unwrap().permissions().mode();
        for line in ["one", "two"] {
            KeyLogFile::open(&path("own")).unwrap().line(line);
        }
        assert_eq!(
            (mode("own") & 0o777, &*std::fs::read(path("own")).unwrap()),
            (0o600, &b"one\ntwo\n"[..])
        );
        std::fs::write(path("shared"), "").unwrap();
        for bits in [0o644, 0o620, 0o604, 0o602, 0o610] {
            let permissions = std::fs::Permissions::from_mode(bits);
            std::fs::set_permissions(path("shared"), permissions).unwrap();
            let error = KeyLogFile::open(&path("shared")).err().unwrap();
            assert!(error.to_string().contains("chmod 600"), "{bits:o}: {error}");
        }
        symlink(path("own"), path("link")).unwrap();
        symlink(path("new"), path("dangling")).unwrap();
        for name in ["link", "dangling"] {
            let error = KeyLogFile::open(&path(name)).err().unwrap();
            assert!(error.to_string().contains("it is a link"), "{name}: {error}");
        }
        assert!(!path("new").exists());
        let made = std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap();
        assert!(made.success());
        let (told, outcome) = std::sync::mpsc::channel();
        let pipe = path("pipe");
        std::thread::spawn(move || told.send(KeyLogFile::open(&pipe).err()));
        let outcome = outcome.recv_timeout(std::time::Duration::from_secs(10));
        let error = outcome.expect("it waits for a reader").unwrap();
        assert!(error.to_string().contains("name a regular file"), "{error}");
    }
}
