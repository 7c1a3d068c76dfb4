//! `b2 file cat`

use std::fs::File;
use std::io::{self, IsTerminal as _};

use b2::{ByteRange, Client};

use crate::command::encryption::Decryption;
use crate::command::file::absence;
use crate::command::file::copy::range;
use crate::command::file::encryption::SourceEncryption;
use crate::command::file::fetch::Fetch;
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

--decrypt decrypts what was encrypted by `b2 file upload --encrypt`; every byte
is verified before it is written.

Examples:
  b2 file cat b2://my-notes/todo.txt
  b2 file cat --decrypt --range 0-99 b2://my-diary/2026/11/27
  b2 file cat b2://my-logs/2026/11/23.log.gz | gunzip | grep error";

/// Write one file to standard output
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Cat {
    /// The file: b2://bucket/name or b2id://fileId
    #[arg(value_name = "B2_URI")]
    uri: FileUri,

    #[command(flatten)]
    way: Way,

    #[command(flatten)]
    no_progress: NoProgress,
}

/// How a file is read.
#[derive(Debug, clap::Args)]
pub(super) struct Way {
    /// Only these bytes, counted from 0: FIRST-LAST or FIRST-
    #[arg(long, value_name = "RANGE", value_parser = range)]
    range: Option<ByteRange>,

    #[command(flatten)]
    encryption: SourceEncryption,

    #[command(flatten)]
    decryption: Decryption,
}

impl Cat {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        to_stdout(context, &self.uri, &self.way, self.no_progress).await
    }
}

impl Way {
    /// What B2 calls what `uri` names.
    pub(super) fn stored(&self, uri: &FileUri) -> Result<FileUri, Failure> {
        self.decryption.stored(uri)
    }

    /// A download of the file that `uri` names, before it is decrypted.
    pub(super) fn download(&self, client: &Client, uri: &FileUri) -> Result<b2::Download, Failure> {
        let mut download = match uri {
            FileUri::Name(uri) => client.download(&uri.bucket, &uri.name),
            FileUri::Id(id) => client.download_version(id.clone()),
        };
        if let Some(key) = self.encryption.key()? {
            download = download.with_customer_key(key);
        }
        Ok(match self.range {
            Some(range) => download.with_range(range),
            None => download,
        })
    }

    /// The same, to be decrypted if that is wanted.
    pub(super) async fn fetch(
        &self,
        context: &Context,
        download: b2::Download,
    ) -> Result<Fetch, Failure> {
        Ok(Fetch::new(download, self.decryption.get(&context.output).await?))
    }
}

pub(super) async fn to_stdout(
    context: &Context,
    uri: &FileUri,
    way: &Way,
    mut no_progress: NoProgress,
) -> Result<(), Failure> {
    // A bar and the content would write over each other.
    no_progress.no_progress |= io::stdout().is_terminal();
    let client = context.client()?;
    let uri = &way.stored(uri)?;
    let fetch = way.fetch(context, way.download(&client, uri)?).await?;
    let (monitor, work) = fetch.into_writer(stdout().map_err(Failure::stdout)?);
    match progress::watch(&context.output, no_progress, monitor, work).await {
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
pub(crate) fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
pub(crate) fn stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
