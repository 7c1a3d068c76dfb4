//! From frames, as requests bring them, to content that was verified.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use b2_crypto::{FrameDecryptor, Layout, OpenError, OpenFile};

use crate::encryption::failure;
use crate::sink::{Put, Transform};

/// What of a file is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Bytes of the content.
    pub(crate) content: Range<u64>,
    /// Bytes of the file that hold them: whole frames.
    pub(crate) ciphertext: Range<u64>,
    frames: Range<u64>,
}

impl Wanted {
    /// All of it, what hides its length included.
    pub(crate) fn whole(layout: &Layout) -> Self {
        let ciphertext = layout.header_len()..layout.ciphertext_len();
        Self { content: 0..layout.content_len(), ciphertext, frames: 0..layout.frames() }
    }

    pub(crate) fn range(layout: &Layout, content: Range<u64>) -> Result<Self, OpenError> {
        let plan = layout.plan(content)?;
        Ok(Self { content: plan.content, ciphertext: plan.ciphertext, frames: plan.frames })
    }
}

/// Opens frames as soon as all their bytes are there. Not a byte goes out
/// before it was verified.
pub(crate) struct Frames {
    decryptor: FrameDecryptor,
    layout: Layout,
    wanted: Wanted,
    /// Frames that are still to come.
    left: u64,
    /// Frames of which only the beginning is there: at most one for each
    /// request under way.
    partial: BTreeMap<u64, Vec<u8>>,
    spare: Vec<Vec<u8>>,
    opened: Vec<u8>,
}

impl Frames {
    pub(crate) fn new(file: &OpenFile, layout: Layout, wanted: Wanted) -> Self {
        let left = wanted.frames.end - wanted.frames.start;
        let decryptor = file.frame_decryptor(&layout);
        let (partial, spare) = (BTreeMap::new(), Vec::new());
        Self { decryptor, layout, wanted, left, partial, spare, opened: Vec::new() }
    }

    /// Takes bytes of one frame, of which so many are there already.
    fn take(
        &mut self,
        frame: u64,
        whole: usize,
        bytes: &[u8],
        put: &mut Put<'_>,
    ) -> io::Result<()> {
        if bytes.len() == whole {
            return self.open(frame, bytes, put);
        }
        let spare = &mut self.spare;
        let held = self.partial.entry(frame).or_insert_with(|| spare.pop().unwrap_or_default());
        held.extend_from_slice(bytes);
        if held.len() < whole {
            return Ok(());
        }
        let mut held = self.partial.remove(&frame).unwrap_or_default();
        let opened = self.open(frame, &held, put);
        held.clear();
        self.spare.push(held);
        opened
    }

    fn open(&mut self, frame: u64, bytes: &[u8], put: &mut Put<'_>) -> io::Result<()> {
        let broken = |error| failure::into_io(failure::open(error));
        self.opened.clear();
        self.decryptor.open(frame, bytes, &mut self.opened).map_err(broken)?;
        let held = self.layout.content_range(frame).map_err(broken)?;
        let wanted = &self.wanted.content;
        let range = held.start.max(wanted.start)..held.end.min(wanted.end);
        if range.start < range.end {
            // Within the frame, which is in memory.
            let part = (range.start - held.start) as usize..(range.end - held.start) as usize;
            put(range.start - wanted.start, &self.opened[part])?;
        }
        self.left = self.left.saturating_sub(1);
        Ok(())
    }
}

impl Transform for Frames {
    fn write(&mut self, offset: u64, chunk: &[u8], put: &mut Put<'_>) -> io::Result<()> {
        let broken = |error| failure::into_io(failure::open(error));
        let (mut at, mut rest) = (self.wanted.ciphertext.start + offset, chunk);
        while !rest.is_empty() {
            let frame = self.layout.frame_of(at).map_err(broken)?;
            let range = self.layout.ciphertext_range(frame).map_err(broken)?;
            let held = self.partial.get(&frame).map_or(0, Vec::len) as u64;
            if at != range.start + held {
                return Err(io::Error::other("a frame was not delivered in order"));
            }
            let now = (range.end - at).min(rest.len() as u64);
            let (bytes, behind) = rest.split_at(now as usize);
            self.take(frame, (range.end - range.start) as usize, bytes, put)?;
            (at, rest) = (at + now, behind);
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.partial.clear();
        self.left = self.wanted.frames.end - self.wanted.frames.start;
    }

    fn has(&mut self, offset: u64, len: u64) {
        // Those that are no whole frames are missed in the end.
        let stretch = stretch(&self.layout, &self.wanted, offset, len);
        self.left = self.left.saturating_sub(stretch.map_or(0, |stretch| stretch.frames));
    }

    fn placed(&self, offset: u64, len: u64) -> io::Result<(u64, u64)> {
        let broken = || io::Error::other("a piece is not made of whole frames");
        let stretch = stretch(&self.layout, &self.wanted, offset, len).ok_or_else(broken)?;
        Ok((stretch.content.start, stretch.content.end - stretch.content.start))
    }

    fn complete(&self) -> io::Result<()> {
        let missing = || io::Error::other("frames of the encrypted file are missing");
        if self.left == 0 { Ok(()) } else { Err(missing()) }
    }
}

/// A stretch of the wanted ciphertext in terms of frames.
struct Stretch {
    frames: u64,
    /// Bytes of the destination.
    content: Range<u64>,
}

/// `None`: it is not whole frames.
fn stretch(layout: &Layout, wanted: &Wanted, offset: u64, len: u64) -> Option<Stretch> {
    let begin = wanted.ciphertext.start.checked_add(offset)?;
    let end = begin.checked_add(len)?;
    let first = layout.frame_of(begin).ok()?;
    let last = layout.frame_of(end.checked_sub(1)?).ok()?;
    let whole = layout.ciphertext_range(first).ok()?.start == begin
        && layout.ciphertext_range(last).ok()?.end == end;
    let within = |at: u64| at.min(wanted.content.end).saturating_sub(wanted.content.start);
    let content = within(layout.content_range(first).ok()?.start)
        ..within(layout.content_range(last).ok()?.end);
    whole.then_some(Stretch { frames: last - first + 1, content })
}

/// How much content the stretches of a journal reach to. `None`: they are not
/// whole frames.
pub(crate) fn reach(layout: &Layout, wanted: &Wanted, pieces: &BTreeMap<u64, u64>) -> Option<u64> {
    pieces.iter().try_fold(0, |reach, (offset, len)| {
        let stretch = stretch(layout, wanted, *offset, *len)?;
        Some(stretch.content.end.max(reach))
    })
}
