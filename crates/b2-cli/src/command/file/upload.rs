//! `b2 file upload`

use std::io::Read;
use std::path::{Path, PathBuf};

use b2::{FileVersion, Source, StoredFile, WholeDigest};
use serde::Serialize;

use crate::command::encryption::Encryption;
use crate::command::file::encryption::DestinationEncryption;
use crate::command::file::lock::Lock;
use crate::command::file::pair;
use crate::context::Context;
use crate::failure::Failure;
use crate::journals;
use crate::progress::{self, NoProgress};

const AFTER_HELP: &str = "\
Capabilities: writeFiles, and listBuckets unless the key is restricted to the bucket

Prints the id of the new version. The time of the last change of a file is
stored with it. What comes through a pipe is sent while it is read; the parts
under way are kept in temporary files, because an attempt that fails has to read
them again.

A file of more than 200 MB goes out in parts, several at a time. If the command
is interrupted, the parts that B2 has stay there and cost money: run the same
command again and it goes on after them, or cancel the large file.

The key of SSE-C comes from B2_DESTINATION_SSE_C_KEY_B64, 32 bytes in base64;
without it nobody can read the file, not even B2. A retention needs also
writeFileRetentions, a legal hold writeFileLegalHolds.

--encrypt encrypts on this machine, so that B2 stores what it cannot read. The
password is asked for, or taken from B2_ENCRYPTION_PASSWORD or --password-file;
a lost password cannot be found again. To go on after an interruption takes the
same password, and reads the file once more. `b2 encrypt --help` tells more.

Examples:
  b2 file upload my-photos cat.jpg 2026/cat.jpg
  b2 file upload --encrypt my-diary today.txt 2026/11/27
  b2 file upload --encrypt --argon2-memory 512 my-diary today.txt 2026/11/27
  b2 file upload --encrypt --key-file my.key --name-key-file names.key my-diary a.txt a.txt
  b2 file upload my-site index.html index.html --content-type text/html
  tar -c docs | b2 file upload my-backups - docs.tar --info host=$(hostname)
  b2 file upload my-backups disk.img disk.img --threads 8 --part-size 50000000
  b2 file upload my-backups keys.db keys.db --destination-server-side-encryption SSE-C";

/// Upload one file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Upload {
    /// The bucket
    #[arg(value_name = "BUCKET")]
    bucket: String,

    /// The file to read; `-` is standard input
    #[arg(value_name = "LOCAL")]
    local: PathBuf,

    /// The name it gets
    #[arg(value_name = "NAME")]
    name: String,

    /// The content type to store; B2 chooses one by the name if absent
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// File information to store; may be given ten times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    info: Vec<(String, String)>,

    /// Parts of a large file that are under way at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    threads: u16,

    /// Bytes of a part; files of more than twice as many go out in parts
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(5_000_000..=5_000_000_000))]
    part_size: Option<u64>,

    /// Do not store the SHA-1 of a large file, which takes a pass over it
    #[arg(long)]
    no_large_file_sha1: bool,

    /// Begin anew, remember nothing, and cancel the large file if it fails
    #[arg(long)]
    no_resume: bool,

    #[command(flatten)]
    encryption: DestinationEncryption,

    #[command(flatten)]
    lock: Lock,

    #[command(flatten)]
    client_encryption: Encryption,

    #[command(flatten)]
    no_progress: NoProgress,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stored<'a> {
    #[serde(flatten)]
    pub(crate) file: &'a FileVersion,
    /// An attempt whose answer was lost may have made a second version.
    pub(crate) possible_duplicate: bool,
    /// An attempt whose answer was lost may have left an unfinished large
    /// file.
    pub(crate) possible_orphan: bool,
}

impl Upload {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let encryption = self.encryption.request()?;
        let (retention, hold) = (self.lock.retention()?, self.lock.legal_hold());
        let name = self.client_encryption.name(&self.name)?;
        let client_encryption = self.client_encryption.get(&context.output).await?;
        let client = context.client()?;
        let source = open(&self.local, self.client_encryption.wants_all()).await?;
        let len = source.len();
        let bucket = client.bucket(&self.bucket).await?;
        let mut upload = bucket.upload(&name, source);
        let encrypted = if client_encryption.is_some() { ", encrypted" } else { "" };
        if let Some(encryption) = client_encryption {
            upload = upload.with_client_encryption(encryption);
        }
        if let Some(content_type) = &self.content_type {
            upload = upload.with_content_type(content_type);
        }
        for (name, value) in &self.info {
            upload = upload.with_file_info(name, value);
        }
        if let Some(encryption) = encryption {
            upload = upload.with_encryption(encryption);
        }
        if let Some(retention) = retention {
            upload = upload.with_retention(retention);
        }
        if let Some(hold) = hold {
            upload = upload.with_legal_hold(hold);
        }
        upload = upload.with_concurrency(self.threads.into());
        if let Some(part_size) = self.part_size {
            upload = upload.with_part_size(part_size);
        }
        if self.no_large_file_sha1 {
            upload = upload.with_whole_digest(WholeDigest::Omit);
        }
        let journal = self.journal(context)?;
        // What came through a pipe is gone.
        let remembered = journal.is_some() && len.is_some();
        if let Some(journal) = journal {
            upload = upload.with_journal(journal);
        }
        let handle = upload.start();
        let monitor = handle.monitor();
        if !remembered {
            context.tidying.begin(monitor.clone());
        }
        let done = handle.join();
        let done = progress::watch(&context.output, self.no_progress, monitor, done).await?;
        let StoredFile { possible_duplicate, possible_orphan, .. } = done;
        let row = Stored { file: &done.file, possible_duplicate, possible_orphan };
        context.output.row(&row, || {
            done.file.file_id.as_ref().map(ToString::to_string).unwrap_or_default()
        })?;
        // Of a stream only B2 can tell.
        let len = len.unwrap_or(done.file.content_length);
        context
            .output
            .say(&format!("uploaded {len} bytes as b2://{}/{}{encrypted}", self.bucket, self.name));
        Ok(())
    }
}

impl Upload {
    /// Where the upload is remembered, if it can be done again at all.
    fn journal(&self, context: &Context) -> Result<Option<PathBuf>, Failure> {
        if self.no_resume {
            return Ok(None);
        }
        let realm = context.authorization()?.realm;
        if !self.local.is_file() {
            return journals::record_of_stream(realm.as_deref(), &self.bucket, &self.name)
                .map(Some);
        }
        journals::journal(realm.as_deref(), &self.bucket, &self.name, &self.local).map(Some)
    }
}

/// Opens the source; what is no regular file is read to its end.
///
/// What cannot be encrypted otherwise is read `wholly` first.
async fn open(local: &Path, wholly: bool) -> Result<Source, Failure> {
    let path = local.to_owned();
    fn stream(reader: impl Read + Send + 'static, wholly: bool) -> std::io::Result<Source> {
        if wholly { Source::reader(reader) } else { Ok(Source::stream(reader)) }
    }
    let opened = tokio::task::spawn_blocking(move || {
        if path.as_os_str() == "-" {
            return stream(std::io::stdin(), wholly);
        }
        let metadata = std::fs::metadata(&path)?;
        if metadata.is_file() || metadata.is_dir() {
            return Source::file(&path);
        }
        stream(std::fs::File::open(&path)?, wholly)
    });
    let opened = opened.await.map_err(std::io::Error::from).and_then(|source| source);
    opened.map_err(|source| {
        let what = match local.to_str() {
            Some("-") => "cannot read standard input".to_owned(),
            _ => format!("cannot read {}", local.display()),
        };
        Failure::local(what, source)
    })
}
