//! Decryption frame by frame, in any order.

use alloc::vec::Vec;
use core::fmt;

use super::OpenFile;
use crate::error::OpenError;
use crate::format::frame::FrameOpener;
use crate::format::layout::Layout;

/// Opens the frames of a file one by one, in any order, as parallel requests bring them.
///
/// It does not know which frames were opened: whoever wants the whole file counts them.
pub struct FrameDecryptor {
    file: OpenFile,
    opener: FrameOpener,
    layout: Layout,
}

impl FrameDecryptor {
    pub(super) fn new(file: OpenFile, layout: Layout) -> Self {
        let opener = file.opener();
        Self { file, opener, layout }
    }

    /// Where the frames are.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Takes all bytes of one frame and appends the content that they prove to be genuine: that of
    /// its [range](Layout::content_range), which may be nothing.
    ///
    /// # Errors
    ///
    /// If the frame is not genuine, or not where it belongs; nothing is appended then.
    pub fn open(
        &mut self,
        frame: u64,
        ciphertext: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let content = self.layout.content_range(frame)?;
        let range = self.layout.frame_range(frame);
        if ciphertext.len() as u64 != range.end - range.start {
            return Err(OpenError::Length);
        }
        let before = output.len();
        let sealed = self.layout.sealed_range(frame);
        output.resize(before + (sealed.end - sealed.start) as usize, 0);
        let number = (frame, self.layout.is_last(frame));
        let text = &mut output[before..];
        let opened = self.opener.open(&self.file.schedule, number, ciphertext, text);
        let kept = if opened.is_ok() { (content.end - content.start) as usize } else { 0 };
        output.truncate(before + kept);
        opened
    }
}

impl fmt::Debug for FrameDecryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameDecryptor").field("layout", &self.layout).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::{
        Header, Limits, NewFile, NoRandomness, RawKey, ReadAt as _, Recipient, SealOptions,
    };

    #[test]
    fn frames_open_in_any_order_and_only_where_they_belong() {
        let mut random = |bytes: &mut [u8]| {
            bytes.fill(4);
            Ok::<(), NoRandomness>(())
        };
        let recipient = Recipient::raw_key(RawKey::new([7; 32]));
        let options = SealOptions::default().with_frame_size(1024).with_hidden_length(true);
        let content: Vec<u8> = (0..70_000_u32).map(|i| (i % 251) as u8).collect();
        let recipients = core::slice::from_ref(&recipient);
        let file = NewFile::new(recipients, &options, Some(70_000), &mut random).unwrap();
        let sealed = file.encrypt(content.clone()).unwrap();
        let mut ciphertext = vec![0; sealed.layout().ciphertext_len() as usize];
        sealed.read_at(0, &mut ciphertext).unwrap();

        let header = Header::parse(&ciphertext).unwrap();
        let open = header.unlock(&recipient.unlock(), &Limits::default()).unwrap();
        let layout = open.layout(ciphertext.len() as u64).unwrap();
        let mut frames = open.frame_decryptor(&layout);
        let frame = |number| {
            let range = layout.ciphertext_range(number).unwrap();
            assert_eq!(layout.frame_of(range.start), Ok(number));
            assert_eq!(layout.frame_of(range.end - 1), Ok(number));
            &ciphertext[range.start as usize..range.end as usize]
        };
        for number in (0..layout.frames()).rev() {
            let mut output = vec![1, 2];
            frames.open(number, frame(number), &mut output).unwrap();
            let range = layout.content_range(number).unwrap();
            assert_eq!(output[2..], content[range.start as usize..range.end as usize]);
        }
        let mut output = vec![1, 2];
        let moved = frames.open(3, frame(4), &mut output);
        assert_eq!(moved, Err(OpenError::FrameTampered { frame: 3 }));
        assert_eq!(frames.open(3, &frame(3)[1..], &mut output), Err(OpenError::Length));
        assert_eq!(frames.open(layout.frames(), frame(3), &mut output), Err(OpenError::Range));
        assert_eq!(output, [1, 2]);
        assert_eq!(layout.frame_of(10), Err(OpenError::Range));
    }
}
