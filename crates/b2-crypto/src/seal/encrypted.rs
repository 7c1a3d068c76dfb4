//! Ciphertext at any offset, made of content at any offset.

use core::fmt;

use zeroize::Zeroizing;

use super::pins::Pins;
use super::{EncryptedReader, NewFile};
use crate::error::SealError;
use crate::format::frame::{FrameNonce, SESSION_LEN, TAG_LEN};
use crate::format::layout::Layout;
use crate::read_at::{ReadAt, read_full};

/// A source whose bytes are those of another source, encrypted.
///
/// Uploads read it as if it were a file: in parts, in parallel, and again after a failure.
///
/// # What happens when the source changes
///
/// A retry reads again, and in between the file may have changed. Were the frame then sealed with
/// the nonce it had before, the two ciphertexts together would give both contents away. So every
/// frame is *pinned*: sealing it again must give the same tag, or
/// [`EncryptedError::SourceChanged`] is all that leaves. Pins take eight bytes a frame: 128 KiB
/// of memory for a GiB of content, 32 MiB for 4 TiB.
///
/// A pin lives as long as this value. Every other value, also one for the same file after a
/// restart, draws a session of its own and with it another key for its frames. Only
/// [`OpenFile::reseal`](crate::OpenFile::reseal) goes on in a session, and has the content
/// compared first.
pub struct Encrypted<S> {
    source: S,
    file: NewFile,
    layout: Layout,
    pins: Pins,
}

/// Why there is no ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptedError<E> {
    /// The source could not be read.
    #[error("the content could not be read")]
    Source(#[source] E),
    /// The encryption could not begin.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The source is not what it was when this part of it was read first. Begin anew, with a new
    /// header, when nobody writes to it.
    #[error("the content changed while it was encrypted")]
    SourceChanged,
    /// Whoever asked did not want to wait any longer. Ask again.
    #[error("the comparison with what was encrypted before was stopped")]
    Stopped,
}

impl<S: ReadAt> Encrypted<S> {
    pub(super) fn new(file: NewFile, source: S) -> Result<Self, EncryptedError<S::Error>> {
        let layout = file.layout()?;
        let len = source.len().map_err(EncryptedError::Source)?;
        if len != layout.content_len() {
            return Err(SealError::LengthChanged.into());
        }
        let pins = Pins::new(layout.frames()).ok_or(SealError::TooLong)?;
        Ok(Self { source, file, layout, pins })
    }

    /// What the file begins with. Keep it to go on after a restart: it holds no secret that is
    /// not wrapped.
    pub fn header(&self) -> &[u8] {
        &self.file.header
    }

    /// The session of its frames. Kept beside the header, it lets the same ciphertext be made
    /// again after a restart: see [`OpenFile::reseal`](crate::OpenFile::reseal). It is no secret,
    /// as every frame begins with it.
    pub fn session(&self) -> [u8; SESSION_LEN] {
        self.file.session
    }

    pub(super) fn pins(&self) -> &Pins {
        &self.pins
    }

    /// Where everything is.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The source of the content.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Reads forward from an offset of the ciphertext. Cheaper than
    /// [`read_at`](ReadAt::read_at) for pieces that do not end with frames.
    pub fn reader(&self, offset: u64) -> EncryptedReader<'_, S> {
        EncryptedReader::new(self, offset)
    }

    /// Seals a frame into `output`, which is as long as the frame.
    pub(super) fn seal(
        &self,
        frame: u64,
        output: &mut [u8],
    ) -> Result<(), EncryptedError<S::Error>> {
        let sealed = self.sealed(frame, output);
        if sealed.is_err() {
            // Content, or ciphertext that must not leave.
            output.fill(0);
        }
        sealed
    }

    fn sealed(&self, frame: u64, output: &mut [u8]) -> Result<(), EncryptedError<S::Error>> {
        let changed = EncryptedError::SourceChanged;
        let Some((session, rest)) = output.split_first_chunk_mut::<SESSION_LEN>() else {
            return Err(SealError::TooLong.into());
        };
        let Some((text, place)) = rest.split_last_chunk_mut::<TAG_LEN>() else {
            return Err(SealError::TooLong.into());
        };
        *session = self.file.session;
        let begin = self.layout.sealed_range(frame).start;
        let content = self.layout.content_len().saturating_sub(begin).min(text.len() as u64);
        let (content, padding) = text.split_at_mut(content as usize);
        let read = read_full(&self.source, begin, content).map_err(EncryptedError::Source)?;
        padding.fill(0);
        if read < content.len() || (!content.is_empty() && self.has_grown(begin, read)?) {
            return Err(changed);
        }
        let nonce = FrameNonce::new(frame, self.layout.is_last(frame));
        let tag = self.file.cipher.seal(nonce, text)?;
        if !self.pins.holds(frame, &tag) {
            return Err(changed);
        }
        *place = tag;
        Ok(())
    }

    /// Whether there is content behind its end. Looked at only where the end is.
    fn has_grown(&self, begin: u64, read: usize) -> Result<bool, EncryptedError<S::Error>> {
        let end = begin + read as u64;
        if end < self.layout.content_len() {
            return Ok(false);
        }
        let more = self.source.read_at(end, &mut [0]).map_err(EncryptedError::Source)?;
        Ok(more > 0)
    }
}

impl<S: ReadAt> ReadAt for Encrypted<S> {
    type Error = EncryptedError<S::Error>;

    fn len(&self) -> Result<u64, Self::Error> {
        Ok(self.layout.ciphertext_len())
    }

    /// Whole frames are sealed in `buffer`, without a copy. Of others a piece is kept, and the
    /// rest is sealed again when it is asked for: use [`reader`](Encrypted::reader) to avoid it.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let end = self.layout.ciphertext_len();
        let wanted = end.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let mut filled = 0;
        while filled < wanted {
            let at = offset + filled as u64;
            let rest = &mut buffer[filled..wanted];
            // Beyond what this machine can address there is no header.
            let within = usize::try_from(at).ok().and_then(|at| self.file.header.get(at..));
            let header = within.unwrap_or_default();
            if !header.is_empty() {
                let now = header.len().min(rest.len());
                rest[..now].copy_from_slice(&header[..now]);
                filled += now;
                continue;
            }
            filled += self.read_frame(at, rest)?;
        }
        Ok(filled)
    }
}

impl<S: ReadAt> Encrypted<S> {
    /// Copies what one frame has for `output`.
    fn read_frame(&self, at: u64, output: &mut [u8]) -> Result<usize, EncryptedError<S::Error>> {
        let frame = self.layout.frame_at(at);
        let range = self.layout.frame_range(frame);
        let whole = (range.end - range.start) as usize;
        let skipped = (at - range.start) as usize;
        if skipped == 0 && output.len() >= whole {
            self.seal(frame, &mut output[..whole])?;
            return Ok(whole);
        }
        let mut sealed = Zeroizing::new(alloc::vec![0; whole]);
        self.seal(frame, &mut sealed)?;
        let now = output.len().min(whole - skipped);
        output[..now].copy_from_slice(&sealed[skipped..skipped + now]);
        Ok(now)
    }
}

impl<S> fmt::Debug for Encrypted<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").field("layout", &self.layout).finish_non_exhaustive()
    }
}
