//! A reader that is read while its bytes are sent.
//!
//! What was read is kept in temporary files until it is stored, as an attempt
//! that fails reads it again. A file goes as soon as nothing of it is needed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use b2_core::port::ReadAt;

use crate::source::file;

/// Length of a temporary file in bytes: short enough that few bytes are kept
/// in vain, long enough that few files are open. They grow as parts do.
const SEGMENT: std::ops::RangeInclusive<u64> = 16 << 20..=1 << 30;

/// Temporary files for all that was read so far, if nothing were ever stored.
const SEGMENTS: u64 = 256;

pub(crate) struct StreamSource {
    reader: Mutex<Reader>,
    segments: Mutex<BTreeMap<u64, Segment>>,
}

struct Reader {
    reader: Box<dyn Read + Send>,
    /// Bytes that were read.
    position: u64,
    ended: bool,
    /// Whether what the reader gives is encrypted.
    #[cfg(feature = "encryption")]
    sealed: bool,
    chunk: Vec<u8>,
}

/// A stretch of the stream; the key is its first byte.
struct Segment {
    file: Arc<File>,
    len: u64,
    room: u64,
    released: u64,
}

impl StreamSource {
    pub(crate) fn new(reader: Box<dyn Read + Send>) -> Self {
        let reader = Reader {
            reader,
            position: 0,
            ended: false,
            #[cfg(feature = "encryption")]
            sealed: false,
            chunk: Vec::new(),
        };
        Self { reader: Mutex::new(reader), segments: Mutex::default() }
    }

    /// Puts something around the reader, before anything was read.
    #[cfg(feature = "encryption")]
    pub(crate) fn replace(
        &self,
        change: impl FnOnce(Box<dyn Read + Send>) -> Box<dyn Read + Send>,
    ) -> io::Result<()> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.position > 0 || reader.sealed {
            return Err(io::Error::other("a stream can be sent only once"));
        }
        let before = std::mem::replace(&mut reader.reader, Box::new(io::empty()));
        reader.reader = change(before);
        reader.sealed = true;
        Ok(())
    }

    fn segments(&self) -> MutexGuard<'_, BTreeMap<u64, Segment>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the bytes at `position` go: file, and how many.
    fn room(&self, position: u64) -> io::Result<(u64, Arc<File>, u64)> {
        if let Some((start, last)) = self.segments().last_key_value()
            && *start + last.len == position
            && last.room > 0
        {
            return Ok((*start, Arc::clone(&last.file), last.room));
        }
        let room = (position / SEGMENTS).clamp(*SEGMENT.start(), *SEGMENT.end());
        let file = Arc::new(tempfile::tempfile()?);
        let segment = Segment { file: Arc::clone(&file), len: 0, room, released: 0 };
        self.segments().insert(position, segment);
        Ok((position, file, room))
    }

    /// Reads some more; 0 at the end.
    fn pull(&self, reader: &mut Reader, most: u64) -> io::Result<u64> {
        if reader.ended {
            return Ok(0);
        }
        let (start, file, room) = self.room(reader.position)?;
        let want = usize::try_from(most.min(room)).unwrap_or(usize::MAX).min(CHUNK);
        reader.chunk.resize(CHUNK, 0);
        let read = loop {
            match reader.reader.read(&mut reader.chunk[..want]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        (&*file).write_all(&reader.chunk[..read])?;
        reader.ended = read == 0;
        reader.position += read as u64;
        if let Some(segment) = self.segments().get_mut(&start) {
            segment.len += read as u64;
            segment.room -= read as u64;
        }
        Ok(read as u64)
    }
}

/// Bytes that are read from the reader at once.
const CHUNK: usize = 256 * 1024;

impl ReadAt for StreamSource {
    fn len(&self) -> io::Result<u64> {
        let text = "the length of a stream is known at its end";
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let (file, at, len) = {
            let segments = self.segments();
            let found = segments.range(..=offset).next_back();
            let Some((start, segment)) = found.filter(|(start, one)| offset < *start + one.len)
            else {
                return Ok(0);
            };
            (Arc::clone(&segment.file), offset - start, segment.len)
        };
        let most = usize::try_from(len - at).unwrap_or(usize::MAX).min(buffer.len());
        file::read_at(&file, at, &mut buffer[..most])
    }

    fn prefetch(&self, offset: u64, len: u64) -> io::Result<u64> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let end = offset.saturating_add(len);
        while reader.position < end {
            let most = end - reader.position;
            if self.pull(&mut reader, most)? == 0 {
                break;
            }
        }
        Ok(reader.position.min(end).saturating_sub(offset))
    }

    fn release(&self, offset: u64, len: u64) {
        let end = offset.saturating_add(len);
        self.segments().retain(|start, segment| {
            let (first, last) = (offset.max(*start), end.min(*start + segment.len));
            segment.released += last.saturating_sub(first);
            segment.room > 0 || segment.released < segment.len
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(source: &impl ReadAt, len: usize) -> Vec<u8> {
        let mut back = vec![0; len];
        let mut at = 0;
        while at < len {
            let read = source.read_at(at as u64, &mut back[at..]).unwrap();
            assert!(read > 0, "{at} of {len} bytes");
            at += read;
        }
        back
    }

    #[test]
    fn what_is_within_reach_can_be_read_again() {
        let content: Vec<u8> = (0..600_000_u32).map(|i| (i % 251) as u8).collect();
        let source = StreamSource::new(Box::new(io::Cursor::new(content.clone())));
        assert_eq!(source.read_at(0, &mut [0; 9]).unwrap(), 0, "nothing was asked for");
        assert_eq!(source.prefetch(0, 10).unwrap(), 10);
        assert_eq!(all(&source, 10), content[..10]);
        assert_eq!(source.prefetch(0, 100_000).unwrap(), 100_000);
        assert_eq!(source.prefetch(100_000, 1_000_000).unwrap(), 500_000);
        assert_eq!(source.prefetch(600_000, 1).unwrap(), 0);
        assert!(all(&source, content.len()) == content);
        assert!(all(&source, content.len()) == content, "it cannot be read again");
    }

    #[test]
    fn what_is_released_takes_no_room() {
        let segment = *SEGMENT.start();
        let source = StreamSource::new(Box::new(io::repeat(7).take(3 * segment + 5)));
        assert_eq!(source.prefetch(0, 4 * segment).unwrap(), 3 * segment + 5);
        assert_eq!(source.segments().len(), 4);
        source.release(segment / 2, segment);
        assert_eq!(source.segments().len(), 4, "half of each is still needed");
        source.release(0, segment / 2);
        source.release(segment + segment / 2, segment / 2);
        assert_eq!(source.segments().len(), 2);
        assert_eq!(source.read_at(2 * segment, &mut [0; 9]).unwrap(), 9);
    }

    /// A reader whose end is an error.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn an_error_is_no_end() {
        let source = StreamSource::new(Box::new(io::repeat(7).take(5).chain(Broken)));
        assert_eq!(source.prefetch(0, 5).unwrap(), 5);
        assert_eq!(source.prefetch(5, 1).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
