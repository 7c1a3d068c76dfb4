//! Why a command did not do what it was asked for.

use std::error::Error as StdError;
use std::io;

use b2::{BuildError, Error, LocalError};

use crate::command::EncryptionFailure;
use crate::credentials::CredentialsError;
use crate::exit::Exit;
use crate::redact;
use crate::setting::SettingFailure;
use crate::signals::Stop;

/// Why a command failed. Each level prints only itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    B2(#[from] Error),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Says what was being done when another failure happened.
    #[error("{what}")]
    During { what: String, source: Box<Self> },
    #[error("{what}")]
    Local { what: String, source: io::Error },
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Setting(#[from] SettingFailure),
    #[error("no file named {name} in {bucket}")]
    NoSuchFile { bucket: String, name: String },
    #[error("nothing was deleted, as you did not agree")]
    Declined,
    #[error("{failed} could not be deleted")]
    NotAllDeleted { failed: u64, exit: Exit },
    #[error(transparent)]
    Encryption(#[from] EncryptionFailure),
    #[error(transparent)]
    Emulator(#[from] b2_emulator::command::CommandError),
    #[error("{0}")]
    Stopped(Stop),
    /// The reader of standard output has gone. Not worth a word.
    #[error("nobody reads the output")]
    PipeClosed,
}

impl Failure {
    /// Something local failed; `what` is a clause, such as `cannot read x`.
    pub(crate) fn local(what: impl Into<String>, source: io::Error) -> Self {
        Self::Local { what: what.into(), source }
    }

    /// Standard output could not be written.
    pub(crate) fn stdout(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::local("standard output cannot be written", source),
        }
    }

    /// Wraps this failure in what was being done.
    pub(crate) fn during(self, what: impl Into<String>) -> Self {
        match self {
            Self::PipeClosed => self,
            cause => Self::During { what: what.into(), source: Box::new(cause) },
        }
    }

    /// What the shell is told.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::B2(error) => Exit::of(error),
            Self::Credentials(error) => error.exit(),
            Self::Encryption(failure) => failure.exit(),
            Self::During { source, .. } => source.exit(),
            Self::Local { .. } => Exit::LocalFile,
            Self::Usage(_) | Self::Setting(_) | Self::Build(BuildError::Settings(_)) => Exit::Usage,
            Self::NoSuchFile { .. } => Exit::FileNotFound,
            Self::NotAllDeleted { exit, .. } => *exit,
            Self::Stopped(stop) => stop.exit(),
            Self::PipeClosed => Exit::Ok,
            Self::Build(_) | Self::Declined | Self::Emulator(_) => Exit::Other,
        }
    }

    /// What a person can do next, as a sentence without a full stop.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Self::Credentials(error) => error.advice(),
            Self::Encryption(failure) => failure.advice(),
            Self::Setting(failure) => failure.advice(),
            Self::During { source, .. } => source.advice(),
            Self::B2(Error::Local(local))
                if local.source.kind() == io::ErrorKind::AlreadyExists =>
            {
                Some("choose another name, or say --overwrite".to_owned())
            }
            _ => self.b2().and_then(Error::advice),
        }
    }

    /// The library's error, if there is one.
    pub(crate) fn b2(&self) -> Option<&Error> {
        match self {
            Self::B2(error) => Some(error),
            Self::During { source, .. } => source.b2(),
            _ => None,
        }
    }

    /// What happened and what led to it, the nearest first. Never empty.
    pub(crate) fn chain(&self) -> Vec<String> {
        match self {
            Self::During { what, source } => {
                let mut chain = vec![what.clone()];
                chain.extend(source.chain());
                chain
            }
            // That a call "cannot be asked for" says less than why.
            Self::B2(Error::Request { source, .. }) => chain_of(source),
            other => chain_of(other),
        }
    }
}

fn chain_of(error: &dyn StdError) -> Vec<String> {
    let said = std::iter::successors(Some(error), |error| (*error).source());
    said.map(|error| redact::tokens(&error.to_string()).into_owned()).collect()
}

/// Whether a transfer ended because the reader of its output has gone.
pub(crate) fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Local(LocalError { side: b2::Side::Sink, source, .. })
        if source.kind() == io::ErrorKind::BrokenPipe)
}
