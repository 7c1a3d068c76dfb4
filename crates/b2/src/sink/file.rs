//! A file that appears under its name only when it is complete.

use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};

use b2_core::body::BodyVerifier;
use tempfile::{NamedTempFile, TempPath};

use crate::locked;

/// What to do if the destination exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// Refuse, before anything is fetched and again when the file is put in
    /// its place.
    #[default]
    Never,
    /// Replace it, in one step, when the new content is complete. Of what
    /// exists only a regular file may be replaced, and a link to one, which
    /// then leads to the new file. The new file has the mode of the old one.
    Replace,
}

/// Bytes on their way to `path`, in a temporary file beside it. Dropping it
/// removes the temporary file.
pub(crate) struct PendingFile {
    path: PathBuf,
    overwrite: Overwrite,
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
        let temporary = temporary_beside(folder_of(&path), replaced)?;
        Ok(Self { path, overwrite, temporary: Some(temporary) })
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
            let file = file.map_err(|error| not_made(&error, folder_of(&path)))?;
            if file.metadata()?.is_file() {
                return Ok(file);
            }
            let text = format!("{} is not a regular file", partial.display());
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        })?;
        give_mode(&file, replaced)?;
        let mut temporary = NamedTempFile::from_parts(file, TempPath::try_from_path(partial)?);
        temporary.disable_cleanup(true);
        Ok(Self { path, overwrite, temporary: Some(temporary) })
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
        self.commit_and(sync_folder)
    }

    fn commit_and(&mut self, sync_folder: fn(&Path) -> io::Result<()>) -> io::Result<()> {
        self.file()?.sync_all()?;
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

/// The permissions of the regular file at `path`, if there is one; anything
/// else that is there may not be replaced: a device would be gone, a reader
/// of a pipe would wait for ever.
fn replaceable(path: &Path) -> io::Result<Option<Permissions>> {
    let refused = |kind, what| {
        let text = format!("{} is {what} and cannot be replaced", path.display());
        Err(io::Error::new(kind, text))
    };
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.permissions())),
        Ok(metadata) if metadata.is_dir() => refused(io::ErrorKind::IsADirectory, "a folder"),
        Ok(_) => refused(io::ErrorKind::InvalidInput, "not a regular file"),
        // Whatever is wrong with the folder, making a file in it tells.
        Err(_) => Ok(None),
    }
}

/// Refuses what [`PendingFile::create`] would refuse, and makes nothing.
#[cfg(feature = "encryption")]
pub(crate) fn check(path: &Path, overwrite: Overwrite) -> io::Result<()> {
    destination(path.to_owned(), overwrite).map(drop)
}

/// Where the file will be once links are followed, and the permissions of the
/// one that it replaces.
fn destination(path: PathBuf, overwrite: Overwrite) -> io::Result<(PathBuf, Option<Permissions>)> {
    if overwrite == Overwrite::Never && path.symlink_metadata().is_ok() {
        return Err(exists(&path));
    }
    let path = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => path.canonicalize().map_err(|error| {
            said(&error, format!("{} is a link that leads nowhere", path.display()))
        })?,
        _ => path,
    };
    let replaced = replaceable(&path)?;
    Ok((path, replaced))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Longest part of a name that is repeated in that of its temporary file, so
/// that the whole stays below what file systems allow.
const NAME_KEPT: usize = 180;

/// The temporary file that a resumed download finds again.
fn partial_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let mut kept: String = name
        .to_string_lossy()
        .chars()
        .scan(0, |bytes, letter| {
            *bytes += letter.len_utf8();
            (*bytes <= NAME_KEPT).then_some(letter)
        })
        .collect();
    if kept.as_bytes() != name.as_encoded_bytes() {
        // Names that begin alike are kept apart.
        let mut verifier = BodyVerifier::default();
        verifier.update(name.as_encoded_bytes());
        let digest = verifier.digest().map(|digest| digest.to_string()).unwrap_or_default();
        kept = format!("{kept}-{digest}");
    }
    folder_of(path).join(format!(".b2-partial-{kept}"))
}

/// A new file with the mode of the one that it replaces, or the permissions
/// that any new file gets here; the default of a temporary file would hide
/// the download from its owner's group.
fn temporary_beside(folder: &Path, replaced: Option<Permissions>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".b2-partial-");
    #[cfg(unix)]
    if replaced.is_none() {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(folder).map_err(|error| not_made(&error, folder))?;
    give_mode(temporary.as_file(), replaced)?;
    Ok(temporary)
}

/// The user never heard of the name that the error speaks of.
fn not_made(error: &io::Error, folder: &Path) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            said(error, format!("the folder {} does not exist", folder.display()))
        }
        kind => said(error, format!("no file can be made in {}: {kind}", folder.display())),
    }
}

#[cfg(unix)]
fn give_mode(file: &std::fs::File, replaced: Option<Permissions>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match replaced {
        // Without the bits that make a program run as its owner.
        Some(replaced) => file.set_permissions(Permissions::from_mode(replaced.mode() & 0o777)),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
fn give_mode(_: &std::fs::File, _: Option<Permissions>) -> io::Result<()> {
    Ok(())
}

/// The same error in other words.
fn said(error: &io::Error, text: String) -> io::Error {
    io::Error::new(error.kind(), text)
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
    fn long_names_that_begin_alike_have_files_of_their_own() {
        let long = "ü".repeat(NAME_KEPT / 2);
        let beside = |name: &str| partial_beside(&Path::new("folder").join(name));
        let [a, b] = ["a", "b"].map(|end| beside(&format!("{long}{end}")));
        assert_ne!(a, b);
        assert_eq!(a.parent(), Some(Path::new("folder")));
        assert!(a.file_name().unwrap().len() < 255);
        assert_eq!(beside("x"), Path::new("folder/.b2-partial-x"));
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
        let error = pending.commit_and(|_| Err(io::ErrorKind::PermissionDenied.into()));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("is complete and in its place"), "{text}");
        assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    }

    #[cfg(unix)]
    mod unix {
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
