//! Why there is no application key to use.

use std::io;
use std::path::PathBuf;

use crate::exit::Exit;

/// Why there is no application key to use, or why it could not be saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("no application key is given or saved")]
    Missing,
    #[error("{0} is not set, but its other half is")]
    Half(&'static str),
    #[error("the saved key is for {saved}, and B2_ENVIRONMENT says otherwise")]
    OtherRealm { saved: String },
    #[error("{} can be read by others (mode {mode:04o})", path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("{} was not written by this program", path.display())]
    Foreign { path: PathBuf },
    #[error("{} was written by a newer version of this program", path.display())]
    Newer { path: PathBuf },
    #[error("cannot {verb} {}", path.display())]
    Io { verb: &'static str, path: PathBuf, source: io::Error },
    #[error("there is no home folder to keep a key in")]
    NoHome,
    #[error("a profile is named by letters, digits, `-` and `_`")]
    ProfileName,
    #[error("B2_ACCOUNT_INFO names the file, so --profile cannot")]
    TwoPlaces,
}

impl CredentialsError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Missing => Exit::Auth,
            Self::Half(_)
            | Self::OtherRealm { .. }
            | Self::ProfileName
            | Self::TwoPlaces
            | Self::NoHome => Exit::Usage,
            Self::Exposed { .. } | Self::Foreign { .. } | Self::Newer { .. } | Self::Io { .. } => {
                Exit::LocalFile
            }
        }
    }

    pub(crate) fn advice(&self) -> Option<String> {
        Some(match self {
            Self::Missing => "set B2_APPLICATION_KEY_ID and B2_APPLICATION_KEY, \
                              or run `b2 account authorize`"
                .to_owned(),
            Self::OtherRealm { .. } => {
                "unset B2_ENVIRONMENT, or run `b2 account authorize` for the other place".to_owned()
            }
            Self::Exposed { path, .. } => {
                format!(
                    "run `chmod 600 {}`; replace the key if others may have read it",
                    path.display()
                )
            }
            Self::Foreign { .. } => {
                "set B2_ACCOUNT_INFO to a file that this program may write".to_owned()
            }
            Self::NoHome => "set B2_ACCOUNT_INFO to a file".to_owned(),
            _ => return None,
        })
    }
}
