//! The errors of the cipher suite as those of the client.

use std::io;

use b2_core::error::{
    ClientEncryptionError as Failure, ClientEncryptionErrorKind as Kind, Error, LocalError,
};
use b2_crypto::legacy::{ProfileError, SuiteError};
use b2_crypto::{EncryptedError, NameError, OpenError, SealError};

pub(crate) fn open(error: OpenError) -> Failure {
    let kind = match error {
        OpenError::WrongKey => Kind::WrongKey,
        OpenError::NotEncrypted | OpenError::Version(_) | OpenError::Unknown(_) => {
            Kind::NotEncrypted
        }
        OpenError::TooCostly(_) => Kind::TooCostly,
        OpenError::OutOfMemory => Kind::OutOfMemory,
        OpenError::Range => Kind::Range,
        _ => Kind::Damaged,
    };
    Failure::new(kind).with_source(error)
}

pub(crate) fn seal(error: SealError) -> Failure {
    let kind = match error {
        SealError::OutOfMemory => Kind::OutOfMemory,
        _ => Kind::CannotEncrypt,
    };
    Failure::new(kind).with_source(error)
}

pub(crate) fn suite(error: SuiteError) -> Failure {
    let kind = match error {
        SuiteError::Undecryptable => Kind::Undecryptable,
        _ => Kind::CannotEncrypt,
    };
    Failure::new(kind).with_source(error)
}

/// A file that a classic cipher decrypts, and that has not the length that was said.
pub(crate) fn another_length(said: u64, found: u64) -> Failure {
    Failure::new(Kind::Undecryptable).with_source(AnotherLength { said, found })
}

#[derive(Debug, thiserror::Error)]
#[error(
    "it has {found} bytes, and would have {said} for the length in the file information: it was cut \
     or exchanged, or has another suite or padding"
)]
struct AnotherLength {
    said: u64,
    found: u64,
}

pub(crate) fn profile(error: ProfileError) -> Failure {
    match error {
        ProfileError::Suite(error) => suite(error),
        error => Failure::new(Kind::CannotEncrypt).with_source(error),
    }
}

pub(crate) fn name(error: NameError) -> Failure {
    Failure::new(Kind::Name).with_source(error)
}

/// What reading the source of an encrypted upload gives.
pub(crate) fn read(error: EncryptedError<io::Error>) -> io::Error {
    match error {
        EncryptedError::Source(error) => error,
        EncryptedError::Seal(error) => io::Error::other(error),
        other => io::Error::other(other.to_string()),
    }
}

/// A failure on its way through something that knows errors of the system
/// only.
pub(crate) fn into_io(failure: Failure) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, failure)
}

/// The failure that went that way.
pub(crate) fn told(error: Error) -> Error {
    match &error {
        Error::Local(LocalError { source, .. }) => {
            let failure = source.get_ref().and_then(|inner| inner.downcast_ref::<Failure>());
            failure.cloned().map_or(error, Error::ClientEncryption)
        }
        _ => error,
    }
}
