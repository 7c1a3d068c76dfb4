//! Hashing and reading ahead on this side, when a machine asks for it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use b2_core::body::BodyEncoder;
use b2_core::error::{LocalError, Side};
use b2_core::op::{DigestRequest, Prefetch, Reply};
use b2_core::plan::DigestMode;
use b2_core::port::ReadAt;
use b2_proto::Sha1Digest;

use crate::buffer::{BUFFER_SIZE, BufferPool};
use crate::drive::Ends;
use crate::drive::body::fill;

/// Bytes that are read and hashed at once: so few that they are still near the
/// processor when they are hashed.
const AT_ONCE: usize = 64 * 1024;

/// Whoever waits for the outcome; dropping it ends the work.
#[derive(Debug, Default)]
pub(crate) struct Waiter(Arc<AtomicBool>);

impl Waiter {
    /// What the work looks at. It may outlive the transfer by one read, and
    /// must not keep the journal from the next one.
    pub(crate) fn wish(&self, ends: &Ends) -> Wish {
        let ends = Ends { journal: None, on_part: None, ..ends.clone() };
        Wish { gone: Arc::clone(&self.0), ends }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether the outcome is still wanted.
pub(crate) struct Wish {
    gone: Arc<AtomicBool>,
    ends: Ends,
}

impl Wish {
    /// An error if it is not. Asked between small steps.
    fn holds(&self) -> io::Result<()> {
        if self.gone.load(Ordering::Relaxed) || self.ends.control.wishes().stop.is_some() {
            return Err(stopped());
        }
        Ok(())
    }
}

fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "stopped")
}

/// The digest, if it is known and nobody is at the sink. Most small files are
/// hashed when they have been written: no thread has to be woken for them.
pub(crate) fn known(request: &DigestRequest, ends: &Ends) -> Option<Reply> {
    let sink = ends.sink.as_ref().filter(|_| request.side == Side::Sink)?;
    sink.try_lock().ok()?.known(request.offset, request.len).map(Reply::Digest)
}

/// Reads and hashes the bytes; blocks while it does.
pub(crate) fn digest(request: &DigestRequest, wish: &Wish, buffers: &BufferPool) -> Reply {
    let ends = &wish.ends;
    let hashed = match (request.side, &ends.source) {
        (Side::Source, Some(source)) => {
            hash(&**source, request, wish, buffers).map_err(LocalError::source)
        }
        (Side::Source, None) => Err(LocalError::source(io::Error::other("there is no source"))),
        (Side::Sink, _) => match &ends.sink {
            Some(sink) => {
                let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
                let wanted = || wish.holds();
                sink.digest(request.offset, request.len, &wanted).map_err(LocalError::sink)
            }
            None => Err(LocalError::sink(io::Error::other("there is no destination"))),
        },
    };
    hashed.map_or_else(Reply::Local, Reply::Digest)
}

/// Brings bytes of the source within reach; blocks until they are there.
pub(crate) fn prefetch(request: &Prefetch, wish: &Wish) -> Reply {
    let Some(source) = &wish.ends.source else {
        return Reply::Local(LocalError::source(io::Error::other("there is no source")));
    };
    match within_reach(&**source, request, wish) {
        Ok(len) => Reply::Prefetched { len },
        Err(error) => Reply::Local(LocalError::source(error)),
    }
}

/// In small steps, so that a caller who wants to stop is heard.
fn within_reach(source: &dyn ReadAt, request: &Prefetch, wish: &Wish) -> io::Result<u64> {
    let mut there = 0;
    while there < request.len {
        wish.holds()?;
        let want = (request.len - there).min(BUFFER_SIZE as u64);
        match source.prefetch(request.offset + there, want)? {
            0 => break,
            more => there += more,
        }
    }
    Ok(there)
}

fn hash(
    source: &dyn ReadAt,
    request: &DigestRequest,
    wish: &Wish,
    buffers: &BufferPool,
) -> io::Result<Sha1Digest> {
    let mut encoder = BodyEncoder::new(request.len, DigestMode::Ahead);
    let mut position = request.offset;
    let unwanted = || wish.holds().is_err();
    let mut buffer = buffers.share().take(unwanted, |_| {}).ok_or_else(stopped)?;
    while encoder.remaining() > 0 {
        wish.holds()?;
        let want = usize::try_from(encoder.remaining()).unwrap_or(AT_ONCE).min(AT_ONCE);
        let read = match source.shared(position, want).filter(|bytes| bytes.len() == want) {
            Some(bytes) => {
                encoder.update(&bytes);
                want
            }
            None => {
                let read = fill(source, position, &mut buffer.space()[..want])?;
                encoder.update(&buffer.space()[..read]);
                read
            }
        };
        position += read as u64;
        wish.ends.meter.hashed(read as u64);
    }
    source.check_unchanged()?;
    let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
    encoder.finish().map(|trailer| trailer.digest()).ok_or_else(short)
}
