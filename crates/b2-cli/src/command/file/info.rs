//! `b2 file info`

use b2::{ByteRange, Client, Error, FileVersion};
use jiff::Timestamp;

use crate::command::file::absence;
use crate::context::Context;
use crate::failure::Failure;
use crate::uri::{FileUri, NameUri};

const AFTER_HELP: &str = "\
Capability: readFiles

Examples:
  b2 file info b2://my-photos/2026/cat.jpg
  b2 file info --json b2id://4_z27c88f1d182b150646ff0b16_f1004ba650fe24e6b | jq .fileInfo";

/// Show what B2 knows about one file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Info {
    /// The file: b2://bucket/name or b2id://fileId
    #[arg(value_name = "B2_URI")]
    uri: FileUri,
}

impl Info {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let client = context.client()?;
        match find(&client, &self.uri).await {
            Ok(file) => context.output.record(&file, || lines(&file)),
            Err(error) => Err(absence::explained(&client, &self.uri, error).await),
        }
    }
}

async fn find(client: &Client, uri: &FileUri) -> Result<FileVersion, Error> {
    let id = match uri {
        FileUri::Id(id) => id.clone(),
        FileUri::Name(name) => match client.head(&name.bucket, &name.name).await {
            Ok(headers) => headers.file_id,
            Err(error) => return Err(in_words(client, name, error).await),
        },
    };
    client.file_info(id).await
}

/// An answer that is only a head says neither why nor which; the answer to a
/// real request for the first byte does.
async fn in_words(client: &Client, uri: &NameUri, error: Error) -> Error {
    let Ok(first) = ByteRange::inclusive(0, 0) else { return error };
    match (&error, client.download(&uri.bucket, &uri.name).with_range(first).to_bytes().await) {
        (Error::Api { .. }, Err(worded)) => worded,
        _ => error,
    }
}

fn lines(file: &FileVersion) -> Vec<String> {
    let mut lines = vec![format!("name          {}", file.file_name)];
    let mut add = |label: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{label:<14}{value}")));
    };
    add("id", file.file_id.as_ref().map(ToString::to_string));
    add("action", Some(file.action.to_string()));
    add("bucket id", Some(file.bucket_id.to_string()));
    add("bytes", Some(file.content_length.to_string()));
    add("content type", file.content_type.clone());
    add("SHA-1", file.content_sha1.as_ref().map(ToString::to_string));
    add("MD5", file.content_md5.clone());
    add(
        "uploaded",
        Timestamp::from_millisecond(file.upload_timestamp).ok().map(|at| at.to_string()),
    );
    for (name, value) in &file.file_info {
        lines.push(format!("info          {name}={value}"));
    }
    lines
}
