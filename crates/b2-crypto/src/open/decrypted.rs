//! Content at any offset, made of ciphertext at any offset.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::OpenFile;
use crate::error::OpenError;
use crate::format::layout::Layout;
use crate::read_at::{ReadAt, read_full};

/// A source whose bytes are those of an encrypted source, decrypted and verified.
pub struct Decrypted<S> {
    file: OpenFile,
    layout: Layout,
    source: S,
}

/// Why there is no content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptedError<E> {
    /// The source could not be read.
    #[error("the encrypted file could not be read")]
    Source(#[source] E),
    /// What was read is not what was encrypted.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl<S: ReadAt> Decrypted<S> {
    pub(super) fn new(file: OpenFile, layout: Layout, source: S) -> Self {
        Self { file, layout, source }
    }

    /// Opens the last frame as the last: nothing else says that the source was not cut behind a
    /// frame, if the length was not known when the file was made.
    pub(super) fn check_end(&self) -> Result<(), DecryptedError<S::Error>> {
        let last = self.layout.frames().saturating_sub(1);
        let at = self.layout.frame_range(last);
        let (mut sealed, mut opened) = (vec![0; (at.end - at.start) as usize], Vec::new());
        let read =
            read_full(&self.source, at.start, &mut sealed).map_err(DecryptedError::Source)?;
        if read < sealed.len() {
            return Err(OpenError::Length.into());
        }
        Ok(self.file.frame_decryptor(&self.layout).open(last, &sealed, &mut opened)?)
    }

    /// Where everything is.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl<S: ReadAt> ReadAt for Decrypted<S> {
    type Error = DecryptedError<S::Error>;

    fn len(&self) -> Result<u64, Self::Error> {
        Ok(self.layout.content_len())
    }

    /// Reads and opens the frames that hold the range, one after the other. Nothing is kept for
    /// the next call.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let content = self.layout.content_len();
        let wanted = content.saturating_sub(offset).min(buffer.len() as u64);
        let plan = self.layout.plan(offset.min(content)..offset.min(content) + wanted)?;
        let mut range = self.file.range_decryptor(&self.layout, plan.content.clone())?;
        let (mut sealed, mut opened) = (vec![], Vec::new());
        let mut filled = 0;
        for frame in plan.frames {
            let at = self.layout.frame_range(frame);
            sealed.resize((at.end - at.start) as usize, 0);
            let read = read_full(&self.source, at.start, &mut sealed);
            if read.map_err(DecryptedError::Source)? < sealed.len() {
                return Err(OpenError::Length.into());
            }
            opened.clear();
            range.update(&sealed, &mut opened)?;
            buffer[filled..filled + opened.len()].copy_from_slice(&opened);
            filled += opened.len();
        }
        range.finish()?;
        Ok(filled)
    }
}

impl<S> fmt::Debug for Decrypted<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted").field("layout", &self.layout).finish_non_exhaustive()
    }
}
