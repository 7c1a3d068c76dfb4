//! Why a file could not be encrypted or decrypted.

use b2_crypto::legacy::{ProfileError, SuiteError};
use b2_crypto::{OpenError, SealError};

use crate::exit::Exit;

/// What the crate `b2-crypto` refuses, with what the shell is told about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EncryptionFailure {
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Suite(#[from] SuiteError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error("none of the {0} ways that were tried makes this beginning")]
    NoProfile(usize),
}

impl EncryptionFailure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Open(OpenError::WrongKey) => Exit::Auth,
            Self::Open(
                OpenError::HeaderTampered
                | OpenError::FrameTampered { .. }
                | OpenError::Length
                | OpenError::Malformed(_)
                | OpenError::Incomplete { .. },
            )
            | Self::Suite(SuiteError::Undecryptable) => Exit::ChecksumMismatch,
            Self::Suite(SuiteError::TooLong | SuiteError::Unaligned { .. }) => Exit::Other,
            Self::Profile(_)
            | Self::Suite(_)
            | Self::Seal(SealError::EmptyPassword | SealError::FrameSize) => Exit::Usage,
            _ => Exit::Other,
        }
    }

    pub(crate) fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Open(OpenError::WrongKey) => {
                "check the password; `b2 inspect` says who can open the file"
            }
            Self::Open(OpenError::NotEncrypted) => {
                "if another program encrypted it, say how: --suite with --key or --kdf"
            }
            Self::Open(
                OpenError::HeaderTampered
                | OpenError::FrameTampered { .. }
                | OpenError::Length
                | OpenError::Incomplete { .. },
            ) => "get the file again; nothing of it was kept",
            Self::Open(OpenError::TooCostly(_)) => {
                "have fewer passwords or cheaper ones, or keys in their place: the costs of all \
                 passwords of a file count together"
            }
            Self::Suite(SuiteError::UnknownName(_)) => "see `b2 encrypt --help` for the names",
            Self::Suite(SuiteError::Undecryptable) => "nothing of it was kept",
            Self::Profile(ProfileError::TooShort { .. }) => {
                "choose another --kdf-hash, or say how PBKDF1 goes on: --kdf-stretching"
            }
            Self::NoProfile(_) => {
                "check the password and the beginning, and name more of --kdf-iterations, \
                 --kdf-salt, --kdf-encoding and --suite"
            }
            _ => return None,
        };
        Some(advice.to_owned())
    }
}
