//! `b2 file cat`

use std::fs::File;
use std::io::{self, IsTerminal as _};

use b2::Client;

use crate::command::file::absence;
use crate::command::file::encryption::SourceEncryption;
use crate::command::file::transfer_row::DownloadRow;
use crate::context::Context;
use crate::failure::{self, Failure};
use crate::progress::{self, NoProgress};
use crate::uri::FileUri;

const AFTER_HELP: &str = "\
Capability: readFiles, unless the bucket is public

The content is checked when all of it has been written: look at the exit code.
The key of a file under SSE-C comes from B2_SOURCE_SSE_C_KEY_B64, 32 bytes in
base64, with --source-server-side-encryption SSE-C.

With --json the description of the file goes to standard error.

Examples:
  b2 file cat b2://my-notes/todo.txt
  b2 file cat b2://my-logs/2026/11/23.log.gz | gunzip | grep error";

/// Write one file to standard output
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Cat {
    /// The file: b2://bucket/name or b2id://fileId
    #[arg(value_name = "B2_URI")]
    uri: FileUri,

    #[command(flatten)]
    encryption: SourceEncryption,

    #[command(flatten)]
    no_progress: NoProgress,
}

impl Cat {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        to_stdout(context, &self.uri, &self.encryption, self.no_progress).await
    }
}

/// A download of the file that `uri` names.
pub(super) fn download(
    client: &Client,
    uri: &FileUri,
    encryption: &SourceEncryption,
) -> Result<b2::Download, Failure> {
    let key = encryption.key()?;
    let download = match uri {
        FileUri::Name(uri) => client.download(&uri.bucket, &uri.name),
        FileUri::Id(id) => client.download_version(id.clone()),
    };
    Ok(match key {
        Some(key) => download.with_customer_key(key),
        None => download,
    })
}

pub(super) async fn to_stdout(
    context: &Context,
    uri: &FileUri,
    encryption: &SourceEncryption,
    mut no_progress: NoProgress,
) -> Result<(), Failure> {
    // A bar and the content would write over each other.
    no_progress.no_progress |= io::stdout().is_terminal();
    let client = context.client()?;
    let download = download(&client, uri, encryption)?;
    let run = download.to_writer(stdout().map_err(Failure::stdout)?);
    let monitor = run.monitor();
    match progress::watch(&context.output, no_progress, monitor, run).await {
        Ok(downloaded) => {
            context.output.json_aside(&DownloadRow::new(&downloaded, "-".to_owned()));
            Ok(())
        }
        Err(error) if failure::is_closed_pipe(&error) => Err(Failure::PipeClosed),
        Err(error) => {
            let cause = absence::explained(&client, uri, error).await;
            Err(cause.during(format!("cannot write {uri} to standard output")))
        }
    }
}

/// Standard output without a buffer, so that every error of writing shows.
#[cfg(unix)]
fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
