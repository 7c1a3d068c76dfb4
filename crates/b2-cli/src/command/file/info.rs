//! `b2 file info`

use b2::{FileRetention, FileVersion, Readable};

use crate::command::encryption::Names;
use crate::command::file::target;
use crate::context::Context;
use crate::failure::Failure;
use crate::moment;
use crate::uri::FileUri;

const AFTER_HELP: &str = "\
Capability: readFiles

Examples:
  b2 file info b2://my-photos/2026/cat.jpg
  b2 file info --name-key-file names.key b2://my-diary/2026/11/27
  b2 file info --json b2id://4_z27c88f1d182b150646ff0b16_f1004ba650fe24e6b | jq .fileInfo";

/// Show what B2 knows about one file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Info {
    /// The file: b2://bucket/name or b2id://fileId
    #[arg(value_name = "B2_URI")]
    uri: FileUri,

    #[command(flatten)]
    names: Names,
}

impl Info {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let client = context.client()?;
        let mut file = target::version(&client, &self.names.stored_file(&self.uri)?).await?;
        file.file_name = self.names.shown()?.name(&file.file_name).into_owned();
        context.output.record(&file, || lines(&file))
    }
}

pub(super) fn lines(file: &FileVersion) -> Vec<String> {
    let mut lines = vec![format!("name          {}", file.file_name)];
    let mut add = |label: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{label:<14}{value}")));
    };
    add("id", file.file_id.as_ref().map(ToString::to_string));
    add("action", Some(file.action.to_string()));
    add("bucket id", Some(file.bucket_id.to_string()));
    add("bytes", Some(file.content_length.to_string()));
    add("content bytes", b2::encryption::plaintext_len(&file.file_info).map(|len| len.to_string()));
    add("content type", file.content_type.clone());
    add("SHA-1", file.content_sha1.as_ref().map(ToString::to_string));
    add("MD5", file.content_md5.clone());
    add("uploaded", Some(moment::shown(file.upload_timestamp)));
    add("retained", file.file_retention.as_ref().and_then(retained));
    let hold = file.legal_hold.as_ref().and_then(|hold| hold.value.as_ref());
    add("legal hold", hold.map(ToString::to_string));
    for (name, value) in &file.file_info {
        lines.push(format!("info          {name}={value}"));
    }
    lines
}

fn retained(retention: &Readable<FileRetention>) -> Option<String> {
    let retention = retention.value.as_ref()?;
    let until = retention.retain_until_timestamp.map(moment::shown);
    Some(format!("{} until {}", retention.mode.as_ref()?, until.unwrap_or_default()))
}
