//! The ciphers that private keys are locked with.

use aes::cipher::{Block, BlockModeDecrypt, KeyIvInit, StreamCipher};
use aes::{Aes128, Aes192, Aes256};
use zeroize::Zeroizing;

/// A cipher of a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Ctr(usize),
    Cbc(usize),
}

impl Cipher {
    /// By the name of SSH.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"aes128-ctr" => Self::Ctr(16),
            b"aes192-ctr" => Self::Ctr(24),
            b"aes256-ctr" => Self::Ctr(32),
            b"aes128-cbc" => Self::Cbc(16),
            b"aes192-cbc" => Self::Cbc(24),
            b"aes256-cbc" => Self::Cbc(32),
            _ => return None,
        })
    }

    /// Bytes of the key.
    pub(super) fn key_len(self) -> usize {
        let (Self::Ctr(len) | Self::Cbc(len)) = self;
        len
    }

    /// The plain bytes; `None` if these are not whole blocks.
    pub(super) fn open(self, key: &[u8], iv: &[u8], locked: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(locked.to_vec());
        match self {
            Self::Ctr(16) => {
                ctr::Ctr128BE::<Aes128>::new_from_slices(key, iv).ok()?.apply_keystream(&mut bytes)
            }
            Self::Ctr(24) => {
                ctr::Ctr128BE::<Aes192>::new_from_slices(key, iv).ok()?.apply_keystream(&mut bytes)
            }
            Self::Ctr(_) => {
                ctr::Ctr128BE::<Aes256>::new_from_slices(key, iv).ok()?.apply_keystream(&mut bytes)
            }
            Self::Cbc(16) => {
                blocks(cbc::Decryptor::<Aes128>::new_from_slices(key, iv).ok()?, &mut bytes)?
            }
            Self::Cbc(24) => {
                blocks(cbc::Decryptor::<Aes192>::new_from_slices(key, iv).ok()?, &mut bytes)?
            }
            Self::Cbc(_) => {
                blocks(cbc::Decryptor::<Aes256>::new_from_slices(key, iv).ok()?, &mut bytes)?
            }
        }
        Some(bytes)
    }
}

fn blocks<M: BlockModeDecrypt>(mut mode: M, bytes: &mut [u8]) -> Option<()> {
    let len = Block::<M>::default().len();
    if !bytes.len().is_multiple_of(len) {
        return None;
    }
    for piece in bytes.chunks_exact_mut(len) {
        let block: &mut Block<M> = piece.try_into().ok()?;
        mode.decrypt_block(block);
    }
    Some(())
}
