//! What fills the last block.

use subtle::{Choice, ConstantTimeEq as _, ConstantTimeLess as _};

use super::SuiteError;

/// How the last block is filled. The numbers are those of the `PaddingMode` known from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Padding {
    /// As many bytes as are missing, each of them that number; a whole block if none are missing.
    #[default]
    Pkcs7 = 0,
    /// Zeros until the block is full, nothing if it is. Decryption removes all zeros at the end of
    /// the last block, those of the content too: only for content that does not end in them.
    Zeros = 1,
    /// Nothing. The content has to be a multiple of the block.
    None = 2,
    /// Zeros, and their number with itself included in the last byte.
    AnsiX923 = 3,
    /// Anything, and the number in the last byte. This crate draws no randomness, so it fills
    /// with zeros, which every reader of this padding accepts.
    Iso10126 = 4,
}

/// The longest block there is.
pub(super) const LONGEST: usize = 32;

impl Padding {
    /// Fills `block` behind `used` bytes. Gives how many bytes of it to encrypt: none or all.
    pub(super) fn fill(self, block: &mut [u8], used: usize) -> Result<usize, SuiteError> {
        let len = block.len();
        // Blocks are at most 32 bytes long.
        let missing = (len - used) as u8;
        match self {
            Self::None if used == 0 => return Ok(0),
            Self::None => return Err(SuiteError::Unaligned { block: len }),
            Self::Zeros if used == 0 => return Ok(0),
            Self::Zeros => block[used..].fill(0),
            Self::Pkcs7 => block[used..].fill(missing),
            Self::AnsiX923 | Self::Iso10126 => {
                block[used..].fill(0);
                block[len - 1] = missing;
            }
        }
        Ok(len)
    }

    /// Whether the last block has to be held back until the end is known.
    pub(super) fn needs_last(self) -> bool {
        self != Self::None
    }

    /// How many bytes of the last block are content.
    ///
    /// The bytes are compared without a branch on their values.
    pub(super) fn strip(self, block: &[u8]) -> Result<usize, SuiteError> {
        let len = block.len();
        if matches!(self, Self::Zeros) {
            return Ok(block.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
        }
        let Some(&count) = block.last().filter(|_| self != Self::None) else {
            return Ok(len);
        };
        // Blocks are at most 32 bytes long.
        let limit = len as u8;
        let mut good = !count.ct_eq(&0) & !limit.ct_lt(&count);
        for (byte, behind) in block.iter().rev().zip(0_u8..) {
            let padding = behind.ct_lt(&count);
            let right = match self {
                Self::Pkcs7 => byte.ct_eq(&count),
                Self::AnsiX923 => byte.ct_eq(&0) | behind.ct_eq(&0),
                _ => Choice::from(1),
            };
            good &= !padding | right;
        }
        if bool::from(good) { Ok(len - usize::from(count)) } else { Err(SuiteError::Undecryptable) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_filled_is_stripped() {
        for padding in [Padding::Pkcs7, Padding::AnsiX923, Padding::Iso10126] {
            for len in [8, 16, 24, 32] {
                for used in 0..len {
                    let mut block = [0xaa; LONGEST];
                    assert_eq!(padding.fill(&mut block[..len], used), Ok(len));
                    assert_eq!(padding.strip(&block[..len]), Ok(used), "{padding:?}");
                }
            }
        }
    }

    #[test]
    fn what_no_encryption_makes_is_refused() {
        let wrong = Err(SuiteError::Undecryptable);
        for count in (9..=255).chain([0]) {
            let block = [count; 8];
            for padding in [Padding::Pkcs7, Padding::AnsiX923, Padding::Iso10126] {
                assert_eq!(padding.strip(&block), wrong, "{padding:?} {count}");
            }
        }
        assert_eq!(Padding::Pkcs7.strip(&[1, 1, 1, 1, 1, 3, 4, 4]), wrong);
        assert_eq!(Padding::AnsiX923.strip(&[1, 1, 1, 1, 1, 0, 1, 3]), wrong);
        assert_eq!(Padding::Iso10126.strip(&[1, 1, 1, 1, 1, 0, 1, 3]), Ok(5));
    }

    #[test]
    fn zeros_and_nothing() {
        assert_eq!(Padding::Zeros.strip(&[1, 0, 2, 0]), Ok(3));
        assert_eq!(Padding::Zeros.strip(&[0; 8]), Ok(0));
        assert_eq!(Padding::None.strip(&[0; 8]), Ok(8));
        assert_eq!(Padding::None.fill(&mut [0; 8], 3), Err(SuiteError::Unaligned { block: 8 }));
        assert_eq!(Padding::None.fill(&mut [0; 8], 0), Ok(0));
        assert_eq!(Padding::Zeros.fill(&mut [0; 8], 0), Ok(0));
    }
}
