//! Why a file cannot be sealed or opened. No message ever holds a key, a password or content.

use crate::random::NoRandomness;

/// Why an encryption cannot begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Retry, or find out why the system has no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// Give at least one password or key, or nobody could ever decrypt the file.
    #[error("there is nobody to encrypt for: give a password or a key")]
    NoRecipient,
    /// Remove recipients, or shorten their labels.
    #[error("the recipients do not fit: at most 64, with labels of at most 255 bytes each")]
    TooManyRecipients,
    /// Give a password that is not empty.
    #[error("the password is empty")]
    EmptyPassword,
    /// Choose other parameters for the derivation of keys from passwords.
    #[error("the parameters of the key derivation are out of range")]
    Kdf,
    /// Free memory, or choose a derivation that takes less of it.
    #[error("there is not enough memory to derive a key from the password")]
    OutOfMemory,
    /// Choose a power of two from 1 KiB to 16 MiB.
    #[error("a frame has to be a power of two from 1024 to 16777216 bytes")]
    FrameSize,
    /// Tell the length of the content in advance, or do not hide it.
    #[error("the length can be hidden only if it is known before the encryption begins")]
    UnknownLength,
    /// Split the content.
    #[error("the content is longer than the format allows")]
    TooLong,
    /// The content had another length than was said before. Encrypt it again from the beginning.
    #[error("the content has another length than was said when its encryption began")]
    LengthChanged,
}

/// Why a file cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Give more of the file's beginning: at least this many bytes.
    #[error("the header is cut: {needed} bytes of it are needed")]
    Incomplete {
        /// How many bytes from the beginning of the file tell more.
        needed: usize,
    },
    /// The file was not made by this format. It may be plain, or made with a classic cipher.
    #[error("this is not a file of the encrypted format")]
    NotEncrypted,
    /// Use a newer release.
    #[error("the file has version {0} of the format, which this release does not know")]
    Version(u8),
    /// Use a newer release, or get the file again: it may be damaged.
    #[error("the header has a value that this release does not know: {0}")]
    Unknown(&'static str),
    /// Get the file again: it is damaged.
    #[error("the header is damaged: {0}")]
    Malformed(&'static str),
    /// Give another password or key.
    #[error("none of the file's recipients has this password or key")]
    WrongKey,
    /// Allow more, if the file is from someone you trust: see [`Limits`](crate::Limits).
    #[error("deriving the key would cost more than is allowed: {0}")]
    TooCostly(&'static str),
    /// Free memory, or use a machine that has more of it: the file itself is not at fault.
    #[error("there is not enough memory to derive a key from the password")]
    OutOfMemory,
    /// Whoever asked did not want to wait any longer. Ask again.
    #[error("the derivation of a key was stopped")]
    Stopped,
    /// The header was changed after it was made. Get the file again, or do not trust its source.
    #[error("the header was changed after it was made")]
    HeaderTampered,
    /// A frame was changed, moved, or comes from another file. Get the file again, or do not
    /// trust its source.
    #[error("frame {frame} was changed after it was made, or is not where it belongs")]
    FrameTampered {
        /// Its number, from 0.
        frame: u64,
    },
    /// Get the file again: its end is missing, or there is more than its end.
    #[error("the file is not as long as it was made")]
    Length,
    /// Ask for a range within the content.
    #[error("the range is not within the content")]
    Range,
}
