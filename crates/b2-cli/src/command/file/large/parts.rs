//! `b2 file large parts`

use crate::context::Context;
use crate::failure::Failure;
use crate::uri::IdUri;

const AFTER_HELP: &str = "\
Capability: writeFiles

Prints number, bytes and SHA-1 of each part that B2 has of an unfinished large
file. `b2 file large unfinished list` tells the ids.

Examples:
  b2 file large parts b2id://4_z27c88f1d182b150646ff0b16_f200ec353a2184825
  b2 file large parts --json b2id://4_z27c88f1d182b150646ff0b16_f200ec353a2184825 |
      jq -s 'map(.contentLength) | add'";

/// List the parts of an unfinished large file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Parts {
    /// The file: b2id://fileId
    #[arg(value_name = "B2ID_URI")]
    uri: IdUri,
}

impl Parts {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut parts = context.client()?.parts(self.uri.id.into());
        while let Some(part) = parts.next().await {
            let part = part?;
            context.output.row(&part, || {
                let digest = part.content_sha1.as_ref().map(ToString::to_string);
                let digest = digest.as_deref().unwrap_or("-");
                format!("{:>5}  {:>10}  {digest}", part.part_number, part.content_length)
            })?;
        }
        Ok(())
    }
}
