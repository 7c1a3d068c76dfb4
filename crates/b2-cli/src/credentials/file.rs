//! A file that keeps one application key.
//!
//! One file for each profile: no process ever has to merge another one's
//! changes, so no lock is needed, and a file is replaced in one step.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use b2::ApplicationKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::credentials::{Authorization, CredentialsError, Origin};
use crate::destination;

/// The format that this program writes, and the newest it reads.
const FORMAT: u32 = 1;

/// Where one key is saved.
#[derive(Debug)]
pub(crate) struct CredentialsFile {
    path: PathBuf,
}

/// What is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    b2_credentials: u32,
    application_key_id: &'a str,
    application_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    realm: Option<&'a str>,
}

/// What is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    application_key_id: String,
    application_key: ApplicationKey,
    realm: Option<String>,
}

/// The member that every version of this program can read.
const FORMAT_MEMBER: &str = "b2Credentials";

impl CredentialsFile {
    /// The file that `chosen` names, or the one of a profile in the folder
    /// for configuration.
    pub(crate) fn locate(
        chosen: Option<&Path>,
        profile: Option<&str>,
    ) -> Result<Self, CredentialsError> {
        let path = match (chosen, profile) {
            (Some(_), Some(_)) => return Err(CredentialsError::TwoPlaces),
            (Some(path), None) => path.to_owned(),
            (None, profile) => folder()?.join(file_name(profile)?),
        };
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The key that was saved.
    pub(crate) fn load(&self) -> Result<Authorization, CredentialsError> {
        let content = self.content()?.ok_or(CredentialsError::Missing)?;
        self.check_private()?;
        let foreign = |_| CredentialsError::Foreign { path: self.path.clone() };
        let read: Read = serde_json::from_slice(&content).map_err(foreign)?;
        Ok(Authorization {
            key_id: read.application_key_id,
            key: read.application_key,
            realm: read.realm,
            origin: Origin::File(self.path.clone()),
        })
    }

    /// Saves a key, for the eyes of its owner. A file of another program is
    /// not replaced.
    pub(crate) fn save(&self, authorization: &Authorization) -> Result<(), CredentialsError> {
        self.content()?;
        let written = Written {
            b2_credentials: FORMAT,
            application_key_id: &authorization.key_id,
            application_key: authorization.key.expose(),
            realm: authorization.realm.as_deref(),
        };
        self.replace(&written).map_err(|source| self.failed("write", source))
    }

    /// Removes the key; `false` if there was none.
    pub(crate) fn clear(&self) -> Result<bool, CredentialsError> {
        if self.content()?.is_none() {
            return Ok(false);
        }
        fs::remove_file(&self.path).map_err(|source| self.failed("remove", source))?;
        Ok(true)
    }

    /// The content, if there is a file, and if it is one of ours.
    fn content(&self) -> Result<Option<Vec<u8>>, CredentialsError> {
        let content = match fs::read(&self.path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", error)),
        };
        let foreign = |_| CredentialsError::Foreign { path: self.path.clone() };
        let members: Map<String, Value> = serde_json::from_slice(&content).map_err(foreign)?;
        match members.get(FORMAT_MEMBER).and_then(Value::as_u64) {
            None => Err(CredentialsError::Foreign { path: self.path.clone() }),
            Some(newer) if newer > u64::from(FORMAT) => {
                Err(CredentialsError::Newer { path: self.path.clone() })
            }
            Some(_) => Ok(Some(content)),
        }
    }

    /// Writes a file of mode 0600 beside the old one and puts it in its place.
    fn replace(&self, written: &Written<'_>) -> io::Result<()> {
        let folder = destination::folder(&self.path);
        create_private_folder(folder)?;
        let mut file = tempfile::Builder::new().prefix(".credentials-").tempfile_in(folder)?;
        serde_json::to_writer_pretty(&mut file, written)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    #[cfg(unix)]
    fn check_private(&self) -> Result<(), CredentialsError> {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(&self.path).map_err(|source| self.failed("read", source))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(CredentialsError::Exposed { path: self.path.clone(), mode });
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_private(&self) -> Result<(), CredentialsError> {
        // A profile folder is private to its user by default.
        Ok(())
    }

    fn failed(&self, verb: &'static str, source: io::Error) -> CredentialsError {
        CredentialsError::Io { verb, path: self.path.clone(), source }
    }
}

fn folder() -> Result<PathBuf, CredentialsError> {
    let home = directories::BaseDirs::new().ok_or(CredentialsError::NoHome)?;
    Ok(home.config_dir().join("b2"))
}

fn file_name(profile: Option<&str>) -> Result<String, CredentialsError> {
    let Some(profile) = profile else {
        return Ok("credentials.json".to_owned());
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if profile.is_empty() || !profile.bytes().all(fits) {
        return Err(CredentialsError::ProfileName);
    }
    Ok(format!("credentials-{profile}.json"))
}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization() -> Authorization {
        Authorization {
            key_id: "004b".to_owned(),
            key: ApplicationKey::from("K004"),
            realm: Some("http://127.0.0.1:1".to_owned()),
            origin: Origin::Given,
        }
    }

    fn in_folder(folder: &Path) -> CredentialsFile {
        CredentialsFile::locate(Some(&folder.join("new/key.json")), None).unwrap()
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let file = in_folder(folder.path());
        assert!(matches!(file.load(), Err(CredentialsError::Missing)));
        file.save(&authorization()).unwrap();
        file.save(&authorization()).unwrap();
        let back = file.load().unwrap();
        assert_eq!((back.key_id.as_str(), back.key.expose()), ("004b", "K004"));
        assert_eq!(back.realm.as_deref(), Some("http://127.0.0.1:1"));
        assert!(file.clear().unwrap());
        assert!(!file.clear().unwrap());
    }

    #[test]
    fn a_file_of_another_program_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = in_folder(folder.path());
        fs::create_dir(folder.path().join("new")).unwrap();
        for content in ["SQLite format 3\0", "{}", "[1]", ""] {
            fs::write(file.path(), content).unwrap();
            assert!(matches!(file.load(), Err(CredentialsError::Foreign { .. })));
            let saved = file.save(&authorization());
            assert!(matches!(saved, Err(CredentialsError::Foreign { .. })));
            assert!(matches!(file.clear(), Err(CredentialsError::Foreign { .. })));
            assert_eq!(fs::read(file.path()).unwrap(), content.as_bytes());
        }
    }

    #[test]
    fn a_file_of_the_future_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = in_folder(folder.path());
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(file.path(), r#"{"b2Credentials": 2}"#).unwrap();
        assert!(matches!(file.save(&authorization()), Err(CredentialsError::Newer { .. })));
    }

    #[test]
    fn a_profile_cannot_leave_the_folder() {
        for name in ["", "../x", "a/b", "a b", "ä"] {
            assert!(matches!(file_name(Some(name)), Err(CredentialsError::ProfileName)));
        }
        assert_eq!(file_name(Some("work-2")).unwrap(), "credentials-work-2.json");
    }
}
