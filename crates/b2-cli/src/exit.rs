//! What the shell is told.

use std::process::ExitCode;

use b2::{ApiError, ClientEncryptionErrorKind, Error, ErrorCode, Remedy, RequestError};

/// The exit codes of this program. Scripts rely on them: a number is never
/// given another meaning. `docs/guide/cli.md` lists them for users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    #[default]
    Ok = 0,
    /// A failure that no other code describes.
    Other = 1,
    /// The command line, the environment or a name breaks a rule.
    Usage = 2,
    /// There is no such bucket.
    BucketNotFound = 3,
    /// There is no such file.
    FileNotFound = 4,
    /// The network or B2 failed; the same command may succeed later.
    Temporary = 5,
    /// The application key is wrong, expired or missing.
    Auth = 6,
    /// The application key lacks a capability or is restricted.
    NotAllowed = 7,
    /// A cap of the account is reached.
    CapExceeded = 8,
    /// The content does not match its digest.
    ChecksumMismatch = 9,
    /// A local file exists, is missing, is unreadable, or the disk is full.
    LocalFile = 10,
    /// SIGINT, usually Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// The number the shell sees.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The code for an error of the library.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Api { operation, source } => Self::of_answer(operation, source),
            Error::Transport { .. } | Error::Unconfirmed { .. } => Self::Temporary,
            Error::Exhausted { last, .. } => match Self::of(last) {
                Self::Other => Self::Temporary,
                known => known,
            },
            Error::Integrity(_) => Self::ChecksumMismatch,
            Error::Local(_) => Self::LocalFile,
            Error::ClientEncryption(error) => Self::of_encryption(error.kind),
            Error::Request { source, .. } => Self::of_request(source),
            Error::Cancelled => Self::Interrupted,
            _ => Self::Other,
        }
    }

    fn of_encryption(kind: ClientEncryptionErrorKind) -> Self {
        use ClientEncryptionErrorKind::{
            CannotEncrypt, Damaged, Name, Range, Undecryptable, WrongKey,
        };
        match kind {
            WrongKey => Self::Auth,
            Damaged | Undecryptable => Self::ChecksumMismatch,
            CannotEncrypt | Name | Range => Self::Usage,
            _ => Self::Other,
        }
    }

    fn of_answer(operation: &str, answer: &ApiError) -> Self {
        use ErrorCode::{
            AccessDenied, BadBucketId, BadSha1Checksum, FileNotPresent, InvalidBucketId,
            InvalidFileId, NoSuchFile, NotFound, PartSha1Mismatch, Unauthorized, Unsupported,
        };
        if answer.lacking.is_some() {
            return Self::NotAllowed;
        }
        match &answer.code {
            code if code.is_about_cap() => Self::CapExceeded,
            code if code.is_about_token() => Self::Auth,
            Unsupported => Self::Auth,
            Unauthorized if operation == "b2_authorize_account" => Self::Auth,
            Unauthorized | AccessDenied => Self::NotAllowed,
            BadBucketId | InvalidBucketId => Self::BucketNotFound,
            NotFound | NoSuchFile | FileNotPresent | InvalidFileId => Self::FileNotFound,
            BadSha1Checksum | PartSha1Mismatch => Self::ChecksumMismatch,
            _ => match answer.remedy {
                Remedy::Retry { .. } | Remedy::FreshUploadUrl => Self::Temporary,
                _ => Self::Other,
            },
        }
    }

    fn of_request(request: &RequestError) -> Self {
        match request {
            RequestError::NoSuchBucket { restriction: None, .. } => Self::BucketNotFound,
            // The bucket may well exist; the key would not know.
            RequestError::NoSuchBucket { .. }
            | RequestError::OutsideRestriction { .. }
            | RequestError::OutsideBuckets { .. }
            | RequestError::Lacking(_) => Self::NotAllowed,
            _ => Self::Usage,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
