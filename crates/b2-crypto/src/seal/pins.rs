//! What each frame was when it was sealed first.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::format::frame::TAG_LEN;

/// Eight bytes for each frame: the beginning of its first tag.
///
/// Sealing again with the same nonce is harmless if the content is the same, and then the tag is
/// the same too. If it is not, the new ciphertext must not leave this crate: the two together
/// would give both contents away. Eight bytes suffice, since whoever changes the source does not
/// know the key of the tags and gets one try for each frame.
pub(crate) struct Pins(Vec<AtomicU64>);

impl Pins {
    pub(crate) fn new(frames: u64) -> Option<Self> {
        let frames = usize::try_from(frames).ok()?;
        let mut pins = Vec::new();
        pins.try_reserve_exact(frames).ok()?;
        pins.resize_with(frames, AtomicU64::default);
        Some(Self(pins))
    }

    /// Whether every frame was sealed once.
    pub(crate) fn complete(&self) -> bool {
        self.0.iter().all(|pin| pin.load(Ordering::Acquire) != 0)
    }

    /// Whether the frame was never sealed before, or is what it was then. Several threads may ask
    /// at once; the first one decides for all.
    pub(crate) fn holds(&self, frame: u64, tag: &[u8; TAG_LEN]) -> bool {
        let [a, b, c, d, e, f, g, h, ..] = *tag;
        // 0 means that nothing was sealed yet, so that value gives way to another.
        let seen = u64::from_be_bytes([a, b, c, d, e, f, g, h]).max(1);
        let Some(pin) = usize::try_from(frame).ok().and_then(|frame| self.0.get(frame)) else {
            return false;
        };
        match pin.compare_exchange(0, seen, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(before) => before == seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tag_decides() {
        let pins = Pins::new(2).unwrap();
        assert!(pins.holds(0, &[7; 16]));
        assert!(pins.holds(0, &[7; 16]));
        assert!(!pins.holds(0, &[8; 16]));
        assert!(!pins.complete());
        assert!(pins.holds(1, &[0; 16]));
        assert!(pins.complete());
        assert!(!pins.holds(1, &[8; 16]));
        assert!(!pins.holds(2, &[7; 16]));
    }
}
