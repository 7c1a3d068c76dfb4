//! What goes wrong with encryption on this side.

use std::sync::Arc;

/// Content that is encrypted on this side could not be encrypted or opened.
///
/// Made by whoever encrypts; the machines know nothing of it. No message holds
/// a key, a password or content.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
#[non_exhaustive]
pub struct ClientEncryptionError {
    /// What went wrong.
    pub kind: ClientEncryptionErrorKind,
    /// The cipher suite's own error.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong with encryption on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientEncryptionErrorKind {
    /// Give another password or key. Found out before any content is fetched.
    #[error("the file was encrypted for another password or key")]
    WrongKey,
    /// Download it without decrypting it.
    #[error("the file is not encrypted, or not in a format that is known here")]
    NotEncrypted,
    /// What is stored was changed, cut or exchanged. Nothing of the damaged
    /// part was handed out.
    #[error("the encrypted file was changed after it was made")]
    Damaged,
    /// Ask for bytes that the file has.
    #[error("the range is not within the content")]
    Range,
    /// The header asks for more work than is allowed.
    #[error("the header of the file asks for too much work")]
    TooCostly,
    /// This machine has too little free memory to derive a key from the
    /// password. The file is not at fault.
    #[error("there is not enough memory to derive a key")]
    OutOfMemory,
    /// Change what was asked for: nothing can be encrypted like this.
    #[error("the content cannot be encrypted like this")]
    CannotEncrypt,
    /// The content does not decrypt: a classic cipher cannot tell why.
    #[error("the content does not decrypt")]
    Undecryptable,
    /// The name was not encrypted with this key, or cannot be encrypted.
    #[error("the name cannot be encrypted or decrypted")]
    Name,
}

impl ClientEncryptionError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: ClientEncryptionErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds the cause. It must not print secrets.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    pub(crate) fn advice(&self) -> Option<String> {
        let text = match self.kind {
            ClientEncryptionErrorKind::WrongKey => {
                "give the password or key that it was encrypted with"
            }
            ClientEncryptionErrorKind::NotEncrypted => {
                "download it without decrypting it, or with the classic cipher that made it"
            }
            ClientEncryptionErrorKind::Damaged => {
                "try again; if it happens again, do not trust what is stored, and look for an older version of the file"
            }
            ClientEncryptionErrorKind::TooCostly => "do not open it unless you trust its maker",
            ClientEncryptionErrorKind::OutOfMemory => {
                "free some memory, or use a machine that has more"
            }
            ClientEncryptionErrorKind::Undecryptable => {
                "check key, initialization vector and cipher; if they are right, the file is damaged"
            }
            ClientEncryptionErrorKind::Range
            | ClientEncryptionErrorKind::CannotEncrypt
            | ClientEncryptionErrorKind::Name => return None,
        };
        Some(text.to_owned())
    }
}
