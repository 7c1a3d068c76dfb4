//! `b2 file large unfinished list`

use crate::context::Context;
use crate::failure::Failure;
use crate::moment;
use crate::uri::FolderUri;

const AFTER_HELP: &str = "\
Capabilities: listFiles, and listBuckets unless the key is restricted to the bucket

Prints file id, the time when it was begun, and name. An upload that is under way
is unfinished too.

Examples:
  b2 file large unfinished list b2://my-backups
  b2 file large unfinished list b2://my-backups/2026/ --json | jq -r .fileId";

/// List the large files that are not finished
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct List {
    /// The bucket, or names that begin so: b2://bucket or b2://bucket/prefix
    #[arg(value_name = "B2_URI")]
    uri: FolderUri,
}

impl List {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let bucket = context.client()?.bucket(&self.uri.bucket).await?;
        let mut files = bucket.unfinished_under(&self.uri.path);
        while let Some(file) = files.next().await {
            let file = file?;
            context.output.row(&file, || {
                let id = file.file_id.as_ref().map_or("-", |id| id.as_str());
                format!("{id}  {}  {}", moment::shown(file.upload_timestamp), file.file_name)
            })?;
        }
        Ok(())
    }
}
