//! Blobs as files.
//!
//! ```text
//! tmp/<id>         being written; worthless after a crash
//! blobs/<xx>/<id>  complete and flushed; xx are the first two digits
//! ```
//!
//! A file is flushed before it is renamed and its folder is flushed after, so
//! whatever carries a final name is whole, also after the power went.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::BlobId;
use super::sweep::Sweep;

/// A folder of blobs.
#[derive(Clone, Debug)]
pub(crate) struct FolderBlobs {
    temporary: PathBuf,
    finished: PathBuf,
    /// Bytes of all finished blobs, right once they have been swept.
    pub(super) stored: Arc<AtomicU64>,
    sweep: Arc<Sweep>,
}

impl FolderBlobs {
    /// Opens the blob folders under `root`, creating what is missing, and
    /// removes what unfinished uploads left behind.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let blobs = Self {
            temporary: root.join("tmp"),
            finished: root.join("blobs"),
            stored: Arc::default(),
            sweep: Arc::default(),
        };
        fs::create_dir_all(&blobs.temporary)?;
        for first in 0..=u8::MAX {
            fs::create_dir_all(blobs.finished.join(format!("{first:02x}")))?;
        }
        flush_folder(&blobs.finished)?;
        flush_folder(root)?;
        for leftover in fs::read_dir(&blobs.temporary)? {
            let leftover = leftover?;
            // A folder is not ours, whoever put it there.
            if !leftover.file_type()?.is_dir() {
                fs::remove_file(leftover.path())?;
            }
        }
        Ok(blobs)
    }

    /// Removes every finished blob that `is_wanted` does not claim.
    ///
    /// Visits one file at a time, however many there are, and may run while
    /// blobs are made and removed: those made since the start are left alone.
    pub(crate) fn sweep<E: From<io::Error>>(
        &self,
        mut is_wanted: impl FnMut(BlobId) -> Result<bool, E>,
    ) -> Result<(), E> {
        for group in 0..=u8::MAX {
            let mut visit = self.sweep.visit(group);
            for file in fs::read_dir(self.finished.join(format!("{group:02x}")))? {
                let file = file?;
                if file.file_type()?.is_dir() {
                    continue;
                }
                let id = file.file_name().to_str().and_then(BlobId::parse);
                if id.is_some_and(|id| visit.is_fresh(id)) {
                    continue;
                }
                if id.map_or(Ok(false), &mut is_wanted)? {
                    self.stored.fetch_add(file.metadata()?.len(), Ordering::Relaxed);
                } else {
                    fs::remove_file(file.path())?;
                }
            }
            visit.done();
        }
        Ok(())
    }

    /// Whether the sweep has come to its end.
    pub(crate) fn is_swept(&self) -> bool {
        self.sweep.is_over()
    }

    /// Makes everything be swept and counted again, after blobs were put in
    /// place from outside. Nobody else may be at work meanwhile.
    pub(crate) fn begin_sweep(&self) {
        self.sweep.begin();
        self.stored.store(0, Ordering::Relaxed);
    }

    /// Another name for a finished blob, in a folder on the same disk.
    pub(crate) fn link_into(&self, id: BlobId, folder: &Path) -> io::Result<()> {
        link(&self.path(id), &folder.join(id.to_string()))
    }

    /// Takes a blob back that [`FolderBlobs::link_into`] put there.
    pub(crate) fn link_from(&self, id: BlobId, folder: &Path) -> io::Result<()> {
        link(&folder.join(id.to_string()), &self.path(id))
    }

    /// Makes every name given by [`FolderBlobs::link_from`] durable.
    pub(crate) fn flush(&self) -> io::Result<()> {
        for group in 0..=u8::MAX {
            flush_folder(&self.finished.join(format!("{group:02x}")))?;
        }
        Ok(())
    }

    fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        self.finished.join(&name[..2]).join(name)
    }

    /// Where a finished blob of the folders under `root` is.
    pub(crate) fn path_in(root: &Path, id: BlobId) -> PathBuf {
        let name = id.to_string();
        root.join("blobs").join(&name[..2]).join(name)
    }

    pub(super) fn create(&self, id: BlobId) -> io::Result<FolderWriter> {
        let temporary = self.temporary.join(id.to_string());
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        self.sweep.add_fresh(id);
        Ok(FolderWriter {
            file,
            len: 0,
            temporary: Temporary(Some(temporary)),
            finished: self.path(id),
            stored: Arc::clone(&self.stored),
        })
    }

    pub(super) fn open_blob(&self, id: BlobId) -> io::Result<FolderReader> {
        Ok(FolderReader { file: Mutex::new(File::open(self.path(id))?) })
    }

    pub(super) fn remove(&self, id: BlobId) -> io::Result<()> {
        let path = self.path(id);
        let counted = self.sweep.remove(id);
        let len = path.metadata().map_or(0, |metadata| metadata.len());
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            done => done?,
        }
        if counted.is_counted() {
            self.stored.fetch_sub(len, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A name in the temporary folder that is removed unless it was renamed away.
#[derive(Debug)]
struct Temporary(Option<PathBuf>);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(path);
        }
    }
}

#[derive(Debug)]
pub(super) struct FolderWriter {
    file: File,
    len: u64,
    temporary: Temporary,
    finished: PathBuf,
    stored: Arc<AtomicU64>,
}

impl FolderWriter {
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.len += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Flushes the file, gives it its final name, flushes the name.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(temporary) = &self.temporary.0 {
            fs::rename(temporary, &self.finished)?;
        }
        self.temporary.0 = None;
        let folder = self.finished.parent().unwrap_or_else(|| Path::new("."));
        flush_folder(folder).inspect_err(|_| {
            // Not known to be durable, so it must not stay as if it were.
            let _ = fs::remove_file(&self.finished);
        })?;
        self.stored.fetch_add(self.len, Ordering::Relaxed);
        Ok(())
    }
}

/// An open blob file. Reads from several tasks take turns.
#[derive(Debug)]
pub(crate) struct FolderReader {
    file: Mutex<File>,
}

impl FolderReader {
    pub(super) fn read(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        // Read into room that nobody has filled with zeros first.
        let mut bytes = Vec::with_capacity(len);
        (&mut *file).take(len as u64).read_to_end(&mut bytes)?;
        if bytes.len() < len {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the blob is shorter"));
        }
        Ok(Bytes::from(bytes))
    }
}

/// Gives a file another name; where that cannot be, another copy. A name that
/// is there already is as good.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) if to.exists() => Ok(()),
        Err(_) => {
            // Under its name it is whole; what a crash leaves is swept.
            let copy = to.with_extension("copy");
            fs::copy(from, &copy)?;
            File::open(&copy)?.sync_all()?;
            fs::rename(copy, to)
        }
        Ok(()) => Ok(()),
    }
}

/// Makes new names in a folder durable. Only Unix can open a folder for it.
pub(crate) fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_removes_temporary_files_and_sweeping_the_unwanted() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = FolderBlobs::open(folder.path()).unwrap();
        for n in 0..4 {
            let mut writer = blobs.create(BlobId::new(n)).unwrap();
            writer.write(b"x").unwrap();
            writer.finish().unwrap();
        }
        fs::write(folder.path().join("tmp/0"), b"half").unwrap();
        fs::write(folder.path().join("blobs/00/stray"), b"?").unwrap();
        fs::create_dir(folder.path().join("tmp/folder")).unwrap();
        fs::create_dir(folder.path().join("blobs/01/folder")).unwrap();

        let blobs = FolderBlobs::open(folder.path()).unwrap();
        blobs.sweep(|id| io::Result::Ok(id == BlobId::new(2))).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 1, "the folder");
        let left: Vec<_> = fs::read_dir(folder.path().join("blobs/00"))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(left, [BlobId::new(2).to_string()]);
    }
}
