//! Where passwords and keys come from. Never from the command line: others can read that.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use b2_crypto::{Password, RawKey, Unlock};
use zeroize::Zeroizing;

use crate::command::encryption::classic::digits;
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
            return first_line(path).map(Secret::Password);
        }
        if let Some(password) = std::env::var_os(VARIABLE) {
            // The same memory all the way. What the system keeps of the environment stays.
            let text = password.into_string().map_err(|unfit| {
                drop(Zeroizing::new(unfit.into_encoded_bytes()));
                Failure::Usage(format!("{VARIABLE} is not UTF-8"))
            })?;
            return Ok(Secret::Password(Password::from(text)));
        }
        if !prompt::possible() {
            return Err(Failure::Usage(format!(
                "no password: set {VARIABLE}, or say --password-file or --key-file"
            )));
        }
        let password = Password::from(prompt::secret("Password: ").await?.as_str());
        if twice {
            let again = Password::from(prompt::secret("The same again: ").await?.as_str());
            if again.expose() != password.expose() {
                return Err(Failure::Usage("the two passwords differ".to_owned()));
            }
        }
        Ok(Secret::Password(password))
    }
}

/// The password in a file.
pub(crate) fn first_line(path: &Path) -> Result<Password, Failure> {
    let text = read(path)?;
    Ok(Password::from(text.lines().next().unwrap_or_default()))
}

/// The key in a file.
pub(crate) fn key(path: &Path) -> Result<RawKey, Failure> {
    let text = read(path)?;
    let mut key = Zeroizing::new([0; 32]);
    let unfit = || Failure::Usage(format!("{} has no 64 hexadecimal digits", path.display()));
    digits(text.trim(), &mut *key).ok_or_else(unfit)?;
    Ok(RawKey::new(*key))
}

/// The longest file that a secret is looked for in, in bytes.
const LONGEST: usize = 1 << 20;

/// All of a file. It is read into memory of its final size, as a buffer that grows leaves copies
/// behind.
fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let unreadable = |source| Failure::local(format!("cannot read {}", path.display()), source);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut bytes = Zeroizing::new(vec![0; LONGEST + 1]);
    let mut len = 0;
    loop {
        match file.read(&mut bytes[len..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => match read.map_err(unreadable)? {
                0 => break,
                read => len += read,
            },
        }
    }
    if len > LONGEST {
        let unfit = io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 1 MiB");
        return Err(unreadable(unfit));
    }
    let text = std::str::from_utf8(&bytes[..len]);
    let text = text
        .map_err(|_| unreadable(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_read_as_they_are_and_not_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (text, expected) in [("", ""), (" a b \n c", " a b "), ("x\r\ny", "x"), ("\n", "")] {
            fs::write(&path, text).unwrap();
            assert_eq!(first_line(&path).unwrap().expose(), expected);
        }
        let hex = "0f".repeat(32);
        fs::write(&path, format!(" {hex}\n")).unwrap();
        assert_eq!(key(&path).unwrap().expose(), &[15; 32]);
        let short = hex[1..].to_owned();
        let longer = format!("{hex}00");
        for unfit in [short, hex.replace('f', "g"), longer, hex.replace("0f", "é")] {
            fs::write(&path, &unfit).unwrap();
            assert!(key(&path).is_err(), "{unfit}");
        }
        fs::write(&path, vec![b'a'; LONGEST]).unwrap();
        assert_eq!(first_line(&path).unwrap().expose().len(), LONGEST);
        for unfit in [vec![b'a'; LONGEST + 1], vec![0xff]] {
            fs::write(&path, unfit).unwrap();
            assert!(first_line(&path).is_err());
        }
    }
}
