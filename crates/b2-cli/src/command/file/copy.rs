//! `b2 file copy`

use std::collections::BTreeMap;
use std::path::PathBuf;

use b2::{ByteRange, Client, CopyFile, EncryptionRequest, FileId, StoredFile};

use crate::command::encryption::Names;
use crate::command::file::encryption::{DestinationEncryption, SourceEncryption};
use crate::command::file::upload::Stored;
use crate::command::file::{pair, target};
use crate::context::Context;
use crate::failure::Failure;
use crate::journals;
use crate::progress::{self, NoProgress};
use crate::uri::{FileUri, NameUri};

const AFTER_HELP: &str = "\
Capabilities: writeFiles; readFiles if the source is private; and listBuckets
unless the key is restricted to the bucket of the copy

B2 copies by itself, what is longer than 5 GB in parts; no byte passes through
this machine. Prints the id of the new version. If a copy in parts is
interrupted, the parts stay at B2 and cost money: run the same command again and
it goes on after them, or cancel the large file.

Content type and information are those of the source; if
--content-type or --info is given, what is given replaces all of the information.

With --name-key-file both names are encrypted; name a source whose name is not
by its id.

The keys of SSE-C come from B2_SOURCE_SSE_C_KEY_B64 and
B2_DESTINATION_SSE_C_KEY_B64, 32 bytes in base64. A source under SSE-C has to be
named by its id.

Examples:
  b2 file copy b2://my-photos/cat.jpg b2://my-backups/cat.jpg
  b2 file copy b2id://4_z27c88f1d182b150646ff0b16_f1004ba650fe24e6b b2://my-photos/cat.jpg
  b2 file copy --range 0-1023 b2://my-logs/today.log b2://my-logs/head.log
  b2 file copy --name-key-file names.key b2://my-diary/draft b2://my-diary/2026/11/27
  b2 file copy --info state=final b2://my-docs/draft.txt b2://my-docs/final.txt";

/// Copy one file inside B2
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Copy {
    /// What to copy: b2://bucket/name or b2id://fileId
    #[arg(value_name = "SOURCE")]
    source: FileUri,

    /// What it shall be called: b2://bucket/name
    #[arg(value_name = "DESTINATION")]
    destination: NameUri,

    #[command(flatten)]
    names: Names,

    /// Only these bytes, counted from 0: FIRST-LAST or FIRST-
    #[arg(long, value_name = "RANGE", value_parser = range)]
    range: Option<ByteRange>,

    /// The content type of the copy
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// File information of the copy; may be given ten times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    info: Vec<(String, String)>,

    #[command(flatten)]
    encryption: DestinationEncryption,

    #[command(flatten)]
    source_encryption: SourceEncryption,

    /// Parts that are copied at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    threads: u16,

    /// Begin anew, remember nothing, and cancel the large file if it fails
    #[arg(long)]
    no_resume: bool,

    #[command(flatten)]
    no_progress: NoProgress,
}

impl Copy {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let encryption = self.encryption.request()?;
        let source_encryption = self.source_encryption.key()?.map(EncryptionRequest::sse_c);
        let client = context.client()?;
        let bucket = client.bucket(&self.destination.bucket).await?;
        let source = target::id(&client, &self.names.stored_file(&self.source)?).await?;
        let stored = self.names.stored(&self.destination)?;
        let mut copy = bucket.copy(source.clone(), &stored.name);
        copy = copy.with_concurrency(self.threads.into());
        if let Some(range) = self.range {
            copy = copy.with_range(range);
        }
        if let Some(encryption) = encryption {
            copy = copy.with_encryption(encryption);
        }
        if let Some(encryption) = source_encryption {
            copy = copy.with_source_encryption(encryption);
        }
        let journal = self.journal(context, &source, &stored)?;
        let remembered = journal.is_some();
        if let Some(journal) = journal {
            copy = copy.with_journal(journal);
        }
        let handle = self.with_metadata(&client, source, copy).await?.run().start();
        let monitor = handle.monitor();
        if !remembered {
            context.tidying.begin(monitor.clone());
        }
        let done = handle.join();
        let copied = progress::watch(&context.output, self.no_progress, monitor, done).await?;
        let StoredFile { possible_duplicate, possible_orphan, .. } = copied;
        let row = Stored { file: &copied.file, possible_duplicate, possible_orphan };
        context.output.row(&row, || {
            copied.file.file_id.as_ref().map(ToString::to_string).unwrap_or_default()
        })?;
        let length = copied.file.content_length;
        context.output.say(&format!("copied {length} bytes to {}", self.destination));
        Ok(())
    }

    /// Where the copy is remembered.
    fn journal(
        &self,
        context: &Context,
        source: &FileId,
        NameUri { bucket, name }: &NameUri,
    ) -> Result<Option<PathBuf>, Failure> {
        if self.no_resume {
            return Ok(None);
        }
        let realm = context.authorization()?.realm;
        let what = match self.range {
            Some(range) => format!("{source} {range}"),
            None => source.to_string(),
        };
        journals::journal_of_copy(realm.as_deref(), &what, bucket, name).map(Some)
    }

    /// B2 wants a content type beside information, so that of the source is
    /// looked up if need be.
    async fn with_metadata(
        &self,
        client: &Client,
        source: FileId,
        copy: CopyFile,
    ) -> Result<CopyFile, Failure> {
        if self.content_type.is_none() && self.info.is_empty() {
            return Ok(copy);
        }
        let content_type = match &self.content_type {
            Some(given) => given.clone(),
            None => client.file_info(source).await?.content_type.unwrap_or_default(),
        };
        let info: BTreeMap<_, _> = self.info.iter().cloned().collect();
        Ok(copy.with_metadata(&content_type, info))
    }
}

/// `0-99`, `100-`, and `0,99` as the official tool writes it.
pub(super) fn range(text: &str) -> Result<ByteRange, String> {
    let text = text.replacen(',', "-", 1);
    let range = format!("bytes={text}").parse::<ByteRange>().ok();
    let range = range.filter(|range| range.first().is_some());
    range.ok_or_else(|| "a range such as 0-99 or 100- is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_a_first_byte() {
        assert_eq!(range("0-99"), Ok(ByteRange::inclusive(0, 99).unwrap()));
        assert_eq!(range("0,99"), Ok(ByteRange::inclusive(0, 99).unwrap()));
        assert_eq!(range("100-"), Ok(ByteRange::starting_at(100)));
        for bad in ["", "-", "-5", "9-1", "a-b", "1", "1-2-3"] {
            assert!(range(bad).is_err(), "{bad}");
        }
    }
}
