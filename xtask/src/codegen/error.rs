//! Why the generator stopped.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why `cargo xtask codegen` failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodegenError {
    /// A fixture contradicts another one, its notes, or itself.
    #[error("{0}")]
    Fixture(FixtureError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// The formatter refused the output, which is a defect of the generator.
    #[error("rustfmt refused the generated {file}: {message}")]
    Rustfmt { file: String, message: String },
    /// Files on disk differ from what the fixtures say.
    #[error("stale, run `cargo xtask codegen`: {}", .0.join(", "))]
    Stale(Vec<String>),
}

/// A fault in a fixture, told so that an editor can jump to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FixtureError {
    pub(crate) path: PathBuf,
    /// A JSON pointer into that file; empty for the whole of it.
    pub(crate) pointer: String,
    pub(crate) message: String,
}

impl fmt::Display for FixtureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}: {}", self.path.display(), self.pointer, self.message)
    }
}

impl CodegenError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }

    pub(crate) fn fixture(place: &Place<'_>, message: impl Into<String>) -> Self {
        Self::Fixture(FixtureError {
            path: place.path.to_path_buf(),
            pointer: place.pointer.clone(),
            message: message.into(),
        })
    }
}

/// A position in a fixture.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a Path,
    pub(crate) pointer: String,
}

impl<'a> Place<'a> {
    pub(crate) fn root(path: &'a Path) -> Self {
        Self { path, pointer: String::new() }
    }

    /// The member `token` of this object, or the element of that number of this array.
    pub(crate) fn child(&self, token: impl fmt::Display) -> Self {
        let token = token.to_string().replace('~', "~0").replace('/', "~1");
        Self { path: self.path, pointer: format!("{}/{token}", self.pointer) }
    }
}
