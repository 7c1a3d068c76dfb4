//! Why a classic cipher cannot be set up or does not finish.

use alloc::string::String;

use super::Algorithm;

/// Why encryption or decryption with a [`Suite`](super::Suite) failed. Never tells a key or a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// Give a key of another length.
    #[error("{algorithm} takes keys of {} bytes, not {given}", algorithm.key_lengths())]
    KeyLength {
        /// The cipher.
        algorithm: Algorithm,
        /// The length that was given.
        given: usize,
    },
    /// The suite's name says how long the key is. Give such a key.
    #[error("this suite takes keys of {expected} bytes, not {given}")]
    NamedKeyLength {
        /// The length that the name says.
        expected: usize,
        /// The length that was given.
        given: usize,
    },
    /// Give an initialization vector of another length.
    #[error("{algorithm} takes an initialization vector of {expected} bytes, not {given}")]
    IvLength {
        /// The cipher.
        algorithm: Algorithm,
        /// The lengths that it takes.
        expected: &'static str,
        /// The length that was given.
        given: usize,
    },
    /// An option of the suite is out of its range.
    #[error("{0}")]
    Option(&'static str),
    /// No suite has this name.
    #[error("there is no suite called {0}")]
    UnknownName(String),
    /// ECB shows which blocks are equal. Use CBC, or better the authenticated format.
    #[error("ECB is refused, as it shows which blocks of the content are equal; use CBC")]
    Ecb,
    /// Without padding the content has to be a multiple of the block. Choose another padding.
    #[error("the content is no multiple of {block} bytes, and the suite has no padding")]
    Unaligned {
        /// The block size in bytes.
        block: usize,
    },
    /// Decryption found what encryption never makes: the file was cut or changed, or the key, the
    /// initialization vector or the suite is another. Which of them, nobody can know.
    #[error("the content does not decrypt: wrong key or settings, or a damaged file")]
    Undecryptable,
    /// The cipher's counter is used up. Split the content and use another nonce for each piece.
    #[error("the content is longer than one nonce of this cipher may encrypt")]
    TooLong,
}

/// Why a [`Profile`](super::Profile) does not give a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// RFC 8018 asks for at least one.
    #[error("the number of iterations must be at least 1")]
    NoIterations,
    /// The rule of the profile cannot make that many bytes. Choose another rule or longer hash.
    #[error("this derivation gives at most {limit} bytes, and {wanted} are needed")]
    TooShort {
        /// How many bytes the rule makes.
        limit: usize,
        /// How many key and initialization vector need.
        wanted: usize,
    },
    /// The password has characters that the encoding lacks.
    #[error("the password has characters that the chosen encoding lacks")]
    Encoding,
    /// The suite refuses what was derived.
    #[error(transparent)]
    Suite(#[from] SuiteError),
}
