//! `b2 bucket delete`

use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: deleteBuckets, and listBuckets unless the key is restricted to the bucket

The bucket has to be empty: no version, no hide marker, no unfinished file.

Examples:
  b2 bucket delete my-photos
  b2 rm -r --versions --yes b2://my-photos && b2 bucket delete my-photos";

/// Delete an empty bucket
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Delete {
    /// The name of the bucket
    #[arg(value_name = "BUCKET")]
    name: String,
}

impl Delete {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let client = context.client()?;
        let bucket = client.bucket(&self.name).await?;
        let deleted = client.delete_bucket(&bucket).await?;
        if context.output.json() {
            return context.output.record(&deleted, Vec::new);
        }
        context.output.say(&format!("deleted the bucket {}", self.name));
        Ok(())
    }
}
