//! Where a download's bytes go.

mod append;
mod file;
mod place;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use b2_core::body::BodyVerifier;
use b2_core::error::LocalError;
use b2_core::port::WriteAt;
use b2_proto::Sha1Digest;

pub use file::Durability;
pub(crate) use place::Overwrite;
#[cfg(feature = "encryption")]
pub(crate) use place::check;

/// Bytes that are read back before anybody is asked whether it is still wanted.
const AT_ONCE: u64 = 1024 * 1024;

/// A destination with the digest of what is in it.
pub(crate) struct Sink {
    target: Target,
    /// Of everything from the start on, as far as it has come in order.
    verifier: BodyVerifier,
    /// Stretches that are written beyond the verifier: first byte and end.
    beyond: BTreeMap<u64, u64>,
    /// What becomes of the bytes before they are written. It checks them
    /// itself, so there is no digest then.
    transform: Option<Box<dyn Transform>>,
}

/// What becomes of bytes before they are written.
pub(crate) trait Transform: Send {
    /// Takes bytes, and puts what is ready to its place.
    fn write(&mut self, offset: u64, chunk: &[u8], put: &mut Put<'_>) -> io::Result<()>;
    /// What was put is worth nothing.
    fn clear(&mut self);
    /// These bytes, counted as [`write`](Self::write) does, were put before.
    fn has(&mut self, offset: u64, len: u64);
    /// Where in the destination is what becomes of these bytes: first byte and
    /// length.
    fn placed(&self, offset: u64, len: u64) -> io::Result<(u64, u64)>;
    /// Whether all was put.
    fn complete(&self) -> io::Result<()>;
}

/// Writes bytes to a place of the destination.
pub(crate) type Put<'a> = dyn FnMut(u64, &[u8]) -> io::Result<()> + 'a;

enum Target {
    File(file::PendingFile),
    Appended(append::AppendedFile),
    Memory(Shared),
    Custom(Box<dyn WriteAt>),
}

impl Target {
    fn write(&mut self, offset: u64, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_at(offset, chunk),
            Self::Appended(file) => file.write_at(offset, chunk),
            Self::Custom(target) => target.write_at(offset, chunk),
            Self::Memory(bytes) => {
                lock(bytes).extend_from_slice(chunk);
                Ok(())
            }
        }
    }

    /// Reads back what was written to a file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read_at(offset, buffer),
            _ => Err(io::Error::other("this destination cannot be read back")),
        }
    }
}

/// Bytes that a download to memory collects.
pub(crate) type Shared = Arc<Mutex<Vec<u8>>>;

impl Sink {
    /// A file that appears under its name only when it is complete.
    pub(crate) fn file(path: PathBuf, overwrite: Overwrite) -> io::Result<Self> {
        Ok(Self::new(Target::File(file::PendingFile::create(path, overwrite)?)))
    }

    /// A file whose bytes stay when the work ends early, to go on with them.
    /// Gives how many there are.
    pub(crate) fn resumable(path: PathBuf, overwrite: Overwrite) -> io::Result<(Self, u64)> {
        let file = file::PendingFile::resumable(path, overwrite)?;
        let len = file.len()?;
        Ok((Self::new(Target::File(file)), len))
    }

    /// The end of a file.
    pub(crate) fn appending(path: &std::path::Path) -> io::Result<Self> {
        Ok(Self::new(Target::Appended(append::AppendedFile::open(path)?)))
    }

    pub(crate) fn memory(bytes: Shared) -> Self {
        Self::new(Target::Memory(bytes))
    }

    pub(crate) fn custom(target: Box<dyn WriteAt>) -> Self {
        Self::new(Target::Custom(target))
    }

    pub(crate) fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::custom(Box::new(OneWay { writer, position: 0 }))
    }

    fn new(target: Target) -> Self {
        let (verifier, beyond) = (BodyVerifier::default(), BTreeMap::new());
        Self { target, verifier, beyond, transform: None }
    }

    /// Writes what becomes of the bytes.
    #[cfg(feature = "encryption")]
    pub(crate) fn through(self, transform: Box<dyn Transform>) -> Self {
        Self { transform: Some(transform), ..self }
    }

    /// When the file has to be on the disk, if it is one with a name to come.
    pub(crate) fn with_durability(mut self, durability: Durability) -> Self {
        if let Target::File(file) = &mut self.target {
            file.set_durability(durability);
        }
        self
    }

    pub(crate) fn rewindable(&self) -> bool {
        match &self.target {
            Target::File(_) | Target::Appended(_) | Target::Memory(_) => true,
            Target::Custom(target) => target.rewindable(),
        }
    }

    /// Removes what is not complete: the temporary file, or what was appended.
    pub(crate) fn discard(&mut self) {
        match &mut self.target {
            Target::File(file) => file.discard(),
            Target::Appended(file) => file.discard(),
            Target::Memory(_) | Target::Custom(_) => {}
        }
    }

    /// Forgets what is there.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.verifier = BodyVerifier::default();
        self.beyond.clear();
        if let Some(transform) = &mut self.transform {
            transform.clear();
        }
        match &mut self.target {
            Target::File(file) => file.clear(),
            Target::Appended(file) => file.clear(),
            Target::Memory(bytes) => {
                lock(bytes).clear();
                Ok(())
            }
            Target::Custom(target) => target.truncate(),
        }
    }

    /// This stretch is there from before.
    pub(crate) fn has(&mut self, offset: u64, len: u64) {
        if let Some(transform) = &mut self.transform {
            return transform.has(offset, len);
        }
        self.beyond.insert(offset, offset.saturating_add(len));
    }

    /// Writes bytes, and counts them into the digest if they are the next.
    pub(crate) fn write(&mut self, offset: u64, chunk: &[u8]) -> Result<(), LocalError> {
        let target = &mut self.target;
        if let Some(transform) = &mut self.transform {
            let put = &mut |at, bytes: &[u8]| target.write(at, bytes);
            return transform.write(offset, chunk, put).map_err(LocalError::sink);
        }
        target.write(offset, chunk).map_err(LocalError::sink)?;
        if offset == self.verifier.position() {
            self.verifier.update(chunk);
        } else {
            self.note(offset, offset + chunk.len() as u64);
        }
        // A little more than was written, so that it is caught up with in the
        // end, but nobody waits for long.
        self.catch_up(2 * chunk.len() as u64).map_err(LocalError::sink)
    }

    fn note(&mut self, start: u64, end: u64) {
        let before = self.beyond.range_mut(..=start).next_back();
        match before.filter(|(_, until)| **until == start) {
            Some((_, until)) => *until = end,
            None => drop(self.beyond.insert(start, end)),
        }
    }

    /// Whether bytes are there that are next and not hashed.
    fn is_behind(&self) -> bool {
        self.beyond.keys().next().is_some_and(|start| *start <= self.verifier.position())
    }

    /// Reads back and hashes at most `most` bytes that are next.
    fn catch_up(&mut self, most: u64) -> io::Result<()> {
        let mut left = most;
        while let Some((start, end)) = self.beyond.first_key_value().map(|(a, b)| (*a, *b)) {
            let position = self.verifier.position();
            if start > position || left == 0 {
                return Ok(());
            }
            if end <= position {
                self.beyond.remove(&start);
                continue;
            }
            let want = (end - position).min(left);
            let read = self.hash(position, want)?;
            left -= read.min(left);
        }
        Ok(())
    }

    fn hash(&mut self, offset: u64, most: u64) -> io::Result<u64> {
        read_back(&self.target, &mut self.verifier, offset, most)
    }

    /// Digest of everything before `end`, if it is all there and known
    /// without reading anything back.
    pub(crate) fn digest_at(&self, end: u64) -> Option<Sha1Digest> {
        self.verifier.digest().filter(|_| self.verifier.position() == end)
    }

    /// Digest of these bytes, if nothing has to be read back for it.
    pub(crate) fn known(&self, offset: u64, len: u64) -> Option<Sha1Digest> {
        let plain = offset == 0 && self.transform.is_none() && !self.is_behind();
        plain.then(|| self.digest_at(len)).flatten()
    }

    /// Digest of what is there of these bytes. They are read back unless they
    /// are all from the start on and known, for as long as they are `wanted`.
    pub(crate) fn digest(
        &mut self,
        offset: u64,
        len: u64,
        wanted: &dyn Fn() -> io::Result<()>,
    ) -> io::Result<Sha1Digest> {
        if offset == 0 && self.transform.is_none() {
            while self.is_behind() {
                wanted()?;
                self.catch_up(AT_ONCE)?;
            }
            if let Some(digest) = self.digest_at(len) {
                return Ok(digest);
            }
        }
        let (start, len) = match &self.transform {
            Some(transform) => transform.placed(offset, len)?,
            None => (offset, len),
        };
        let mut verifier = BodyVerifier::default();
        while verifier.position() < len {
            wanted()?;
            let position = verifier.position();
            read_back(&self.target, &mut verifier, start + position, len - position)?;
        }
        verifier.digest().ok_or_else(|| io::Error::other("bytes are missing"))
    }

    /// Reads back what was written to a file.
    #[cfg(feature = "encryption")]
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.target.read_at(offset, buffer)
    }

    /// Where the bytes are until they are complete, if that is a file.
    #[cfg(feature = "encryption")]
    pub(crate) fn temporary_path(&self) -> Option<PathBuf> {
        match &self.target {
            Target::File(file) => file.temporary_path(),
            _ => None,
        }
    }

    /// Removes the temporary file even if it was to be found again.
    #[cfg(feature = "encryption")]
    pub(crate) fn forget(&self) {
        if let Some(path) = self.temporary_path() {
            // If it stays, whoever finds it has no journal for it, and begins anew.
            let _stays = std::fs::remove_file(path);
        }
    }

    /// What was written is on the disk when this returns.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match &self.target {
            Target::File(file) => file.sync(),
            _ => Ok(()),
        }
    }

    /// The download is complete and checked: makes it visible.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        if let Some(transform) = &self.transform {
            transform.complete()?;
        }
        match &mut self.target {
            Target::File(file) => file.commit(),
            Target::Appended(file) => file.commit(),
            Target::Custom(target) => target.finish(),
            Target::Memory(_) => Ok(()),
        }
    }
}

/// Reads some bytes, at most `most`, and counts them into a digest.
fn read_back(
    target: &Target,
    verifier: &mut BodyVerifier,
    offset: u64,
    most: u64,
) -> io::Result<u64> {
    let mut buffer = [0; 64 * 1024];
    let want = usize::try_from(most).unwrap_or(buffer.len()).min(buffer.len());
    let read = target.read_at(offset, &mut buffer[..want])?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    verifier.update(&buffer[..read]);
    Ok(read as u64)
}

pub(crate) fn lock(bytes: &Shared) -> std::sync::MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A writer that cannot go back.
struct OneWay<W> {
    writer: W,
    position: u64,
}

impl<W: Write + Send + 'static> WriteAt for OneWay<W> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if offset != self.position {
            return Err(io::Error::other("this destination cannot be written again"));
        }
        self.writer.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn rewindable(&self) -> bool {
        false
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufWriter;

    use super::*;

    /// A writer on a full disk.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_hashes_what_is_not_wanted_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut sink = Sink::file(path, Overwrite::Never).unwrap();
        sink.write(0, &[1; 10 << 20]).unwrap();
        for start in [0, 1] {
            // As after a resumed download: nothing of it is hashed yet.
            sink.verifier = BodyVerifier::default();
            sink.beyond.insert(0, 10 << 20);
            let asked = std::cell::Cell::new(0);
            let wanted = || {
                asked.set(asked.get() + 1);
                if asked.get() > 2 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
            };
            let result = sink.digest(start, (10 << 20) - start, &wanted);
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::Interrupted);
            assert_eq!(asked.get(), 3);
        }
        sink.discard();
    }

    #[test]
    fn what_a_writer_holds_back_is_written_before_the_end() {
        let mut sink = Sink::writer(BufWriter::new(Full));
        sink.clear().unwrap();
        sink.write(0, b"hello").unwrap();
        assert_eq!(sink.commit().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    /// Writes down what it is asked to do.
    struct Diary(Arc<Mutex<Vec<String>>>);

    impl WriteAt for Diary {
        fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
            self.0.lock().unwrap().push(format!("{} at {offset}", bytes.len()));
            Ok(())
        }

        fn truncate(&mut self) -> io::Result<()> {
            self.0.lock().unwrap().push("truncate".into());
            Ok(())
        }

        fn finish(&mut self) -> io::Result<()> {
            self.0.lock().unwrap().push("finish".into());
            Err(io::ErrorKind::StorageFull.into())
        }

        fn rewindable(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_place_of_ones_own_hears_of_each_beginning_and_of_the_end() {
        let diary = Arc::default();
        let mut sink = Sink::custom(Box::new(Diary(Arc::clone(&diary))));
        for offset in [0, 5, 0] {
            if offset == 0 {
                sink.clear().unwrap();
            }
            sink.write(offset, b"hello").unwrap();
        }
        assert_eq!(sink.commit().unwrap_err().kind(), io::ErrorKind::StorageFull);
        let heard = diary.lock().unwrap();
        let wanted = ["truncate", "5 at 0", "5 at 5", "truncate", "5 at 0", "finish"];
        assert_eq!(*heard, wanted);
    }

    #[test]
    fn pieces_in_any_order_have_the_digest_of_the_whole() {
        let content: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
        let whole = {
            let mut verifier = BodyVerifier::default();
            verifier.update(&content);
            verifier.digest().unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        // In order, backwards, and every third first.
        let orders: [fn(usize) -> Vec<usize>; 3] = [
            |count| (0..count).collect(),
            |count| (0..count).rev().collect(),
            |count| (0..3).flat_map(|from| (from..count).step_by(3)).collect(),
        ];
        for order in orders {
            let path = folder.path().join("file");
            let mut sink = Sink::file(path, Overwrite::Never).unwrap();
            let chunks: Vec<_> = content.chunks(70_001).collect();
            for index in order(chunks.len()) {
                sink.write(index as u64 * 70_001, chunks[index]).unwrap();
            }
            assert_eq!(sink.digest(0, 1_000_000, &|| Ok(())).unwrap(), whole);
            assert!(sink.digest(0, 1_000_001, &|| Ok(())).is_err(), "a byte is missing");
        }
    }

    #[test]
    fn what_was_there_before_is_hashed_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = Sink::file(folder.path().join("file"), Overwrite::Never).unwrap();
        sink.write(3, b"lo").unwrap();
        // As if another process had written it.
        sink.has(3, 2);
        sink.write(0, b"hel").unwrap();
        let digest = sink.digest(0, 5, &|| Ok(())).unwrap().to_string();
        assert_eq!(digest, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
    }
}
