//! A file that appears under its name only when it is complete.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::place::{
    Overwrite, destination, exists, give_mode, not_made, partial_beside, replaceable, said,
    temporary_beside,
};
use crate::{folder, locked};

/// When a file that was downloaded has to be on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Before it appears under its name, and its folder right after: once the
    /// call returns it survives a power cut.
    #[default]
    Synced,
    /// When the system gets to it, as other programs leave it. Saves most
    /// where many small files are downloaded. Only a machine that loses power
    /// within the next minute or so tells the difference: the file may then be
    /// missing, or be there under its name with bytes missing. Where the disk
    /// is another machine's, or has a quota, it may also be full only later,
    /// without a word. A file that replaces another one is synced all the same,
    /// as both might be lost.
    Unsynced,
}

/// Bytes on their way to `path`, in a temporary file beside it. Dropping it
/// removes the temporary file.
pub(crate) struct PendingFile {
    path: PathBuf,
    overwrite: Overwrite,
    durability: Durability,
    temporary: Option<NamedTempFile>,
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        self.discard();
    }
}

impl PendingFile {
    pub(crate) fn create(path: PathBuf, overwrite: Overwrite) -> io::Result<Self> {
        let (path, replaced) = destination(path, overwrite)?;
        let temporary = temporary_beside(folder::of(&path), replaced)?;
        Ok(Self::new(path, overwrite, temporary))
    }

    /// As [`create`](Self::create), but the temporary file has a name of its
    /// own, stays when the work ends early, and is found again.
    pub(crate) fn resumable(path: PathBuf, overwrite: Overwrite) -> io::Result<Self> {
        let (path, replaced) = destination(path, overwrite)?;
        let partial = partial_beside(&path);
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = locked::open(&partial, "being downloaded to already", || {
            let file = options.open(&partial);
            let file = file.map_err(|error| not_made(&error, folder::of(&path)))?;
            if file.metadata()?.is_file() {
                return Ok(file);
            }
            let text = format!("{} is not a regular file", partial.display());
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        })?;
        give_mode(&file, replaced)?;
        let mut temporary = NamedTempFile::from_parts(file, TempPath::try_from_path(partial)?);
        temporary.disable_cleanup(true);
        Ok(Self::new(path, overwrite, temporary))
    }

    fn new(path: PathBuf, overwrite: Overwrite, temporary: NamedTempFile) -> Self {
        let durability = Durability::default();
        Self { path, overwrite, durability, temporary: Some(temporary) }
    }

    pub(crate) fn set_durability(&mut self, durability: Durability) {
        self.durability = durability;
    }

    /// Bytes that are in the temporary file.
    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.file()?.metadata()?.len())
    }

    /// Where the bytes are until they are in their place.
    #[cfg(feature = "encryption")]
    pub(crate) fn temporary_path(&self) -> Option<PathBuf> {
        self.temporary.as_ref().map(|temporary| temporary.path().to_owned())
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

    #[cfg(unix)]
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self.file()?, buffer, offset)
    }

    #[cfg(windows)]
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self.file()?, buffer, offset)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file()?.sync_data()
    }

    /// Removes the temporary file, unless it stays to be found again; nothing
    /// if it is in its place already.
    pub(crate) fn discard(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            locked::release(temporary.as_file());
        }
    }

    /// Puts the file in its place: durable first, visible then.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        self.commit_by(std::fs::File::sync_all, folder::sync_around)
    }

    fn commit_by(
        &mut self,
        sync_file: fn(&std::fs::File) -> io::Result<()>,
        sync_folder: fn(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        match (self.durability, self.overwrite) {
            (Durability::Unsynced, Overwrite::Never) => self.place(|_| Ok(())),
            _ => {
                sync_file(self.file()?)?;
                self.place(sync_folder)
            }
        }
    }

    fn place(&mut self, sync_folder: fn(&Path) -> io::Result<()>) -> io::Result<()> {
        let Some(temporary) = self.temporary.take() else {
            return Ok(());
        };
        let placed = match self.overwrite {
            Overwrite::Never => temporary.persist_noclobber(&self.path),
            Overwrite::Replace => {
                // It may have become something else meanwhile.
                replaceable(&self.path)?;
                temporary.persist(&self.path)
            }
        };
        match placed {
            Ok(file) => {
                locked::release(&file);
                sync_folder(&self.path).map_err(|error| {
                    let path = self.path.display();
                    let text = format!("{path} is complete and in its place, but may not survive a power cut: its folder could not be synced ({})", error.kind());
                    said(&error, text)
                })
            }
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(exists(&self.path))
            }
            Err(refused) => Err(refused.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_let_go_of_is_not_locked_by_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let open = || PendingFile::resumable(path.clone(), Overwrite::Never);
        for discarded in [true, false] {
            let mut pending = open().unwrap();
            // As a child has, that is just being started.
            let _copy = pending.file().unwrap().try_clone().unwrap();
            assert!(open().is_err(), "two at a time");
            if discarded {
                pending.discard();
            }
            drop(pending);
            open().unwrap();
        }
    }

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

    #[test]
    fn a_missing_folder_is_called_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        for overwrite in [Overwrite::Never, Overwrite::Replace] {
            let error = PendingFile::create(missing.join("file"), overwrite).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            let wanted = format!("the folder {} does not exist", missing.display());
            assert_eq!(error.to_string(), wanted);
        }
        std::fs::write(&missing, "").unwrap();
        let error = PendingFile::create(missing.join("file"), Overwrite::Never).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
        let text = error.to_string();
        assert!(text.contains("missing") && !text.contains("b2-partial"), "{text}");
    }

    #[test]
    fn a_file_whose_folder_cannot_be_synced_is_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut pending = PendingFile::create(path.clone(), Overwrite::Never).unwrap();
        pending.write_at(0, b"hello").unwrap();
        let error = pending
            .commit_by(std::fs::File::sync_all, |_| Err(io::ErrorKind::PermissionDenied.into()));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("is complete and in its place"), "{text}");
        assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    }

    #[test]
    fn only_a_new_file_goes_unsynced() {
        for (durability, overwrite, synced) in [
            (Durability::Synced, Overwrite::Never, true),
            (Durability::Synced, Overwrite::Replace, true),
            (Durability::Unsynced, Overwrite::Replace, true),
            (Durability::Unsynced, Overwrite::Never, false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            let mut pending = PendingFile::create(path.clone(), overwrite).unwrap();
            pending.set_durability(durability);
            let full = |_: &std::fs::File| Err(io::ErrorKind::StorageFull.into());
            let done = pending.commit_by(full, |_| Err(io::ErrorKind::PermissionDenied.into()));
            assert_eq!(done.is_err(), synced, "{durability:?} {overwrite:?}");
            assert_eq!(path.exists(), !synced);
        }
    }

    #[cfg(unix)]
    mod unix {
        use std::fs::Permissions;
        use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};

        use super::*;

        fn replace(path: &Path) -> io::Result<()> {
            let mut pending = PendingFile::create(path.to_owned(), Overwrite::Replace)?;
            pending.write_at(0, b"new")?;
            pending.commit()
        }

        fn pipe(path: &Path) {
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        }

        fn is_pipe(path: &Path) -> bool {
            path.symlink_metadata().unwrap().file_type().is_fifo()
        }

        #[test]
        fn a_pipe_is_never_replaced() {
            let folder = tempfile::tempdir().unwrap();
            let (path, link) = (folder.path().join("pipe"), folder.path().join("link"));
            pipe(&path);
            symlink(&path, &link).unwrap();
            for path in [&path, &link] {
                assert_eq!(replace(path).unwrap_err().kind(), io::ErrorKind::InvalidInput);
            }
            assert!(is_pipe(&path) && link.is_symlink());
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        }

        #[test]
        fn a_pipe_that_appears_meanwhile_is_not_replaced() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("pipe");
            let mut pending = PendingFile::create(path.clone(), Overwrite::Replace).unwrap();
            pipe(&path);
            assert_eq!(pending.commit().unwrap_err().kind(), io::ErrorKind::InvalidInput);
            assert!(is_pipe(&path));
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }

        #[test]
        fn a_replaced_file_keeps_its_mode() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            for (old, new) in [(0o600, 0o600), (0o400, 0o400), (0o777, 0o777), (0o4755, 0o755)] {
                let _absent = std::fs::remove_file(&path);
                std::fs::write(&path, "old").unwrap();
                std::fs::set_permissions(&path, Permissions::from_mode(old)).unwrap();
                replace(&path).unwrap();
                let mode = path.metadata().unwrap().permissions().mode() & 0o7777;
                assert_eq!((mode, std::fs::read(&path).unwrap()), (new, b"new".to_vec()));
            }
        }

        #[test]
        fn a_link_leads_to_the_new_file() {
            let folder = tempfile::tempdir().unwrap();
            let (path, link) = (folder.path().join("file"), folder.path().join("link"));
            symlink(&path, &link).unwrap();
            assert_eq!(replace(&link).unwrap_err().kind(), io::ErrorKind::NotFound);
            std::fs::write(&path, "old").unwrap();
            replace(&link).unwrap();
            assert!(link.is_symlink());
            assert_eq!(std::fs::read(&path).unwrap(), b"new");
        }
    }
}
