//! Where a downloaded file will be, and what may be there already.

use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};

use b2_core::body::BodyVerifier;
use tempfile::NamedTempFile;

use crate::folder;

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

/// The permissions of the regular file at `path`, if there is one; anything
/// else that is there may not be replaced: a device would be gone, a reader
/// of a pipe would wait for ever.
pub(super) fn replaceable(path: &Path) -> io::Result<Option<Permissions>> {
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

/// Refuses what making a file there would refuse, and makes nothing.
#[cfg(feature = "encryption")]
pub(crate) fn check(path: &Path, overwrite: Overwrite) -> io::Result<()> {
    destination(path.to_owned(), overwrite).map(drop)
}

/// Where the file will be once links are followed, and the permissions of the
/// one that it replaces.
pub(super) fn destination(
    path: PathBuf,
    overwrite: Overwrite,
) -> io::Result<(PathBuf, Option<Permissions>)> {
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

/// Longest part of a name that is repeated in that of its temporary file, so
/// that the whole stays below what file systems allow.
const NAME_KEPT: usize = 180;

/// The temporary file that a resumed download finds again.
pub(super) fn partial_beside(path: &Path) -> PathBuf {
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
    folder::of(path).join(format!(".b2-partial-{kept}"))
}

/// A new file with the mode of the one that it replaces, or the permissions
/// that any new file gets here; the default of a temporary file would hide
/// the download from its owner's group.
pub(super) fn temporary_beside(
    folder: &Path,
    replaced: Option<Permissions>,
) -> io::Result<NamedTempFile> {
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
pub(super) fn not_made(error: &io::Error, folder: &Path) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            said(error, format!("the folder {} does not exist", folder.display()))
        }
        kind => said(error, format!("no file can be made in {}: {kind}", folder.display())),
    }
}

#[cfg(unix)]
pub(super) fn give_mode(file: &std::fs::File, replaced: Option<Permissions>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match replaced {
        // Without the bits that make a program run as its owner.
        Some(replaced) => file.set_permissions(Permissions::from_mode(replaced.mode() & 0o777)),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
pub(super) fn give_mode(_: &std::fs::File, _: Option<Permissions>) -> io::Result<()> {
    Ok(())
}

/// The same error in other words.
pub(super) fn said(error: &io::Error, text: String) -> io::Error {
    io::Error::new(error.kind(), text)
}

pub(super) fn exists(path: &Path) -> io::Error {
    let text = format!("{} exists and may not be overwritten", path.display());
    io::Error::new(io::ErrorKind::AlreadyExists, text)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
