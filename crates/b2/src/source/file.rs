//! A file as a source.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use b2_core::port::ReadAt;

pub(crate) struct FileSource {
    file: File,
    len: u64,
    modified_ms: Option<i64>,
    identity: Option<Arc<str>>,
    /// Only we can write to a temporary file without a name.
    private: bool,
}

impl FileSource {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // Looked at first, as opening a pipe waits for its other end; and once
        // more, as it may have been replaced meanwhile.
        check(&path.metadata()?)?;
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        check(&metadata)?;
        let (modified_ms, identity) = (modified_ms(&metadata), identity(&metadata));
        Ok(Self { file, len: metadata.len(), modified_ms, identity, private: false })
    }

    pub(crate) fn spooled(file: File, len: u64) -> Self {
        Self { file, len, modified_ms: None, identity: None, private: true }
    }

    pub(crate) fn identity(&self) -> Option<Arc<str>> {
        self.identity.clone()
    }

    pub(crate) fn modified_ms(&self) -> Option<i64> {
        self.modified_ms
    }
}

/// Which file it is, and when anything of it was last changed: unlike the time
/// of its content, nobody can set that back.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<Arc<str>> {
    use std::os::unix::fs::MetadataExt as _;
    let (device, inode) = (metadata.dev(), metadata.ino());
    Some(format!("{device}:{inode}:{}.{:09}", metadata.ctime(), metadata.ctime_nsec()).into())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<Arc<str>> {
    None
}

fn modified_ms(metadata: &Metadata) -> Option<i64> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let text = "not a regular file; read it through a reader instead";
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

impl ReadAt for FileSource {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn check_unchanged(&self) -> io::Result<()> {
        if self.private {
            return Ok(());
        }
        let metadata = self.file.metadata()?;
        if metadata.len() == self.len && modified_ms(&metadata) == self.modified_ms {
            return Ok(());
        }
        Err(io::Error::other("the file was changed while it was sent"))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        read_at(&self.file, offset, buffer)
    }
}

#[cfg(unix)]
pub(crate) fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
