//! The application key: from the environment, or saved by an earlier command.

mod error;
mod file;

pub(crate) use error::CredentialsError;
pub(crate) use file::CredentialsFile;

use std::path::PathBuf;

use b2::ApplicationKey;

use crate::environment::Environment;

/// An application key and where it is good.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) key_id: String,
    pub(crate) key: ApplicationKey,
    /// Where to authorize; `None` for production.
    pub(crate) realm: Option<String>,
    pub(crate) origin: Origin,
}

/// Where an application key comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Environment,
    File(PathBuf),
    /// The command line or a person.
    Given,
}

impl Authorization {
    pub(crate) fn of_the_environment(&self) -> bool {
        matches!(self.origin, Origin::Environment)
    }
}

/// The key of the environment, or else the saved one.
///
/// A saved key is only ever sent to the realm it was saved for.
pub(crate) fn find(
    environment: &Environment,
    file: impl FnOnce() -> Result<CredentialsFile, crate::failure::Failure>,
) -> Result<Authorization, crate::failure::Failure> {
    if let Some(found) = of_environment(environment)? {
        return Ok(found);
    }
    let found = file()?.load()?;
    let wanted = &environment.realm;
    if wanted.is_some() && *wanted != found.realm {
        return Err(CredentialsError::OtherRealm {
            saved: found.realm.unwrap_or_else(|| "production".to_owned()),
        }
        .into());
    }
    Ok(found)
}

/// The key of the environment, if it has one.
pub(crate) fn of_environment(
    environment: &Environment,
) -> Result<Option<Authorization>, CredentialsError> {
    match (&environment.key_id, &environment.key) {
        (Some(key_id), Some(key)) => Ok(Some(Authorization {
            key_id: key_id.clone(),
            key: key.clone(),
            realm: environment.realm.clone(),
            origin: Origin::Environment,
        })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(CredentialsError::Half("B2_APPLICATION_KEY")),
        (None, Some(_)) => Err(CredentialsError::Half("B2_APPLICATION_KEY_ID")),
    }
}
