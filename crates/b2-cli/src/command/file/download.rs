//! `b2 file download`

use std::fs;
use std::path::PathBuf;

use crate::command::file::transfer_row::DownloadRow;
use crate::command::file::{absence, cat};
use crate::context::Context;
use crate::failure::{self, Failure};
use crate::progress::{self, NoProgress};
use crate::uri::FileUri;

const AFTER_HELP: &str = "\
Capability: readFiles, unless the bucket is public

The file appears under its name only when it is complete and checked. A file
that is there already is not touched unless you say --overwrite; then it is
replaced in one step at the end.

Examples:
  b2 file download b2://my-photos/2026/cat.jpg cat.jpg
  b2 file download b2id://4_z27c88f1d182b150646ff0b16_f1004ba650fe24e6b cat.jpg
  b2 file download b2://my-backups/docs.tar - | tar -x";

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

    #[command(flatten)]
    no_progress: NoProgress,
}

impl Download {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        if self.local.as_os_str() == "-" {
            return cat::to_stdout(context, &self.uri, self.no_progress).await;
        }
        let client = context.client()?;
        let download = cat::download(&client, &self.uri);
        let run = match self.open_device().await? {
            Some(device) => download.to_writer(device),
            None if self.overwrite => download.to_file_replacing(&self.local),
            None => download.to_file(&self.local),
        };
        let monitor = run.monitor();
        let done = progress::watch(&context.output, self.no_progress, monitor, run).await;
        let downloaded = match done {
            Ok(downloaded) => downloaded,
            Err(error) if failure::is_closed_pipe(&error) => return Err(Failure::PipeClosed),
            Err(error) => {
                let cause = absence::explained(&client, &self.uri, error).await;
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

    /// Opens a device or a pipe, which is written to and never replaced.
    async fn open_device(&self) -> Result<Option<fs::File>, Failure> {
        if fs::metadata(&self.local).map_or(true, |what| what.is_file() || what.is_dir()) {
            return Ok(None);
        }
        let path = self.local.clone();
        // A pipe may have to wait for its reader.
        let open = move || fs::OpenOptions::new().write(true).open(path);
        let opened = tokio::task::spawn_blocking(open).await;
        let opened = opened.map_err(std::io::Error::from).and_then(|file| file);
        opened.map(Some).map_err(|source| Failure::local(self.doing(), source))
    }

    fn doing(&self) -> String {
        format!("cannot download {} to {}", self.uri, self.local.display())
    }
}
