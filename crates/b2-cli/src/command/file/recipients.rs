//! `b2 file recipients`

use std::path::PathBuf;

use b2_crypto::{Password, Recipient, Unlock};

use crate::command::encryption::{Secret, SecretSource, secret};
use crate::context::Context;
use crate::failure::Failure;
use crate::uri::NameUri;

const AFTER_HELP: &str = "\
Capabilities: readFiles and writeFiles, and listBuckets unless the key is
restricted to the bucket

B2 copies the file by itself, with another list of who can open it; no content
passes through this machine. Prints the id of the new version. The password or
key that opens the file now is asked for, or taken from B2_ENCRYPTION_PASSWORD,
--password-file or --key-file.

The old version keeps its list until it is deleted, and whoever could open the
file once may have kept its key. To lock somebody out for good, encrypt the
file anew.

Examples:
  b2 file recipients --add-password-file new.txt --only b2://my-diary/2026/11/27
  b2 file recipients --key-file my.key --add-key-file her.key --label her b2://my-diary/a
  b2 file recipients --key-file my.key --remove her b2://my-diary/a";

/// Change who can open a file that was encrypted on this side
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Recipients {
    /// The file: b2://bucket/name
    #[arg(value_name = "B2_URI")]
    uri: NameUri,

    #[command(flatten)]
    secret: SecretSource,

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
    remove: Vec<String>,

    /// Remove everybody who is not added
    #[arg(long, conflicts_with = "remove")]
    only: bool,
}

impl Recipients {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let added = self.added()?;
        if added.is_empty() && self.remove.is_empty() {
            let usage = "say whom to add (--add-password-file, --add-key-file) or to --remove";
            return Err(Failure::Usage(usage.to_owned()));
        }
        let unlock = match self.secret.get(false).await? {
            Secret::Password(password) => Unlock::Password(password),
            Secret::Key(key) => Unlock::RawKey(key),
        };
        let bucket = context.client()?.bucket(&self.uri.bucket).await?;
        let mut change = bucket.change_recipients(&self.uri.name, unlock);
        if self.only {
            change = change.without_others();
        }
        for label in &self.remove {
            change = change.without(label);
        }
        for recipient in added {
            change = change.with_added(recipient);
        }
        let copied = change.run().await?;
        context.output.row(&copied.file, || {
            copied.file.file_id.as_ref().map(ToString::to_string).unwrap_or_default()
        })?;
        context.output.say("the old version still opens as before; delete it if it should not");
        Ok(())
    }

    fn added(&self) -> Result<Vec<Recipient>, Failure> {
        let mut added = Vec::new();
        if let Some(path) = &self.add_password_file {
            added.push(Recipient::password(Password::from(secret::first_line(path)?.as_str())));
        }
        if let Some(path) = &self.add_key_file {
            added.push(Recipient::raw_key(secret::key(path)?));
        }
        Ok(added.into_iter().map(|recipient| recipient.with_label(&self.label)).collect())
    }
}
