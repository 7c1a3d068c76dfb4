//! Where a command writes: a file that appears when it is complete, or a
//! device or pipe that is there.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// A device or a pipe, which is written to and never replaced: in its place a
/// file would help nobody.
pub(crate) fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|what| !what.is_file() && !what.is_dir())
}

/// Opens a device or a pipe.
pub(crate) async fn open_device(path: PathBuf) -> io::Result<File> {
    // A pipe may have to wait for its reader.
    let open = move || OpenOptions::new().write(true).open(path);
    tokio::task::spawn_blocking(open).await.map_err(io::Error::from).and_then(|file| file)
}

/// A file that has another name until it is complete. Dropping it removes it.
pub(crate) struct NewFile {
    temporary: TempPath,
    /// Where it will be, once links are followed.
    path: PathBuf,
    overwrite: bool,
}

impl NewFile {
    /// Refuses what must not be lost: a folder, a link that leads nowhere, and
    /// what is there already, unless it may be replaced.
    pub(crate) fn check(path: &Path, overwrite: bool) -> io::Result<()> {
        let refused = |kind, text| Err(io::Error::new(kind, text));
        match (fs::symlink_metadata(path), fs::metadata(path)) {
            (Err(_), _) => Ok(()),
            (Ok(_), Ok(about)) if about.is_dir() => {
                refused(io::ErrorKind::IsADirectory, "it is a folder")
            }
            (Ok(_), Ok(about)) if !about.is_file() => {
                refused(io::ErrorKind::InvalidInput, "it is not a regular file")
            }
            (Ok(_), _) if !overwrite => refused(
                io::ErrorKind::AlreadyExists,
                "it exists already; say --overwrite to replace it",
            ),
            (Ok(_), Err(_)) => refused(io::ErrorKind::NotFound, "it is a link that leads nowhere"),
            (Ok(_), Ok(_)) => Ok(()),
        }
    }

    /// Makes it, beside what it will replace.
    pub(crate) fn create(path: &Path, overwrite: bool) -> io::Result<(File, Self)> {
        Self::check(path, overwrite)?;
        let replaced = fs::metadata(path).map(|about| about.permissions()).ok();
        let path = match &replaced {
            Some(_) => path.canonicalize()?,
            None => path.to_owned(),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".b2-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(mode(replaced));
        let (file, temporary) = builder.tempfile_in(folder(&path))?.into_parts();
        Ok((file, Self { temporary, path, overwrite }))
    }

    /// Puts it in its place. What is in it has to be synced already.
    pub(crate) fn keep(self) -> io::Result<()> {
        // Something else may be there by now.
        Self::check(&self.path, self.overwrite)?;
        match self.overwrite {
            true => self.temporary.persist(&self.path),
            false => self.temporary.persist_noclobber(&self.path),
        }?;
        sync_folder(folder(&self.path))
    }
}

/// The folder that a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// That of the file that is replaced, without the bits that make a program run
/// as its owner; otherwise what the umask leaves.
#[cfg(unix)]
fn mode(replaced: Option<Permissions>) -> Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    Permissions::from_mode(replaced.map_or(0o666, |replaced| replaced.mode() & 0o777))
}

/// A renamed file survives a power cut only if its folder is synced too.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn replace(path: &Path) -> io::Result<()> {
        let (mut file, new) = NewFile::create(path, true)?;
        file.write_all(b"new")?;
        new.keep()
    }

    #[test]
    fn a_link_is_followed_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("file"), folder.path().join("link"));
        symlink(&path, &link).unwrap();
        assert_eq!(replace(&link).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&path, "old").unwrap();
        assert_eq!(NewFile::check(&link, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        replace(&link).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn what_is_replaced_passes_on_its_mode_without_dangerous_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (old, new) in [(0o600, 0o600), (0o4755, 0o755)] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(old)).unwrap();
            replace(&path).unwrap();
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, new);
        }
    }

    #[test]
    fn neither_folders_nor_devices_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(replace(folder.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        let (device, link) = (Path::new("/dev/null"), folder.path().join("link"));
        symlink(device, &link).unwrap();
        for path in [device, &link] {
            assert!(is_device(path));
            assert_eq!(replace(path).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        assert!(is_device(device));
    }

    #[test]
    fn what_appears_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (_file, new) = NewFile::create(&path, false).unwrap();
        fs::write(&path, "mine").unwrap();
        assert_eq!(new.keep().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let (_file, new) = NewFile::create(&path, true).unwrap();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(new.keep().unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
