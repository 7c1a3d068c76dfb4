//! The options that say who can open a file from now on.

use std::path::PathBuf;

use b2_crypto::Recipient;

use crate::command::encryption::secret;
use crate::failure::Failure;

/// Who comes and who goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Changes {
    /// Let whoever knows the password in the first line of this file open it
    #[arg(long, value_name = "FILE")]
    add_password_file: Option<PathBuf>,

    /// Let whoever has the key in this file open it, 64 hexadecimal digits
    #[arg(long, value_name = "FILE")]
    add_key_file: Option<PathBuf>,

    /// What those that are added are called; everybody can read it
    #[arg(long, value_name = "TEXT", default_value = "")]
    label: String,

    /// Remove those with this label; may be given several times
    #[arg(long, value_name = "LABEL")]
    pub(crate) remove: Vec<String>,

    /// Remove everybody who is not added
    #[arg(long, conflicts_with = "remove")]
    pub(crate) only: bool,
}

impl Changes {
    /// Those that are added, if anything is to change at all.
    pub(crate) fn added(&self) -> Result<Vec<Recipient>, Failure> {
        let mut added = Vec::new();
        if let Some(path) = &self.add_password_file {
            added.push(Recipient::password(secret::first_line(path)?));
        }
        if let Some(path) = &self.add_key_file {
            added.push(Recipient::raw_key(secret::key(path)?));
        }
        if added.is_empty() && self.remove.is_empty() {
            let usage = "say whom to add (--add-password-file, --add-key-file) or to --remove";
            return Err(Failure::Usage(usage.to_owned()));
        }
        Ok(added.into_iter().map(|recipient| recipient.with_label(&self.label)).collect())
    }
}
