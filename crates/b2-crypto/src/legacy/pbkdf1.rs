//! PBKDF1 (RFC 8018, section 5.1), and what software does when its output is too short.

use super::ProfileError;
use super::hash::{Buffer, Hash};

/// How PBKDF1 is made to give more bytes than its hash has.
///
/// The standard gives at most one digest. Each rule here gives the standard's output as long as
/// that is enough, except [`CryptDeriveKey`](Self::CryptDeriveKey), and
/// [`DotNet`](Self::DotNet) with a single iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stretching {
    /// Not at all: longer output is refused, as the standard says.
    None,
    /// OpenSSL's `EVP_BytesToKey`: each further block is the same computation with the block
    /// before in front of the password.
    #[default]
    OpenSsl,
    /// .NET's `PasswordDeriveBytes`, asked once for everything: each further block is the last
    /// hash with a decimal counter in front, from 1 on. One iteration gives the same as two. Who
    /// asks twice gets other bytes: see [`KeyThenIvApart`](super::KeyOrder::KeyThenIvApart).
    DotNet,
    /// Windows' `CryptDeriveKey`: the digest is mixed into two blocks of 0x36 and 0x5c, and the
    /// digests of both are the output; at most two digests.
    CryptDeriveKey,
}

impl Stretching {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::OpenSsl, Self::DotNet, Self::CryptDeriveKey];
}

/// Fills `output` from a password and a salt.
///
/// ```
/// use b2_crypto::legacy::{Hash, Stretching, pbkdf1};
///
/// # fn main() -> Result<(), b2_crypto::legacy::ProfileError> {
/// let mut key = [0; 16];
/// pbkdf1(Hash::Sha1, b"password", &[0x78, 0x57, 0x8E, 0x5A, 0x5D, 0x63, 0xCB, 0x06], 1000,
///     Stretching::None, &mut key)?;
/// assert_eq!(key[..4], [0xdc, 0x19, 0x84, 0x7e]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the rule cannot give that many bytes, or if there are no iterations.
pub fn pbkdf1(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    stretching: Stretching,
    output: &mut [u8],
) -> Result<(), ProfileError> {
    let again = iterations.checked_sub(1).ok_or(ProfileError::NoIterations)?;
    let len = hash.digest_len();
    let limit = match stretching {
        Stretching::None => len,
        Stretching::CryptDeriveKey => 2 * len,
        _ => usize::MAX,
    };
    if output.len() > limit {
        return Err(ProfileError::TooShort { limit, wanted: output.len() });
    }
    match stretching {
        Stretching::None | Stretching::OpenSsl => chained(hash, password, salt, again, output),
        Stretching::DotNet => counted(hash, password, salt, again, output),
        Stretching::CryptDeriveKey => {
            let digest = hash.digest(&[password, salt], again);
            let halves = output.chunks_mut(len).zip([0x36, 0x5c]);
            halves.for_each(|(half, fill)| mixed(hash, &digest[..len], fill, half));
        }
    }
    Ok(())
}

fn chained(hash: Hash, password: &[u8], salt: &[u8], again: u32, output: &mut [u8]) {
    let len = hash.digest_len();
    let mut before: Option<Buffer> = None;
    for piece in output.chunks_mut(len) {
        let block = match &before {
            None => hash.digest(&[password, salt], again),
            Some(block) => hash.digest(&[prefix(block, len), password, salt], again),
        };
        piece.copy_from_slice(&block[..piece.len()]);
        before = Some(block);
    }
}

fn prefix(block: &[u8; 64], len: usize) -> &[u8] {
    &block[..len]
}

fn counted(hash: Hash, password: &[u8], salt: &[u8], again: u32, output: &mut [u8]) {
    let len = hash.digest_len();
    // All hashes but the last, which the counter enters. Password and salt are hashed once in any
    // case, so that one iteration gives the same as two.
    let base = hash.digest(&[password, salt], again.saturating_sub(1));
    for (number, piece) in output.chunks_mut(len).enumerate() {
        let decimal = alloc::format!("{number}");
        let counter = if number == 0 { &[] } else { decimal.as_bytes() };
        let block = hash.digest(&[counter, prefix(&base, len)], 0);
        piece.copy_from_slice(&block[..piece.len()]);
    }
}

fn mixed(hash: Hash, digest: &[u8], fill: u8, output: &mut [u8]) {
    // Of this length whatever the hash, as the documentation of the function has it.
    let mut block = zeroize::Zeroizing::new([fill; 64]);
    block.iter_mut().zip(digest).for_each(|(cell, byte)| *cell ^= byte);
    output.copy_from_slice(&hash.digest(&[&*block], 0)[..output.len()]);
}
