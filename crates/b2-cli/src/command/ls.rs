//! `b2 ls`

use b2::{Action, FileVersion};
use jiff::Timestamp;

use crate::command::bucket;
use crate::command::encryption::Names;
use crate::context::Context;
use crate::failure::Failure;
use crate::rows::Rows;
use crate::uri::FolderUri;
use crate::walk::{Scope, Walk};

const AFTER_HELP: &str = "\
Capabilities: listFiles, and listBuckets unless the key is restricted to the bucket

B2 has names and no folders: what is listed as a folder is all names up to the
next `/`. An address stands for the file of that name and for what is in the
folder of that name. Without an address the buckets are listed.

--long prints action, upload time, bytes, file id and name. Of files that were
encrypted by `b2 file upload --encrypt` the bytes are those of the content, if
that is not hidden; with --json they are in fileInfo.plaintext_length.

Examples:
  b2 ls b2://my-photos
  b2 ls -r --long b2://my-photos/2026
  b2 ls --name-key-file names.key b2://my-diary/2026
  b2 ls -r --json b2://my-photos | jq -s 'map(.contentLength) | add'";

/// List files, folder by folder
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Ls {
    /// What to list: b2://bucket or b2://bucket/folder
    #[arg(value_name = "B2_URI")]
    uri: Option<FolderUri>,

    /// List what is in folders, and not the folders
    #[arg(short, long)]
    recursive: bool,

    /// List every version, hide markers and unfinished files too
    #[arg(long)]
    versions: bool,

    /// Print more than the names
    #[arg(short, long)]
    long: bool,

    #[command(flatten)]
    names: Names,
}

impl Ls {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Some(uri) = &self.uri else {
            return bucket::list(context).await;
        };
        let bucket = context.client()?.bucket(&uri.bucket).await?;
        let scope = Scope { versions: self.versions, recursive: self.recursive };
        let cipher = self.names.cipher()?;
        let mut walk = Walk::path(&bucket, &self.names.encrypt(&uri.path)?, scope);
        let mut rows = Rows::new(&context.output);
        while let Some(file) = rows.before(walk.next()).await? {
            // What was seen before a failure is told before it.
            let file = match file {
                Ok(file) => file,
                Err(error) => return rows.print().and(Err(error.into())),
            };
            let mut next = Some(file);
            while let Some(mut file) = next {
                next = walk.next_fetched();
                if let Some(cipher) = &cipher {
                    match cipher.decrypt(&file.file_name) {
                        Ok(name) => file.file_name = name,
                        Err(_) => {
                            let words = "is passed over: its name is not encrypted with this key";
                            context.output.say(&format!("{} {words}", file.file_name));
                            continue;
                        }
                    }
                }
                self.print(&mut rows, &file)?;
            }
        }
        rows.print()
    }

    fn print(&self, rows: &mut Rows<'_>, file: &FileVersion) -> Result<(), Failure> {
        rows.add(file, || match self.long {
            true => long(file),
            false => file.file_name.clone(),
        })
    }
}

/// The name comes last: it may have any length and spaces.
fn long(file: &FileVersion) -> String {
    let folder = file.action == Action::Folder;
    let time = Timestamp::from_millisecond(file.upload_timestamp)
        .ok()
        .filter(|_| !folder)
        .map_or_else(|| "-".to_owned(), |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let bytes = match folder {
        true => "-".to_owned(),
        false => {
            let content = b2::encryption::plaintext_len(&file.file_info);
            content.unwrap_or(file.content_length).to_string()
        }
    };
    let id = file.file_id.as_ref().map_or("-", |id| id.as_str());
    let action = file.action.as_str();
    format!("{action:<6}  {time:<20}  {bytes:>13}  {id}  {}", file.file_name)
}
