//! One connection from the server's side.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use super::LIFE;
use super::record::{Record, Seen};
use crate::conformance::pattern::Pattern;

/// A request head longer than this is a mistake of the client.
const HEAD_LIMIT: usize = 256 * 1024;

/// What a script talks to. Every wait ends after [`LIFE`].
pub(crate) struct Peer {
    stream: Arc<TcpStream>,
    unread: Vec<u8>,
    record: Arc<Record>,
    pattern: Pattern,
    connection: usize,
    request: Option<usize>,
    born: Instant,
}

impl Peer {
    pub(super) fn new(stream: Arc<TcpStream>, record: &Arc<Record>) -> io::Result<Self> {
        stream.set_read_timeout(Some(LIFE))?;
        stream.set_write_timeout(Some(LIFE))?;
        stream.set_nodelay(true)?;
        let connection = record.connect();
        Ok(Self {
            stream,
            unread: Vec::new(),
            record: Arc::clone(record),
            pattern: Pattern::noise(),
            connection,
            request: None,
            born: Instant::now(),
        })
    }

    /// Which connection this is, counted from 0.
    pub(crate) fn connection(&self) -> usize {
        self.connection
    }

    /// The value of the header `x-mark` of the last request.
    pub(crate) fn mark(&self) -> Vec<u8> {
        let mut mark = Vec::new();
        if let Some(request) = self.request {
            self.record.update(request, |seen| mark = seen.values("x-mark").concat());
        }
        mark
    }

    /// Whether the script may go on.
    pub(crate) fn alive(&self) -> bool {
        self.born.elapsed() < LIFE
    }

    /// Reads a request with its body; `false` if the client closed instead.
    pub(crate) fn request(&mut self) -> io::Result<bool> {
        if !self.head()? {
            return Ok(false);
        }
        self.body(u64::MAX)?;
        Ok(true)
    }

    /// Reads the head of a request; `false` if the client closed instead.
    pub(crate) fn head(&mut self) -> io::Result<bool> {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if self.unread.len() > HEAD_LIMIT {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.fill()? == 0 {
                return Ok(false);
            }
        };
        let mut seen = parse(&self.unread[..end]);
        self.unread.drain(..end + 4);
        seen.connection = self.connection;
        seen.complete = seen.announced() == 0;
        self.request = Some(self.record.begin(seen));
        Ok(true)
    }

    /// Reads up to `most` bytes of the body, less only if that is all.
    pub(crate) fn body(&mut self, most: u64) -> io::Result<()> {
        let mut left = most;
        while left > 0 && self.missing() > 0 {
            if self.unread.is_empty() && self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let piece = (self.unread.len() as u64).min(left).min(self.missing());
            self.take(usize::try_from(piece).unwrap_or(usize::MAX));
            left -= piece;
        }
        Ok(())
    }

    /// Reads whatever still comes until the client closes.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        loop {
            let piece = (self.unread.len() as u64).min(self.missing());
            self.take(usize::try_from(piece).unwrap_or(usize::MAX));
            self.unread.clear();
            if self.fill()? == 0 {
                return Ok(());
            }
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.stream).write_all(bytes)?;
        self.record.wrote(bytes.len());
        Ok(())
    }

    /// Tells the client that nothing more will be read.
    pub(crate) fn stop_reading(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Read)
    }

    /// Tells the client that nothing more will be written.
    pub(crate) fn stop_writing(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    fn missing(&self) -> u64 {
        let Some(request) = self.request else {
            return 0;
        };
        let mut missing = 0;
        self.record.update(request, |seen| missing = seen.announced() - seen.received);
        missing
    }

    /// Moves `len` unread bytes into the books.
    fn take(&mut self, len: usize) {
        let (Some(request), bytes) = (self.request, &self.unread[..len]) else {
            return;
        };
        let pattern = &self.pattern;
        self.record.update(request, |seen| {
            seen.intact &= pattern.matches(seen.received, bytes);
            seen.received += len as u64;
            seen.complete = seen.received == seen.announced();
        });
        self.unread.drain(..len);
    }

    fn fill(&mut self) -> io::Result<usize> {
        let start = self.unread.len();
        self.unread.resize(start + 64 * 1024, 0);
        let read = loop {
            match (&*self.stream).read(&mut self.unread[start..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.unread.truncate(start + *read.as_ref().unwrap_or(&0));
        read
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.record.end(self.connection);
    }
}

fn parse(head: &[u8]) -> Seen {
    let mut lines =
        head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let headers = lines.map(|line| {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        (name, value.get(1..).unwrap_or_default().trim_ascii().to_vec())
    });
    Seen { line, headers: headers.collect(), intact: true, ..Seen::default() }
}
