//! Where a download's bytes go.

mod file;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use b2_core::body::BodyVerifier;
use b2_core::error::LocalError;
use b2_core::port::WriteAt;

pub(crate) use file::Overwrite;

/// A destination with the digest of what is in it.
pub(crate) struct Sink {
    target: Target,
    pub(crate) verifier: BodyVerifier,
}

enum Target {
    File(file::PendingFile),
    Memory(Shared),
    Custom(Box<dyn WriteAt>),
}

/// Bytes that a download to memory collects.
pub(crate) type Shared = Arc<Mutex<Vec<u8>>>;

impl Sink {
    /// A file that appears under its name only when it is complete.
    pub(crate) fn file(path: PathBuf, overwrite: Overwrite) -> io::Result<Self> {
        Ok(Self::new(Target::File(file::PendingFile::create(path, overwrite)?)))
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
        Self { target, verifier: BodyVerifier::default() }
    }

    pub(crate) fn rewindable(&self) -> bool {
        match &self.target {
            Target::File(_) | Target::Memory(_) => true,
            Target::Custom(target) => target.rewindable(),
        }
    }

    /// Whether there is a temporary file behind it.
    pub(crate) fn temporary(&self) -> bool {
        matches!(self.target, Target::File(_))
    }

    /// Removes the temporary file, if there is one that is not in its place.
    pub(crate) fn discard(&mut self) {
        if let Target::File(file) = &mut self.target {
            file.discard();
        }
    }

    /// Begins to write at `offset`; 0 forgets what is there.
    pub(crate) fn begin(&mut self, offset: u64) -> io::Result<()> {
        self.verifier.begin(offset);
        match &mut self.target {
            Target::File(file) if offset == 0 => file.clear(),
            Target::Memory(bytes) if offset == 0 => {
                lock(bytes).clear();
                Ok(())
            }
            Target::Custom(target) if offset == 0 => target.truncate(),
            _ => Ok(()),
        }
    }

    /// Writes the next bytes and counts them into the digest.
    pub(crate) fn write(&mut self, chunk: &[u8]) -> Result<(), LocalError> {
        let offset = self.verifier.position();
        let written = match &mut self.target {
            Target::File(file) => file.write_at(offset, chunk),
            Target::Custom(target) => target.write_at(offset, chunk),
            Target::Memory(bytes) => {
                lock(bytes).extend_from_slice(chunk);
                Ok(())
            }
        };
        written.map_err(LocalError::sink)?;
        self.verifier.update(chunk);
        Ok(())
    }

    /// The download is complete and checked: makes it visible.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::File(file) => file.commit(),
            Target::Custom(target) => target.finish(),
            Target::Memory(_) => Ok(()),
        }
    }
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
    fn what_a_writer_holds_back_is_written_before_the_end() {
        let mut sink = Sink::writer(BufWriter::new(Full));
        sink.begin(0).unwrap();
        sink.write(b"hello").unwrap();
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
            sink.begin(offset).unwrap();
            sink.write(b"hello").unwrap();
        }
        assert_eq!(sink.commit().unwrap_err().kind(), io::ErrorKind::StorageFull);
        let heard = diary.lock().unwrap();
        let wanted = ["truncate", "5 at 0", "5 at 5", "truncate", "5 at 0", "finish"];
        assert_eq!(*heard, wanted);
    }
}
