//! Where the bytes of a file version are.

use super::large;
use super::record::{Content, File};
use crate::blob::Segment;
use crate::store::{StoreError, Transaction};

/// The stretches of blobs that hold all of a file.
pub(crate) fn stored_segments(
    tx: &Transaction<'_>,
    file: &File,
) -> Result<Vec<Segment>, StoreError> {
    segments(tx, file, 0, file.len)
}

/// The stretches of blobs that hold `len` bytes of a file from `offset` on.
pub(crate) fn segments(
    tx: &Transaction<'_>,
    file: &File,
    offset: u64,
    len: u64,
) -> Result<Vec<Segment>, StoreError> {
    match file.content {
        Content::Whole(blob) if len > 0 => Ok(vec![Segment { blob, offset, len }]),
        Content::Parts => part_segments(tx, file, offset, len),
        Content::Nothing | Content::Whole(_) => Ok(Vec::new()),
    }
}

fn part_segments(
    tx: &Transaction<'_>,
    file: &File,
    offset: u64,
    len: u64,
) -> Result<Vec<Segment>, StoreError> {
    let end = offset + len;
    let mut segments = Vec::new();
    let mut part_start = 0;
    for part in large::parts_from(tx, &file.id, 1)? {
        let part = part?;
        let part_end = part_start + part.len;
        let (from, to) = (offset.max(part_start), end.min(part_end));
        if from < to {
            let offset = from - part_start;
            segments.push(Segment { blob: part.blob, offset, len: to - from });
        }
        part_start = part_end;
    }
    Ok(segments)
}
