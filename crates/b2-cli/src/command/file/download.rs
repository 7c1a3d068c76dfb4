//! `b2 file download`

use std::fs;
use std::path::PathBuf;

use b2::Durability;

use crate::command::file::absence;
use crate::command::file::cat::{self, Way};
use crate::command::file::transfer_row::DownloadRow;
use crate::context::Context;
use crate::destination;
use crate::failure::{self, Failure};
use crate::journals;
use crate::progress::{self, NoProgress};
use crate::uri::FileUri;

const AFTER_HELP: &str = "\
Capability: readFiles, unless the bucket is public

The file appears under its name only when it is complete and checked. A file
that is there already is not touched unless you say --overwrite; then it is
replaced in one step at the end.

A file of more than 8 MiB is fetched in pieces, four at a time unless one alone
is fast enough; --threads says how many. With
--resume what has arrived stays, in a hidden file beside the destination, when
the command is interrupted; the same command goes on after it.

When the command ends the file is on the disk. --no-sync leaves it to the system
to write it when it gets to it, which is quicker: a file that has just been
downloaded may be lost then if the machine loses power.

The key of a file under SSE-C comes from B2_SOURCE_SSE_C_KEY_B64, 32 bytes in
base64, with --source-server-side-encryption SSE-C.

--decrypt decrypts what was encrypted by `b2 file upload --encrypt`. A wrong
password is found out before any content is fetched, and every byte is verified
before it is written; with --range only what holds the range is fetched. With
--resume the hidden file holds decrypted content.

Examples:
  b2 file download b2://my-photos/2026/cat.jpg cat.jpg
  b2 file download b2id://4_z27c88f1d182b150646ff0b16_f1004ba650fe24e6b cat.jpg
  b2 file download b2://my-backups/docs.tar - | tar -x
  b2 file download --decrypt b2://my-diary/2026/11/27 today.txt
  b2 file download --decrypt --range 1000-1999 b2://my-backups/disk.img part
  b2 file download --resume --threads 8 b2://my-backups/disk.img disk.img";

/// Download one file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Download {
    /// The file: b2://bucket/name or b2id://fileId
    #[arg(value_name = "B2_URI")]
    uri: FileUri,

    /// Where to put it; `-` is standard output
    #[arg(value_name = "LOCAL")]
    local: PathBuf,

    /// Replace the file that is there
    #[arg(long)]
    overwrite: bool,

    /// Go on where an interrupted download stopped, and stay resumable
    #[arg(long)]
    resume: bool,

    /// Do not wait until a new file is on the disk
    #[arg(long)]
    no_sync: bool,

    /// Pieces that are fetched at the same time [default: 4, or 1 while one alone
    /// comes at 256 MiB a second]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=100))]
    threads: Option<u16>,

    #[command(flatten)]
    way: Way,

    #[command(flatten)]
    no_progress: NoProgress,
}

impl Download {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        if self.local.as_os_str() == "-" {
            return cat::to_stdout(context, &self.uri, &self.way, self.no_progress).await;
        }
        let client = context.client()?;
        let stored = self.way.stored(&self.uri)?;
        let mut download = self.way.download(&client, &stored)?;
        if let Some(threads) = self.threads {
            download = download.with_concurrency(threads.into());
        }
        if self.no_sync {
            download = download.with_durability(Durability::Unsynced);
        }
        if let Some(journal) = self.journal(context)? {
            download = download.with_journal(journal);
        }
        let fetch = self.way.fetch(context, download).await?;
        let (monitor, work) = match self.open_device().await? {
            Some(device) => fetch.into_writer(device),
            None => fetch.into_file(&self.local, self.overwrite),
        };
        let done = progress::watch(&context.output, self.no_progress, monitor, work).await;
        let downloaded = match done {
            Ok(downloaded) => downloaded,
            Err(error) if failure::is_closed_pipe(&error) => return Err(Failure::PipeClosed),
            Err(error) => {
                let cause = absence::explained(&client, &stored, error).await;
                return Err(cause.during(self.doing()));
            }
        };
        let row = DownloadRow::new(&downloaded, self.local.display().to_string());
        if context.output.json() {
            return context.output.record(&row, Vec::new);
        }
        context.output.say(&row.words());
        Ok(())
    }

    /// Where the download is remembered, if it is to be.
    fn journal(&self, context: &Context) -> Result<Option<PathBuf>, Failure> {
        if !self.resume {
            return Ok(None);
        }
        let realm = context.authorization()?.realm;
        let from = self.uri.to_string();
        journals::journal(realm.as_deref(), "download", &from, &self.local).map(Some)
    }

    /// Opens a device or a pipe, which is written to and never replaced.
    async fn open_device(&self) -> Result<Option<fs::File>, Failure> {
        if !destination::is_device(&self.local) {
            return Ok(None);
        }
        let opened = destination::open_device(self.local.clone()).await;
        opened.map(Some).map_err(|source| Failure::local(self.doing(), source))
    }

    fn doing(&self) -> String {
        format!("cannot download {} to {}", self.uri, self.local.display())
    }
}
