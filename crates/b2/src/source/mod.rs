//! Where an upload's bytes come from.

mod file;
mod spool;
mod stream;

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use b2_core::port::ReadAt;
use b2_core::upload::WholeDigest;
use bytes::Bytes;

/// The bytes of an upload.
///
/// Whatever they come from, they can be read again: a retry does.
#[derive(Clone)]
pub struct Source {
    bytes: Arc<dyn ReadAt>,
    /// `None`: only its end will tell.
    len: Option<u64>,
    modified_ms: Option<i64>,
    /// What else tells it from one that was changed.
    identity: Option<Arc<str>>,
    /// Whether it can be read once more without a second thought.
    cheap: bool,
    /// The bytes, if they come from a stream.
    #[cfg(feature = "encryption")]
    stream: Option<Arc<stream::StreamSource>>,
}

impl Source {
    /// A file on disk. It is read while it is sent and must not change
    /// meanwhile; its modification time is stored with the upload.
    ///
    /// # Errors
    ///
    /// If it cannot be opened or is not a regular file.
    pub fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = file::FileSource::open(path.as_ref())?;
        let (modified_ms, identity) = (file.modified_ms(), file.identity());
        Ok(Self { modified_ms, identity, cheap: true, ..Self::custom(file)? })
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes: Bytes = bytes.into();
        let len = Some(bytes.len() as u64);
        Self { cheap: true, ..Self::of(Arc::new(Memory(bytes)), len) }
    }

    /// Everything that `reader` gives until its end. It is read at once: up
    /// to 1 MiB into memory, more into an unnamed temporary file, as a retry
    /// must be able to read it again.
    ///
    /// # Errors
    ///
    /// If reading fails or the temporary file cannot be written.
    pub fn reader(reader: impl Read) -> io::Result<Self> {
        spool::spool(reader)
    }

    /// Everything that `reader` gives until its end, read while it is sent.
    ///
    /// What is not longer than one part is sent in one request, anything else
    /// in parts, which grow so that ten terabytes are no limit but B2's: the
    /// first 500 have the [part size](crate::Upload::with_part_size), the next
    /// 500 twice as much, and so on. Until B2 has confirmed a part its bytes
    /// are kept in temporary files without a name, in the folder for such
    /// files (`TMPDIR`, or `/tmp`), which has to hold as many parts as are
    /// under way: 400 MB by default, and behind 50 GB 800 MB, behind 3 TB
    /// 20 GB. Where that folder is in memory, give the process another one.
    ///
    /// If the upload fails, or is interrupted, it is cancelled; if its future
    /// is dropped or the process killed, the large file stays, and a
    /// [journal](crate::Upload::with_journal) tells the next upload of it.
    ///
    /// Such an upload can neither be resumed nor bear a SHA-1 of the whole
    /// unless you [know it](crate::WholeDigest::Known); `reader` reads ahead
    /// to the end and can do both.
    #[must_use]
    pub fn stream(reader: impl Read + Send + 'static) -> Self {
        let stream = Arc::new(stream::StreamSource::new(Box::new(reader)));
        let bytes = Arc::clone(&stream) as Arc<dyn ReadAt>;
        Self {
            #[cfg(feature = "encryption")]
            stream: Some(stream),
            ..Self::of(bytes, None)
        }
    }

    /// Bytes of your own.
    ///
    /// # Errors
    ///
    /// If their length cannot be told.
    pub fn custom(bytes: impl ReadAt) -> io::Result<Self> {
        let len = Some(bytes.len()?);
        Ok(Self::of(Arc::new(bytes), len))
    }

    fn of(bytes: Arc<dyn ReadAt>, len: Option<u64>) -> Self {
        Self {
            bytes,
            len,
            modified_ms: None,
            identity: None,
            cheap: false,
            #[cfg(feature = "encryption")]
            stream: None,
        }
    }

    /// Length in bytes; `None` for a [stream](Self::stream).
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.len
    }

    /// Whether it is known that there is not a single byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == Some(0)
    }

    /// When the source was last changed, in ms since 1970, if it is a file.
    #[must_use]
    pub fn modified_ms(&self) -> Option<i64> {
        self.modified_ms
    }

    /// What else tells it from one that was changed.
    pub(crate) fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Whether the digest of the whole is worth a pass over the bytes.
    pub(crate) fn whole_digest(&self) -> WholeDigest {
        if self.cheap { WholeDigest::Automatic } else { WholeDigest::Omit }
    }

    /// The same source with other bytes in front of it.
    #[cfg(feature = "encryption")]
    pub(crate) fn behind(self, bytes: Arc<dyn ReadAt>, len: u64) -> Self {
        Self { bytes, len: Some(len), ..self }
    }

    /// A temporary file that only we can write to.
    #[cfg(feature = "encryption")]
    pub(crate) fn spooled(file: std::fs::File, len: u64) -> Self {
        let bytes = Arc::new(file::FileSource::spooled(file, len));
        Self { cheap: true, ..Self::of(bytes, Some(len)) }
    }

    /// Reads what a stream gives through something else from now on.
    #[cfg(feature = "encryption")]
    pub(crate) fn seal<R: Read + Send + 'static>(
        &self,
        seal: impl FnOnce(Box<dyn Read + Send>) -> R,
    ) -> io::Result<()> {
        self.stream
            .as_ref()
            .map_or(Ok(()), |stream| stream.replace(|reader| Box::new(seal(reader))))
    }

    #[cfg(feature = "encryption")]
    pub(crate) fn bytes_at(&self) -> Arc<dyn ReadAt> {
        Arc::clone(&self.bytes)
    }

    pub(crate) fn into_bytes(self) -> Arc<dyn ReadAt> {
        self.bytes
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("len", &self.len).finish_non_exhaustive()
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        Self::bytes(bytes)
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(bytes)
    }
}

impl From<&'static [u8]> for Source {
    fn from(bytes: &'static [u8]) -> Self {
        Self::bytes(bytes)
    }
}

impl From<&'static str> for Source {
    fn from(text: &'static str) -> Self {
        Self::bytes(text)
    }
}

struct Memory(Bytes);

impl ReadAt for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.0.get(at..)).unwrap_or_default();
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn shared(&self, offset: u64, len: usize) -> Option<Bytes> {
        let start = usize::try_from(offset).ok()?.min(self.0.len());
        let end = start.checked_add(len)?.min(self.0.len());
        Some(self.0.slice(start..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_reads_at_any_offset() {
        let memory = Memory(Bytes::from_static(b"hello"));
        let mut buffer = [0; 3];
        assert_eq!(memory.read_at(3, &mut buffer).unwrap(), 2);
        assert_eq!(memory.read_at(9, &mut buffer).unwrap(), 0);
        assert_eq!(memory.shared(1, 3).unwrap().as_ref(), b"ell");
        assert_eq!(memory.shared(9, 3).unwrap().as_ref(), b"");
    }

    #[test]
    fn a_reader_is_spooled_whatever_its_length() {
        for len in [0, 1, spool::IN_MEMORY as usize, spool::IN_MEMORY as usize + 1] {
            let content: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let source = Source::reader(&content[..]).unwrap();
            assert_eq!(source.len(), Some(len as u64));
            let mut back = vec![0; len];
            let mut at = 0;
            while at < len {
                at += source.bytes.read_at(at as u64, &mut back[at..]).unwrap();
            }
            assert!(back == content, "{len} bytes came back differently");
        }
    }
}
