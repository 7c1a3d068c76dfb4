//! `b2 rm`

mod deletions;
mod history;

use b2::{Client, FileId};

use crate::command::encryption::Names;
use crate::command::rm::deletions::{Deletions, Row};
use crate::command::rm::history::Histories;
use crate::context::Context;
use crate::escape;
use crate::failure::Failure;
use crate::prompt;
use crate::uri::{FileUri, FolderUri, InvalidUri, NameUri};
use crate::walk::{Scope, Walk};

const AFTER_HELP: &str = "\
Capabilities: deleteFiles, listFiles, and listBuckets unless the key is restricted to the
bucket; for b2id:// deleteFiles and readFiles; bypassGovernance for
--bypass-governance

Without -r one file is deleted: its newest version, after which an older one
appears, or with --versions all of them. With -r that is done to the file of
that name and to everything in the folder of that name. You are asked before,
or have to say --yes if there is no terminal to ask at.

Prints the names that were deleted, with --name-key-file decrypted; everything
in a folder goes, whatever its name is encrypted with. A file under a lock is left and reported;
with --versions each file loses its oldest version first, and those that are
newer than a locked one are left too.

Examples:
  b2 rm b2://my-photos/2026/cat.jpg
  b2 rm b2id://4_z27c88f1d182b150646ff0b16_f1004ba650fe24e6b
  b2 rm -r --versions --dry-run b2://my-photos/2026/
  b2 rm -r --name-key-file names.key --dry-run b2://my-diary/2026
  b2 rm -r --versions --yes b2://my-photos";

/// Delete files
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Rm {
    /// What to delete: b2://bucket/name, b2id://fileId, or with -r b2://bucket/folder
    #[arg(value_name = "B2_URI")]
    uri: String,

    /// Delete everything in the folder of that name
    #[arg(short, long)]
    recursive: bool,

    /// Delete every version, hide markers and unfinished files too
    #[arg(long)]
    versions: bool,

    /// Only print what would be deleted
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Delete versions that are retained in governance mode too
    #[arg(long)]
    bypass_governance: bool,

    #[command(flatten)]
    names: Names,
}

impl Rm {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let invalid = |error: InvalidUri| Failure::Usage(error.to_string());
        if self.recursive {
            let uri: FolderUri = self.uri.parse().map_err(invalid)?;
            return self.folder(context, &uri).await;
        }
        match self.uri.parse().map_err(invalid)? {
            FileUri::Id(id) => self.version(context, id).await,
            FileUri::Name(uri) => self.file(context, &uri).await,
        }
    }

    async fn version(&self, context: &Context, id: FileId) -> Result<(), Failure> {
        if self.versions {
            let text = "an id names one version: leave --versions out";
            return Err(Failure::Usage(text.to_owned()));
        }
        let client = context.client()?;
        let file = client.file_info(id.clone()).await?;
        if !self.dry_run {
            deletions::deletion(&client, &file.file_name, id, self.bypass_governance).await?;
        }
        Row::of(&file, !self.dry_run, &self.names.shown()?).print(&context.output)
    }

    async fn file(&self, context: &Context, uri: &NameUri) -> Result<(), Failure> {
        let client = context.client()?;
        let bucket = client.bucket(&uri.bucket).await?;
        let walk = Walk::file(&bucket, &self.names.encrypt(&uri.name)?, self.versions);
        match self.delete(context, &client, &uri.bucket, walk).await? {
            0 => Err(Failure::NoSuchFile { bucket: uri.bucket.clone(), name: uri.name.clone() }),
            _ => Ok(()),
        }
    }

    async fn folder(&self, context: &Context, uri: &FolderUri) -> Result<(), Failure> {
        self.confirm(uri).await?;
        let client = context.client()?;
        let bucket = client.bucket(&uri.bucket).await?;
        let scope = Scope { versions: self.versions, recursive: true };
        let walk = Walk::path(&bucket, &self.names.encrypt(&uri.path)?, scope);
        let count = self.delete(context, &client, &uri.bucket, walk).await?;
        let done = if self.dry_run { "would be deleted" } else { "deleted" };
        context.output.say(&format!("{count} {done}"));
        Ok(())
    }

    async fn confirm(&self, uri: &FolderUri) -> Result<(), Failure> {
        if self.yes || self.dry_run {
            return Ok(());
        }
        if !prompt::possible() {
            let text = "there is no terminal to ask at: say --yes to delete a folder";
            return Err(Failure::Usage(text.to_owned()));
        }
        let what = if self.versions { "every version" } else { "the newest version" };
        let question = format!("Delete {what} of every file under {uri}?");
        match prompt::agrees(&escape::controls(&question)).await? {
            true => Ok(()),
            false => Err(Failure::Declined),
        }
    }

    /// Deletes the rows of a walk, some at once, and gives their number.
    async fn delete(
        &self,
        context: &Context,
        client: &Client,
        bucket: &str,
        mut walk: Walk,
    ) -> Result<u64, Failure> {
        let mut deletions =
            Deletions::new(context, client, self.bypass_governance, self.names.shown()?);
        if self.versions && !self.dry_run {
            let bypass = self.bypass_governance;
            let mut histories = Histories::new(context, bucket, bypass, deletions);
            while let Some(file) = walk.next().await {
                histories.add(file?).await?;
            }
            return histories.finish().await;
        }
        while let Some(file) = walk.next().await {
            let file = file?;
            if self.dry_run {
                deletions.pretend(&file)?;
            } else {
                deletions.begin(vec![file]).await?;
            }
        }
        deletions.finish().await
    }
}
