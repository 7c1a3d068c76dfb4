//! The bytes of files, apart from everything known about them.
//!
//! A blob is written once, in one go, and never changed. Its checksums are
//! computed while it is written, so no byte is read twice.

mod digest;
#[cfg(feature = "server")]
mod folder;
mod memory;
#[cfg(feature = "server")]
mod sweep;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use digest::Digests;
#[cfg(feature = "server")]
use folder::{FolderReader, FolderWriter};

#[cfg(feature = "server")]
pub(crate) use folder::{FolderBlobs, flush_folder};
pub(crate) use memory::MemoryBlobs;

/// Names one blob. Chosen at random, so no counter has to survive a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct BlobId(u128);

impl BlobId {
    pub(crate) const fn new(random: u128) -> Self {
        Self(random)
    }

    /// The first of its bytes, by which blobs are put into folders.
    #[cfg(feature = "server")]
    pub(crate) const fn group(self) -> u8 {
        (self.0 >> 120) as u8
    }

    /// Reads what `Display` prints: exactly 32 lower-case hex digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (text.len() == 32 && plain).then(|| u128::from_str_radix(text, 16).ok().map(Self))?
    }
}

impl std::fmt::Display for BlobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for BlobId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a blob id")
    }
}

/// What is known about a blob once its last byte is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) blob: BlobId,
    /// Bytes stored, without the trailing digest.
    pub(crate) len: u64,
    /// SHA-1 of the stored bytes, 40 lower-case hex digits.
    pub(crate) sha1: String,
    /// MD5 of the stored bytes, 32 lower-case hex digits, if it was wanted.
    pub(crate) md5: Option<String>,
    /// What followed the stored bytes, when the uploader puts its digest there.
    pub(crate) trailer: Vec<u8>,
}

/// A stretch of one blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) blob: BlobId,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// Where the blobs of one emulator live.
#[derive(Debug)]
pub(crate) enum Blobs {
    Memory(MemoryBlobs),
    #[cfg(feature = "server")]
    Folder(FolderBlobs),
}

impl Blobs {
    /// Bytes of all finished blobs, kept right as they come and go.
    pub(crate) fn stored(&self) -> Arc<AtomicU64> {
        match self {
            Self::Memory(blobs) => Arc::clone(&blobs.stored),
            #[cfg(feature = "server")]
            Self::Folder(blobs) => Arc::clone(&blobs.stored),
        }
    }

    /// Starts a blob that will hold `len` bytes, followed on the wire by
    /// `trailer` bytes that are kept apart.
    pub(crate) fn create(
        &self,
        id: BlobId,
        len: u64,
        trailer: usize,
        with_md5: bool,
    ) -> io::Result<BlobWriter> {
        let target = match self {
            Self::Memory(blobs) => Target::Memory(blobs.clone(), Vec::new()),
            #[cfg(feature = "server")]
            Self::Folder(blobs) => Target::Folder(blobs.create(id)?),
        };
        let expected_trailer = trailer;
        Ok(BlobWriter {
            id,
            len,
            written: 0,
            trailer: Vec::new(),
            expected_trailer,
            digests: Digests::new(with_md5),
            target,
        })
    }

    /// Opens a finished blob; it stays readable even if it is removed meanwhile.
    pub(crate) fn open(&self, id: BlobId) -> io::Result<BlobReader> {
        match self {
            Self::Memory(blobs) => blobs.open(id).map(BlobReader::Memory),
            #[cfg(feature = "server")]
            Self::Folder(blobs) => blobs.open_blob(id).map(BlobReader::Folder),
        }
    }

    /// Removes a blob nothing refers to. A blob that is gone is no error.
    pub(crate) fn remove(&self, id: BlobId) -> io::Result<()> {
        match self {
            Self::Memory(blobs) => {
                blobs.remove(id);
                Ok(())
            }
            #[cfg(feature = "server")]
            Self::Folder(blobs) => blobs.remove(id),
        }
    }
}

#[derive(Debug)]
enum Target {
    Memory(MemoryBlobs, Vec<u8>),
    #[cfg(feature = "server")]
    Folder(FolderWriter),
}

/// A blob in the making. Dropping it unfinished leaves nothing behind.
#[derive(Debug)]
pub(crate) struct BlobWriter {
    id: BlobId,
    len: u64,
    written: u64,
    trailer: Vec<u8>,
    expected_trailer: usize,
    digests: Digests,
    target: Target,
}

impl BlobWriter {
    /// Appends the next bytes of the body; blocks on the disk.
    ///
    /// Fails with [`io::ErrorKind::InvalidData`] past the announced length.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = usize::try_from(self.len - self.written).unwrap_or(usize::MAX);
        let (content, rest) = bytes.split_at(bytes.len().min(room));
        if rest.len() > self.expected_trailer - self.trailer.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more bytes than announced"));
        }
        match &mut self.target {
            Target::Memory(_, buffer) => buffer.extend_from_slice(content),
            #[cfg(feature = "server")]
            Target::Folder(file) => file.write(content)?,
        }
        self.digests.update(content);
        self.written += content.len() as u64;
        self.trailer.extend_from_slice(rest);
        Ok(())
    }

    /// Makes the blob durable under its final name.
    ///
    /// Fails with [`io::ErrorKind::UnexpectedEof`] before the announced length.
    pub(crate) fn finish(self) -> io::Result<Receipt> {
        if self.written < self.len || self.trailer.len() < self.expected_trailer {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "fewer bytes than announced"));
        }
        match self.target {
            Target::Memory(blobs, buffer) => blobs.insert(self.id, Bytes::from(buffer)),
            #[cfg(feature = "server")]
            Target::Folder(file) => file.finish()?,
        }
        let (sha1, md5) = self.digests.finish();
        Ok(Receipt { blob: self.id, len: self.len, sha1, md5, trailer: self.trailer })
    }
}

/// An open blob.
#[derive(Debug)]
pub(crate) enum BlobReader {
    Memory(Bytes),
    #[cfg(feature = "server")]
    Folder(FolderReader),
}

impl BlobReader {
    /// Exactly `len` bytes from `offset`; blocks on the disk.
    pub(crate) fn read(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => {
                let from = usize::try_from(offset).map_err(io::Error::other)?;
                let end = from.checked_add(len).filter(|end| *end <= bytes.len());
                end.map(|end| bytes.slice(from..end)).ok_or_else(|| {
                    io::Error::new(io::ErrorKind::UnexpectedEof, "the blob is shorter")
                })
            }
            #[cfg(feature = "server")]
            Self::Folder(file) => file.read(offset, len),
        }
    }
}

#[cfg(feature = "server")]
#[cfg(test)]
mod tests {
    use super::*;

    fn stores() -> (tempfile::TempDir, [Blobs; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let durable = FolderBlobs::open(folder.path()).unwrap();
        (folder, [Blobs::Memory(MemoryBlobs::default()), Blobs::Folder(durable)])
    }

    #[test]
    fn a_blob_reads_back_with_its_checksums_and_its_trailer_apart() {
        let (_folder, stores) = stores();
        for blobs in stores {
            let id = BlobId::new(7);
            let mut writer = blobs.create(id, 11, 4, true).unwrap();
            for piece in ["hel", "lo worldta", "il"] {
                writer.write(piece.as_bytes()).unwrap();
            }
            let receipt = writer.finish().unwrap();
            assert_eq!(receipt.sha1, "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed");
            assert_eq!(receipt.md5.unwrap(), "5eb63bbbe01eeed093cb22bb8f5acdc3");
            assert_eq!(receipt.trailer, b"tail");
            assert_eq!(&blobs.open(id).unwrap().read(6, 5).unwrap()[..], b"world");
            assert!(blobs.open(id).unwrap().read(6, 6).is_err());
        }
    }

    #[test]
    fn a_wrong_length_is_refused_and_leaves_nothing() {
        let (folder, stores) = stores();
        for blobs in stores {
            let mut long = blobs.create(BlobId::new(1), 2, 0, true).unwrap();
            assert_eq!(long.write(b"abc").unwrap_err().kind(), io::ErrorKind::InvalidData);
            drop(long);
            let mut short = blobs.create(BlobId::new(2), 2, 40, true).unwrap();
            short.write(b"ab0123").unwrap();
            assert_eq!(short.finish().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            assert_eq!(blobs.open(BlobId::new(1)).unwrap_err().kind(), io::ErrorKind::NotFound);
            assert_eq!(blobs.open(BlobId::new(2)).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        assert_eq!(std::fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
    }

    #[test]
    fn removing_twice_is_fine() {
        let (_folder, stores) = stores();
        for blobs in stores {
            let id = BlobId::new(3);
            blobs.create(id, 0, 0, false).unwrap().finish().unwrap();
            blobs.remove(id).unwrap();
            blobs.remove(id).unwrap();
            assert!(blobs.open(id).is_err());
        }
    }

    #[test]
    fn only_the_printed_form_of_an_id_parses() {
        let id = BlobId::new(0xabc);
        assert_eq!(BlobId::parse(&id.to_string()), Some(id));
        assert_eq!(BlobId::parse("abc"), None);
        assert_eq!(BlobId::parse(&id.to_string().to_uppercase()), None);
        assert_eq!(BlobId::parse("+0000000000000000000000000000abc"), None);
    }
}
