//! A file that appears under its name only when it is complete.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What to do if the destination exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// Refuse, before anything is fetched and again when the file is put in
    /// its place.
    #[default]
    Never,
    /// Replace it, in one step, when the new content is complete.
    Replace,
}

/// Bytes on their way to `path`, in a temporary file beside it. Dropping it
/// removes the temporary file.
pub(crate) struct PendingFile {
    path: PathBuf,
    overwrite: Overwrite,
    temporary: Option<NamedTempFile>,
}

impl PendingFile {
    pub(crate) fn create(path: PathBuf, overwrite: Overwrite) -> io::Result<Self> {
        if overwrite == Overwrite::Never && path.symlink_metadata().is_ok() {
            return Err(exists(&path));
        }
        if path.is_dir() {
            let text = format!("{} is a folder", path.display());
            return Err(io::Error::new(io::ErrorKind::IsADirectory, text));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temporary = temporary_beside(folder)?;
        Ok(Self { path, overwrite, temporary: Some(temporary) })
    }

    fn file(&self) -> io::Result<&std::fs::File> {
        let gone = || io::Error::other("the file is already in its place");
        self.temporary.as_ref().map(NamedTempFile::as_file).ok_or_else(gone)
    }

    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.file()?.set_len(0)
    }

    #[cfg(unix)]
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self.file()?, bytes, offset)
    }

    #[cfg(windows)]
    pub(crate) fn write_at(&mut self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(self.file()?, bytes, offset)?;
            bytes = &bytes[written..];
            offset += written as u64;
        }
        Ok(())
    }

    /// Removes the temporary file; nothing if it is in its place already.
    pub(crate) fn discard(&mut self) {
        self.temporary = None;
    }

    /// Puts the file in its place: durable first, visible then.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        self.file()?.sync_all()?;
        let Some(temporary) = self.temporary.take() else {
            return Ok(());
        };
        let placed = match self.overwrite {
            Overwrite::Never => temporary.persist_noclobber(&self.path),
            Overwrite::Replace => temporary.persist(&self.path),
        };
        match placed {
            Ok(_) => sync_folder(&self.path),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(exists(&self.path))
            }
            Err(refused) => Err(refused.error),
        }
    }
}

/// A new file with the permissions that any new file gets here; the default
/// of a temporary file would hide the download from its owner's group.
fn temporary_beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".b2-partial-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// A renamed file survives a power cut only if its folder is synced too.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn exists(path: &Path) -> io::Error {
    let text = format!("{} exists and may not be overwritten", path.display());
    io::Error::new(io::ErrorKind::AlreadyExists, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_visible_before_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut pending = PendingFile::create(path.clone(), Overwrite::Never).unwrap();
        pending.write_at(0, b"hello").unwrap();
        assert!(!path.exists());
        pending.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    }

    #[test]
    fn dropping_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        drop(PendingFile::create(folder.path().join("file"), Overwrite::Never).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut pending = PendingFile::create(path.clone(), Overwrite::Never).unwrap();
        std::fs::write(&path, "mine").unwrap();
        let error = pending.commit().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
