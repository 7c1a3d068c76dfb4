//! Where unfinished transfers are remembered between two runs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};

use crate::failure::Failure;

/// The journal of a transfer of a local file. The same file to the same place
/// has the same journal, so running the command again goes on where it
/// stopped. `first` and `second` say which file of B2 it is, or in which
/// direction it goes.
pub(crate) fn journal(
    realm: Option<&str>,
    first: &str,
    second: &str,
    local: &Path,
) -> Result<PathBuf, Failure> {
    let local = std::path::absolute(local).unwrap_or_else(|_| local.to_owned());
    named(&[realm.unwrap_or_default().as_ref(), first.as_ref(), second.as_ref(), local.as_ref()])
}

/// The record of a stream, which cannot be gone on with.
pub(crate) fn record_of_stream(
    realm: Option<&str>,
    bucket: &str,
    name: &str,
) -> Result<PathBuf, Failure> {
    let realm = realm.unwrap_or_default();
    named(&[realm.as_ref(), "stream".as_ref(), bucket.as_ref(), name.as_ref()])
}

/// The journal of a copy inside B2.
pub(crate) fn journal_of_copy(
    realm: Option<&str>,
    source: &str,
    bucket: &str,
    name: &str,
) -> Result<PathBuf, Failure> {
    let realm = realm.unwrap_or_default();
    named(&[realm.as_ref(), "copy".as_ref(), source.as_ref(), bucket.as_ref(), name.as_ref()])
}

/// The file that is named after all of these words.
fn named(words: &[&OsStr]) -> Result<PathBuf, Failure> {
    let folder = folder().ok_or_else(|| {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        Failure::local(
            "there is no home folder to remember the transfer in; use --no-resume",
            missing,
        )
    })?;
    let unusable =
        |source| Failure::local(format!("cannot use the folder {}", folder.display()), source);
    make_private(&folder).map_err(unusable)?;
    let mut hash = Sha1::new();
    for word in words {
        hash.update(word.as_encoded_bytes());
        // No name has this byte, so no two places look alike.
        hash.update([0]);
    }
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(folder.join(format!("{digits}.journal")))
}

/// `$XDG_STATE_HOME/b2/transfers` or its like.
fn folder() -> Option<PathBuf> {
    let home = directories::BaseDirs::new()?;
    let state = home.state_dir().unwrap_or_else(|| home.data_local_dir());
    Some(state.join("b2").join("transfers"))
}

#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}
