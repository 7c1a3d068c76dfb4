//! A reader that can be read once becomes a source that can be read again.

use std::io::{self, Read, Write};

use crate::source::Source;
use crate::source::file::FileSource;

/// Bytes of a reader that are kept in memory; more go to a temporary file.
pub(crate) const IN_MEMORY: u64 = 1024 * 1024;

pub(crate) fn spool(mut reader: impl Read) -> io::Result<Source> {
    let mut head = Vec::new();
    reader.by_ref().take(IN_MEMORY + 1).read_to_end(&mut head)?;
    if head.len() as u64 <= IN_MEMORY {
        return Ok(Source::bytes(head));
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(&head)?;
    let rest = io::copy(&mut reader, &mut file)?;
    let source = Source::custom(FileSource::spooled(file, head.len() as u64 + rest))?;
    Ok(Source { cheap: true, ..source })
}
