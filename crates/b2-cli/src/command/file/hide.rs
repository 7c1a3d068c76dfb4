//! `b2 file hide`

use crate::command::encryption::Names;
use crate::context::Context;
use crate::failure::Failure;
use crate::uri::NameUri;

const AFTER_HELP: &str = "\
Capabilities: writeFiles, and listBuckets unless the key is restricted to the bucket

Its versions stay, but the file is neither listed nor downloaded by name.
Prints the id of the hide marker; deleting the marker shows the file again.

Examples:
  b2 file hide b2://my-photos/2026/cat.jpg
  b2 rm b2id://$(b2 file hide b2://my-photos/2026/cat.jpg)  # and show it again";

/// Hide one file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Hide {
    /// The file: b2://bucket/name
    #[arg(value_name = "B2_URI")]
    uri: NameUri,

    #[command(flatten)]
    names: Names,
}

impl Hide {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let client = context.client()?;
        let stored = self.names.stored(&self.uri)?;
        let marker = client.bucket(&stored.bucket).await?.hide(&stored.name).await?;
        context.output.row(&marker, || {
            marker.file_id.as_ref().map(ToString::to_string).unwrap_or_default()
        })?;
        context.output.say(&format!("hid {}", self.uri));
        Ok(())
    }
}
