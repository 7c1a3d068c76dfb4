//! A folder that says what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with one file in it.
    pub(crate) fn holding(name: &str, content: &[u8]) -> Self {
        let folder = Self::new();
        fs::write(folder.path(name), content).unwrap();
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn itself(&self) -> &Path {
        self.0.path()
    }

    /// Every file in it, hidden and temporary ones too, with its content.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.0.path()).unwrap().map(Result::unwrap);
        let file = |entry: fs::DirEntry| {
            let content = fs::read(entry.path()).unwrap_or_else(|_| b"(no file)".to_vec());
            (entry.file_name().into_string().unwrap(), content)
        };
        entries.map(file).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }

    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.names(), [""; 0], "something was left behind");
    }

    /// As it was when [`holding`](Self::holding) made it, to the byte.
    #[track_caller]
    pub(crate) fn assert_holds_only(&self, name: &str, content: &[u8]) {
        assert_eq!(self.names(), [name]);
        assert!(self.files()[name] == content, "{name} was changed");
    }
}
