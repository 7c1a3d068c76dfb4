//! Where passwords and keys come from. Never from the command line: others can read that.

use std::fs;
use std::path::{Path, PathBuf};

use b2_crypto::{Password, RawKey, Unlock};

use crate::failure::Failure;
use crate::prompt;

const VARIABLE: &str = "B2_ENCRYPTION_PASSWORD";

/// The options that say where a password or a key is.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SecretSource {
    /// Read the password from the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    password_file: Option<PathBuf>,

    /// Use the key in this file, 64 hexadecimal digits, instead of a password
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// A password or a key.
pub(crate) enum Secret {
    Password(Password),
    Key(RawKey),
}

impl From<Secret> for Unlock {
    fn from(secret: Secret) -> Self {
        match secret {
            Secret::Password(password) => Self::Password(password),
            Secret::Key(key) => Self::RawKey(key),
        }
    }
}

impl SecretSource {
    /// Whether an option says where it is.
    pub(crate) fn given(&self) -> bool {
        self.password_file.is_some() || self.key_file.is_some()
    }

    /// As [`get`](Self::get), where only a password will do.
    pub(crate) async fn password(&self, twice: bool) -> Result<Password, Failure> {
        match self.get(twice).await? {
            Secret::Password(password) if password.expose().is_empty() => {
                Err(Failure::Usage("the password is empty".to_owned()))
            }
            Secret::Password(password) => Ok(password),
            Secret::Key(_) => {
                let usage = "a password is wanted here, and --key-file has a key";
                Err(Failure::Usage(usage.to_owned()))
            }
        }
    }

    /// Reads it from a file, or the environment, or asks for it. One that encrypts is asked twice.
    pub(crate) async fn get(&self, twice: bool) -> Result<Secret, Failure> {
        if let Some(path) = &self.key_file {
            return key(path).map(Secret::Key);
        }
        if let Some(path) = &self.password_file {
            return first_line(path).map(|line| Secret::Password(Password::from(line)));
        }
        if let Some(password) = std::env::var_os(VARIABLE) {
            let text = password.into_string();
            let text = text.map_err(|_| Failure::Usage(format!("{VARIABLE} is not UTF-8")))?;
            return Ok(Secret::Password(Password::from(text)));
        }
        if !prompt::possible() {
            return Err(Failure::Usage(format!(
                "no password: set {VARIABLE}, or say --password-file or --key-file"
            )));
        }
        let password = prompt::secret("Password: ").await?;
        if twice && prompt::secret("The same again: ").await? != password {
            return Err(Failure::Usage("the two passwords differ".to_owned()));
        }
        Ok(Secret::Password(Password::from(password.as_str())))
    }
}

/// The password in a file.
pub(crate) fn first_line(path: &Path) -> Result<String, Failure> {
    let text = read(path)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The key in a file.
pub(crate) fn key(path: &Path) -> Result<RawKey, Failure> {
    let text = read(path)?;
    let text = text.trim();
    let unfit = || Failure::Usage(format!("{} has no 64 hexadecimal digits", path.display()));
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 64).ok_or_else(unfit)?;
    // Two digits are at most 255.
    Ok(RawKey::new(std::array::from_fn(|at| (digits[2 * at] << 4 | digits[2 * at + 1]) as u8)))
}

fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |source| Failure::local(format!("cannot read {}", path.display()), source);
    fs::read_to_string(path).map_err(unreadable)
}
