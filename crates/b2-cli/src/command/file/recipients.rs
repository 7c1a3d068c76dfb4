//! `b2 file recipients`

use crate::command::encryption::{Changes, Names, SecretSource};
use crate::command::file::encryption::{DestinationEncryption, SourceEncryption};
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

A file that is under SSE-C needs its key in B2_SOURCE_SSE_C_KEY_B64, and stays
under it unless --destination-server-side-encryption says otherwise.

Content type and other file information stay what they are. Retention and legal
hold stay with the old version: the new one is kept as its bucket says.

The old version keeps its list until it is deleted, and whoever could open the
file once may have kept its key. To lock somebody out for good, encrypt the
file anew.

Examples:
  b2 file recipients --add-password-file new.txt --only b2://my-diary/2026/11/27
  b2 file recipients --key-file my.key --add-key-file her.key --label her b2://my-diary/a
  b2 file recipients --key-file my.key --remove her b2://my-diary/a
  b2 file recipients --name-key-file names.key --key-file my.key --remove her b2://my-diary/a
  b2 file recipients --source-server-side-encryption SSE-C --remove her b2://my-diary/b";

/// Change who can open a file that was encrypted on this side
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Recipients {
    /// The file: b2://bucket/name
    #[arg(value_name = "B2_URI")]
    uri: NameUri,

    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    names: Names,

    #[command(flatten)]
    changes: Changes,

    #[command(flatten)]
    source_encryption: SourceEncryption,

    #[command(flatten)]
    encryption: DestinationEncryption,
}

impl Recipients {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let added = self.changes.added()?;
        let source_key = self.source_encryption.key()?;
        let encryption = self.encryption.request()?;
        let stored = self.names.stored(&self.uri)?;
        let unlock = self.secret.get(false).await?.into();
        let bucket = context.client()?.bucket(&stored.bucket).await?;
        let mut change = bucket.change_recipients(&stored.name, unlock);
        if let Some(key) = source_key {
            change = change.with_customer_key(key);
        }
        if let Some(encryption) = encryption {
            change = change.with_encryption(encryption);
        }
        if self.changes.only {
            change = change.without_others();
        }
        for label in &self.changes.remove {
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
}
