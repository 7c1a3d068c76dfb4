//! The folder an emulator keeps its data in.
//!
//! ```text
//! format          the number of this layout
//! lock            locked while an emulator runs
//! metadata.redb   the rows, readable by the owner only
//! blobs/ tmp/     the bytes of files
//! tls/            the certificate of the HTTPS listener, if there is one
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::snapshot::recover;
use crate::blob::{BlobId, FolderBlobs, flush_folder};
use crate::store::{DurableRows, StoreError};

/// Grows whenever an older emulator could not read the folder any more.
const FORMAT: u32 = 1;

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process uses the folder.
    #[error("{} is in use by another emulator", .0.display())]
    InUse(PathBuf),
    /// A newer emulator wrote the folder.
    #[error("{} has format {found}, this emulator reads up to {FORMAT}", .path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format number.
        found: u32,
    },
    /// The folder holds something else, which opening it might damage.
    #[error("{} is not empty and not the data folder of an emulator", .0.display())]
    Foreign(PathBuf),
    /// A file could not be read or written.
    #[error("{} cannot be used", .path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The metadata could not be read.
    #[error("the stored metadata cannot be used")]
    Store(#[from] StoreError),
}

/// An open, locked data folder.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// Locked as long as it is open; the system unlocks it when the process
    /// ends, however it ends.
    _lock: File,
}

impl DataFolder {
    /// Locks the folder and checks that it is of a kind we can read.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io { path: path.to_owned(), source };
        create_private_folder(path).map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let folder = Self { path: path.to_owned(), _lock: lock };
        folder.check_format()?;
        Ok(folder)
    }

    /// As [`DataFolder::open`], but makes nothing.
    pub(super) fn open_existing(path: &Path) -> Result<Self, OpenError> {
        if path.join("format").exists() {
            return Self::open(path);
        }
        match path.read_dir() {
            Ok(_) => Err(OpenError::Foreign(path.to_owned())),
            Err(source) => Err(OpenError::Io { path: path.to_owned(), source }),
        }
    }

    /// Where a finished blob is.
    pub(super) fn blob(&self, id: BlobId) -> PathBuf {
        FolderBlobs::path_in(&self.path, id)
    }

    fn failed(&self) -> impl Fn(io::Error) -> OpenError {
        let path = self.path.clone();
        move |source| OpenError::Io { path: path.clone(), source }
    }

    fn check_format(&self) -> Result<(), OpenError> {
        let failed = self.failed();
        let text = match fs::read_to_string(self.path.join("format")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.claim(),
            Err(error) => return Err(failed(error)),
        };
        match text.trim().parse() {
            Ok(found) if found <= FORMAT => Ok(()),
            Ok(found) => Err(OpenError::Newer { path: self.path.clone(), found }),
            Err(_) => Err(OpenError::Foreign(self.path.clone())),
        }
    }

    /// Makes a new folder ours. One with unknown files in it is left alone.
    fn claim(&self) -> Result<(), OpenError> {
        let failed = self.failed();
        for entry in fs::read_dir(&self.path).map_err(&failed)? {
            let name = entry.map_err(&failed)?.file_name();
            if name != "lock" && name != "format.new" {
                return Err(OpenError::Foreign(self.path.clone()));
            }
        }
        let new = self.path.join("format.new");
        fs::write(&new, format!("{FORMAT}\n")).map_err(&failed)?;
        File::open(&new).and_then(|file| file.sync_all()).map_err(&failed)?;
        fs::rename(new, self.path.join("format")).map_err(&failed)?;
        // Before there is anything that would make the folder look foreign.
        flush_folder(&self.path).map_err(&failed)?;
        // Not everybody may read the folder around it.
        let around = self.path.parent().filter(|path| !path.as_os_str().is_empty());
        let _ = flush_folder(around.unwrap_or_else(|| Path::new(".")));
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens rows and blobs. The blobs are yet to be swept.
    pub(super) fn contents(&self) -> Result<(DurableRows, FolderBlobs), OpenError> {
        let failed = self.failed();
        for name in ["blobs", "tmp", "snapshots"] {
            keep_private(&self.path.join(name)).map_err(&failed)?;
        }
        recover(&self.path.join("snapshots")).map_err(&failed)?;
        let metadata = self.path.join("metadata.redb");
        create_private_file(&metadata, b"").map_err(&failed)?;
        let rows = DurableRows::open(&metadata)?;
        let blobs = FolderBlobs::open(&self.path).map_err(&failed)?;
        Ok((rows, blobs))
    }
}

fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a folder of ours the owner's only, whatever the one around it is.
fn keep_private(path: &Path) -> io::Result<()> {
    create_private_folder(path)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// A new file that only its owner can read.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a file only its owner can read, unless it is there already.
pub(crate) fn create_private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    match private_file(path) {
        Ok(mut file) => file.write_all(content).and_then(|()| file.sync_all()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_and_locked_while_open() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let open = DataFolder::open(&path).unwrap();
        assert!(matches!(DataFolder::open(&path), Err(OpenError::InUse(_))));
        drop(open);
        DataFolder::open(&path).unwrap();
        assert_eq!(fs::read_to_string(path.join("format")).unwrap(), "1\n");
    }

    #[test]
    fn newer_and_foreign_folders_are_refused() {
        let parent = tempfile::tempdir().unwrap();
        let newer = parent.path().join("newer");
        fs::create_dir(&newer).unwrap();
        fs::write(newer.join("format"), "2\n").unwrap();
        let error = DataFolder::open(&newer).unwrap_err();
        assert!(error.to_string().contains("has format 2"), "{error}");

        let foreign = parent.path().join("foreign");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("thesis.tex"), "x").unwrap();
        assert!(matches!(DataFolder::open(&foreign), Err(OpenError::Foreign(_))));
        assert!(foreign.join("thesis.tex").exists());
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        DataFolder::open(&path).unwrap().contents().unwrap();
        let mode = |name: &str| path.join(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("metadata.redb"), 0o600);
        assert_eq!(mode(""), 0o700);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_in_a_folder_open_to_all_is_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        DataFolder::open(&path).unwrap().contents().unwrap();
        for open in ["", "blobs", "tmp", "snapshots"] {
            fs::set_permissions(path.join(open), fs::Permissions::from_mode(0o755)).unwrap();
        }
        DataFolder::open(&path).unwrap().contents().unwrap();
        for name in ["blobs", "tmp", "snapshots", "metadata.redb"] {
            let mode = path.join(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
        private_file(&path.join("new")).unwrap();
        assert_eq!(path.join("new").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
