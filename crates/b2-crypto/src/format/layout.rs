//! Where in a file which bytes of the content are.

use core::ops::Range;

use crate::error::OpenError;

/// Session and tag of a frame.
pub(crate) const FRAME_OVERHEAD: u64 = 32;
/// So that a file's length fits 63 bits whatever its frames.
pub(crate) const MOST_CONTENT: u64 = 1 << 60;

/// Where the frames of a file are. Pure arithmetic, no key needed.
///
/// ```
/// use b2_crypto::Layout;
///
/// # fn main() -> Result<(), b2_crypto::OpenError> {
/// // A header of 1 KiB and 1 GiB of content in frames of 64 KiB.
/// let layout = Layout::new(1024, 65_536, 1 << 30)?;
/// assert_eq!(layout.ciphertext_len(), 1024 + (1 << 30) + 16_384 * 32);
/// // Ten bytes in the middle of the second frame need that frame only.
/// let plan = layout.plan(70_000..70_010)?;
/// assert_eq!(plan.ciphertext, 1024 + 65_568..1024 + 2 * 65_568);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    header_len: u64,
    frame_size: u64,
    /// The content and the zeros that hide its length.
    sealed_len: u64,
    content_len: u64,
}

/// What to fetch for a range of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RangePlan {
    /// The range of the content, in bytes.
    pub content: Range<u64>,
    /// The frames that hold it, by their numbers.
    pub frames: Range<u64>,
    /// The bytes of the file that have to be fetched: whole frames.
    pub ciphertext: Range<u64>,
}

impl Layout {
    /// The layout of a file whose length is not hidden; all arguments are bytes.
    ///
    /// # Errors
    ///
    /// If the frame is no power of two from 1 KiB to 16 MiB, or the content is too long.
    pub fn new(header_len: u64, frame_size: u64, content_len: u64) -> Result<Self, OpenError> {
        Self::with_padding(header_len, frame_size, content_len, content_len)
    }

    pub(crate) fn with_padding(
        header_len: u64,
        frame_size: u64,
        content_len: u64,
        sealed_len: u64,
    ) -> Result<Self, OpenError> {
        let frames = 1 << 10..=1 << 24;
        if !frame_size.is_power_of_two() || !frames.contains(&frame_size) {
            return Err(OpenError::Malformed("the size of its frames is out of range"));
        }
        if content_len > sealed_len || sealed_len > MOST_CONTENT || header_len > MOST_CONTENT {
            return Err(OpenError::Length);
        }
        Ok(Self { header_len, frame_size, sealed_len, content_len })
    }

    /// How much is sealed in a file of this length.
    pub(crate) fn sealed_len_of(
        header_len: u64,
        frame_size: u64,
        ciphertext_len: u64,
    ) -> Result<u64, OpenError> {
        let body = ciphertext_len.checked_sub(header_len).ok_or(OpenError::Length)?;
        let whole = frame_size + FRAME_OVERHEAD;
        let frames = body.div_ceil(whole);
        let last = body.checked_sub(frames.saturating_sub(1) * whole).ok_or(OpenError::Length)?;
        // Only a file without content has an empty frame.
        if last < FRAME_OVERHEAD || (last == FRAME_OVERHEAD && frames > 1) {
            return Err(OpenError::Length);
        }
        Ok(body - frames * FRAME_OVERHEAD)
    }

    /// The length of the header in bytes.
    pub fn header_len(&self) -> u64 {
        self.header_len
    }

    /// The content of a full frame in bytes.
    pub fn frame_size(&self) -> u64 {
        self.frame_size
    }

    /// The length of the content in bytes.
    pub fn content_len(&self) -> u64 {
        self.content_len
    }

    /// How many frames there are; a file without content has one.
    pub fn frames(&self) -> u64 {
        self.sealed_len.div_ceil(self.frame_size).max(1)
    }

    /// The length of the whole file in bytes.
    pub fn ciphertext_len(&self) -> u64 {
        self.header_len + self.sealed_len + self.frames() * FRAME_OVERHEAD
    }

    /// Whether this frame is the last one.
    pub(crate) fn is_last(&self, frame: u64) -> bool {
        frame + 1 == self.frames()
    }

    /// Which bytes of the content a frame holds; none if it only hides the length.
    ///
    /// # Errors
    ///
    /// [`OpenError::Range`] if there is no such frame.
    pub fn content_range(&self, frame: u64) -> Result<Range<u64>, OpenError> {
        if frame >= self.frames() {
            return Err(OpenError::Range);
        }
        let sealed = self.sealed_range(frame);
        Ok(sealed.start.min(self.content_len)..sealed.end.min(self.content_len))
    }

    /// Which bytes of the file a frame takes.
    ///
    /// # Errors
    ///
    /// [`OpenError::Range`] if there is no such frame.
    pub fn ciphertext_range(&self, frame: u64) -> Result<Range<u64>, OpenError> {
        if frame < self.frames() { Ok(self.frame_range(frame)) } else { Err(OpenError::Range) }
    }

    /// The frame that this byte of the file belongs to.
    ///
    /// # Errors
    ///
    /// [`OpenError::Range`] if it belongs to the header, or lies behind the end.
    pub fn frame_of(&self, offset: u64) -> Result<u64, OpenError> {
        let frames = self.header_len..self.ciphertext_len();
        if frames.contains(&offset) { Ok(self.frame_at(offset)) } else { Err(OpenError::Range) }
    }

    /// Which sealed bytes a frame holds.
    pub(crate) fn sealed_range(&self, frame: u64) -> Range<u64> {
        let begin = frame * self.frame_size;
        begin..(begin + self.frame_size).min(self.sealed_len)
    }

    /// Where a frame is in the file.
    pub(crate) fn frame_range(&self, frame: u64) -> Range<u64> {
        let sealed = self.sealed_range(frame);
        let begin = self.header_len + frame * (self.frame_size + FRAME_OVERHEAD);
        begin..begin + (sealed.end - sealed.start) + FRAME_OVERHEAD
    }

    /// The frame at this place of the file, which is behind the header and before the end.
    pub(crate) fn frame_at(&self, offset: u64) -> u64 {
        (offset - self.header_len) / (self.frame_size + FRAME_OVERHEAD)
    }

    /// What to fetch for a range of the content. An empty range needs nothing.
    ///
    /// # Errors
    ///
    /// [`OpenError::Range`] if it does not lie within the content.
    pub fn plan(&self, content: Range<u64>) -> Result<RangePlan, OpenError> {
        if content.start > content.end || content.end > self.content_len {
            return Err(OpenError::Range);
        }
        let first = content.start / self.frame_size;
        if content.is_empty() {
            let at = self.header_len;
            return Ok(RangePlan { content, frames: first..first, ciphertext: at..at });
        }
        let frames = first..content.end.div_ceil(self.frame_size);
        let ciphertext = self.frame_range(first).start..self.frame_range(frames.end - 1).end;
        Ok(RangePlan { content, frames, ciphertext })
    }
}

/// The length that hides `len`: at most 12 % longer, and one of few that a length of its size can
/// have (Padmé, Nikitin and others, 2019).
pub(crate) fn hidden_len(len: u64) -> u64 {
    if len < 2 {
        return len;
    }
    let exponent = len.ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = (1_u64 << exponent.saturating_sub(kept)) - 1;
    len.checked_add(mask).map_or(len, |sum| sum & !mask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lengths_come_back(content in 0_u64..1 << 45, log2 in 10_u32..=24, header in 0_u64..70_000) {
            let layout = Layout::new(header, 1 << log2, content).unwrap();
            let sealed = Layout::sealed_len_of(header, 1 << log2, layout.ciphertext_len());
            prop_assert_eq!(sealed, Ok(content));
            let last = layout.frame_range(layout.frames() - 1);
            prop_assert_eq!(last.end, layout.ciphertext_len());
        }

        #[test]
        fn plans_hold_their_range(content in 1_u64..1 << 45, a: u64, b: u64, log2 in 10_u32..=24) {
            let layout = Layout::new(1024, 1 << log2, content).unwrap();
            let (a, b) = (a % content, b % content);
            let range = a.min(b)..a.max(b) + 1;
            let plan = layout.plan(range.clone()).unwrap();
            prop_assert!(layout.sealed_range(plan.frames.start).start <= range.start);
            prop_assert!(layout.sealed_range(plan.frames.end - 1).end >= range.end);
            let fetched = plan.ciphertext.end - plan.ciphertext.start;
            let most = range.end - range.start + 2 * layout.frame_size() + plan.frames.count() as u64 * 32;
            prop_assert!(fetched <= most);
        }

        #[test]
        fn a_hidden_length_is_little_longer(len: u64) {
            let hidden = hidden_len(len);
            prop_assert!(hidden >= len);
            prop_assert!((hidden - len) as f64 <= 0.12 * len as f64);
        }
    }

    #[test]
    fn impossible_lengths_are_refused() {
        // One byte short of an empty frame, and one frame with an empty one behind it.
        assert_eq!(Layout::sealed_len_of(100, 1024, 131), Err(OpenError::Length));
        assert_eq!(Layout::sealed_len_of(100, 1024, 132), Ok(0));
        assert_eq!(Layout::sealed_len_of(100, 1024, 100 + 1056 + 32), Err(OpenError::Length));
        assert_eq!(Layout::sealed_len_of(100, 1024, 100 + 1056 + 33), Ok(1025));
        assert_eq!(Layout::sealed_len_of(100, 1024, 99), Err(OpenError::Length));
        assert_eq!(Layout::sealed_len_of(100, 1024, 100), Err(OpenError::Length));
    }
}
