//! Where snapshots are put, so that a crash leaves the old one or the new one.
//!
//! ```text
//! NAME         a complete snapshot
//! .new-NAME    one in the making; worthless after a crash
//! .old-NAME    the one that NAME replaces; back in its place after a crash,
//!              if the new one had not got there
//! .gone-NAME   one that was deleted
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::blob::flush_folder;

const OLD: &str = ".old-";

/// What begins the name of a folder that nobody needs.
const WORTHLESS: [&str; 3] = [".new-", OLD, ".gone-"];

/// An empty folder for a snapshot in the making.
pub(super) fn begin(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let new = folder.join(format!(".new-{name}"));
    remove_folder(&new)?;
    fs::create_dir_all(&new)?;
    Ok(new)
}

/// Puts the flushed snapshot from [`begin`] in its place.
pub(super) fn finish(folder: &Path, name: &str) -> io::Result<()> {
    let (new, old) = (folder.join(format!(".new-{name}")), folder.join(format!("{OLD}{name}")));
    remove_folder(&old)?;
    let is_replaced = move_away(&folder.join(name), &old)?;
    fs::rename(new, folder.join(name))?;
    flush_folder(folder)?;
    if is_replaced {
        // What stays is removed at the next start.
        let _ = remove_folder(&old);
    }
    Ok(())
}

/// Removes a snapshot; gives whether there was one.
pub(super) fn remove(folder: &Path, name: &str) -> io::Result<bool> {
    let gone = folder.join(format!(".gone-{name}"));
    remove_folder(&gone)?;
    // A folder half removed must not look like a snapshot.
    if !move_away(&folder.join(name), &gone)? {
        return Ok(false);
    }
    flush_folder(folder)?;
    remove_folder(&gone)?;
    Ok(true)
}

/// Puts back what a crash found on its way; before anybody looks.
pub(crate) fn recover(folder: &Path) -> io::Result<()> {
    for hidden in hidden(folder)? {
        if let Some(name) = hidden.strip_prefix(OLD)
            && !folder.join(name).exists()
        {
            fs::rename(folder.join(&hidden), folder.join(name))?;
            flush_folder(folder)?;
        }
    }
    Ok(())
}

/// How many folders [`sweep`] would remove.
pub(crate) fn leftovers(folder: &Path) -> io::Result<u64> {
    Ok(hidden(folder)?.len() as u64)
}

/// Removes what a crash left behind, after [`recover`].
pub(super) fn sweep(folder: &Path) -> io::Result<()> {
    for hidden in hidden(folder)? {
        remove_folder(&folder.join(hidden))?;
    }
    Ok(())
}

fn hidden(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        entries => {
            for entry in entries? {
                names.extend(entry?.file_name().into_string().ok());
            }
        }
    }
    names.retain(|name| WORTHLESS.iter().any(|start| name.starts_with(start)));
    Ok(names)
}

/// Gives whether there was something.
fn move_away(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        done => done.map(|()| true),
    }
}

fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, place: &str, content: &str) {
        fs::create_dir_all(folder.join(place)).unwrap();
        fs::write(folder.join(place).join("rows"), content).unwrap();
    }

    fn at_start(folder: &Path) -> Vec<(String, String)> {
        recover(folder).unwrap();
        sweep(folder).unwrap();
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut all: Vec<_> = entries
            .map(|entry| {
                let content = fs::read_to_string(entry.path().join("rows")).unwrap();
                (entry.file_name().into_string().unwrap(), content)
            })
            .collect();
        all.sort();
        all
    }

    fn only(content: &str) -> Vec<(String, String)> {
        vec![("a".to_owned(), content.to_owned())]
    }

    #[test]
    fn after_a_crash_the_old_or_the_new_is_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        put(folder, "a", "old");
        put(folder, ".new-a", "half");
        assert_eq!(at_start(folder), only("old"), "before it was put in place");
        fs::rename(folder.join("a"), folder.join(".old-a")).unwrap();
        put(folder, ".new-a", "new");
        assert_eq!(at_start(folder), only("old"), "between the two renames");
        put(folder, ".old-a", "old");
        put(folder, "a", "new");
        assert_eq!(leftovers(folder).unwrap(), 1);
        assert_eq!(at_start(folder), only("new"), "after both");
        fs::rename(folder.join("a"), folder.join(".gone-a")).unwrap();
        assert_eq!(at_start(folder), [], "while it was deleted");
    }

    #[test]
    fn a_snapshot_takes_the_place_of_an_older_one_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for content in ["one", "two"] {
            let new = begin(folder, "a").unwrap();
            fs::write(new.join("rows"), content).unwrap();
            finish(folder, "a").unwrap();
            assert_eq!(leftovers(folder).unwrap(), 0);
            assert_eq!(fs::read_to_string(folder.join("a/rows")).unwrap(), content);
        }
        assert!(remove(folder, "a").unwrap());
        assert!(!remove(folder, "a").unwrap());
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    }
}
