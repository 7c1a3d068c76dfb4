//! `b2 file large unfinished cancel`

use b2::{Client, ErrorCode, LargeFileId};
use serde::Serialize;

use crate::context::Context;
use crate::escape;
use crate::failure::Failure;
use crate::prompt;
use crate::uri::{FileUri, FolderUri, InvalidUri};

const AFTER_HELP: &str = "\
Capability: writeFiles; for b2:// also listFiles, and listBuckets unless the key is
restricted to the bucket

Removes all parts of one large file, or of all that are not finished and whose
names begin so. An upload that is under way fails. You are asked before several
are cancelled, or have to say --yes if there is no terminal to ask at.

Prints id and name of each file that was cancelled.

Examples:
  b2 file large unfinished cancel b2id://4_z27c88f1d182b150646ff0b16_f200ec353a2184825
  b2 file large unfinished cancel --dry-run b2://my-backups/2025/
  b2 file large unfinished cancel --yes b2://my-backups";

/// Cancel large files that are not finished
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Cancel {
    /// b2id://fileId, or all of a bucket or a prefix: b2://bucket/prefix
    #[arg(value_name = "B2_URI")]
    uri: String,

    /// Only print what would be cancelled
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    file_id: &'a str,
    file_name: &'a str,
    /// `false` in a dry run.
    cancelled: bool,
}

impl Cancel {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let invalid = |error: InvalidUri| Failure::Usage(error.to_string());
        if let Ok(FileUri::Id(id)) = self.uri.parse() {
            return self.one(context, &context.client()?, id.into()).await;
        }
        let uri: FolderUri = self.uri.parse().map_err(invalid)?;
        self.confirm(&uri).await?;
        self.all(context, &uri).await
    }

    async fn one(
        &self,
        context: &Context,
        client: &Client,
        id: LargeFileId,
    ) -> Result<(), Failure> {
        if self.dry_run {
            let text = "--dry-run shows what a prefix stands for: an id is one file";
            return Err(Failure::Usage(text.to_owned()));
        }
        let gone = client.cancel_unfinished(id).await?;
        print(context, gone.file_id.as_str(), &gone.file_name, true)
    }

    async fn all(&self, context: &Context, uri: &FolderUri) -> Result<(), Failure> {
        let client = context.client()?;
        let bucket = client.bucket(&uri.bucket).await?;
        let (mut files, mut count) = (bucket.unfinished_under(&uri.path), 0_u64);
        while let Some(file) = files.next().await {
            let file = file?;
            let Some(id) = file.file_id else { continue };
            if !self.dry_run {
                match client.cancel_unfinished(id.clone().into()).await {
                    Ok(_) => {}
                    // It was finished or cancelled since it was listed.
                    Err(error) if error.code() == Some(&ErrorCode::BadRequest) => {
                        let name = escape::controls(&file.file_name);
                        context.output.say(&format!("{name}: it is not unfinished any more"));
                        continue;
                    }
                    Err(error) => {
                        let what = format!("cannot cancel {}", file.file_name);
                        return Err(Failure::from(error).during(what));
                    }
                }
            }
            print(context, id.as_str(), &file.file_name, !self.dry_run)?;
            count += 1;
        }
        let done = if self.dry_run { "would be cancelled" } else { "cancelled" };
        context.output.say(&format!("{count} {done}"));
        Ok(())
    }

    async fn confirm(&self, uri: &FolderUri) -> Result<(), Failure> {
        if self.yes || self.dry_run {
            return Ok(());
        }
        if !prompt::possible() {
            let text = "there is no terminal to ask at: say --yes to cancel several";
            return Err(Failure::Usage(text.to_owned()));
        }
        let question = format!("Cancel every unfinished large file under {uri}?");
        match prompt::agrees(&escape::controls(&question)).await? {
            true => Ok(()),
            false => Err(Failure::Declined),
        }
    }
}

fn print(context: &Context, id: &str, name: &str, cancelled: bool) -> Result<(), Failure> {
    let row = Row { file_id: id, file_name: name, cancelled };
    context.output.row(&row, || format!("{id}  {name}"))
}
