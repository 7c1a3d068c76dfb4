//! `b2 bucket get-download-auth`

use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capabilities: shareFiles, and listBuckets unless the key is restricted to the bucket

Prints a token: who has it can download files whose names begin with the prefix,
by name, until it expires. Send it as the header `Authorization`, or add it to
the URL as `?Authorization=`. Without --prefix it opens all that the key may read.
`b2 file url --with-auth` makes a whole link.

Examples:
  b2 bucket get-download-auth my-photos --prefix 2026/ --duration 3600
  curl -H \"Authorization: $(b2 bucket get-download-auth my-photos)\" \"$(b2 file url b2://my-photos/cat.jpg)\"";

/// Make a token that downloads files
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DownloadAuth {
    /// The name of the bucket
    #[arg(value_name = "BUCKET")]
    name: String,

    /// Only files whose names begin so
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,

    /// Seconds until it expires, at most a week
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(1..=604_800))]
    duration: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    authorization_token: &'a str,
    bucket_id: &'a str,
    file_name_prefix: &'a str,
}

impl DownloadAuth {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let client = context.client()?;
        let bucket = client.bucket(&self.name).await?;
        let prefix = match self.prefix {
            Some(prefix) => prefix,
            // All that the key may read.
            None => client.authorize().await?.name_prefix.as_deref().unwrap_or_default().to_owned(),
        };
        let made = bucket.download_authorization(&prefix, self.duration).await?;
        let row = Row {
            authorization_token: made.authorization_token.expose(),
            bucket_id: made.bucket_id.as_str(),
            file_name_prefix: &made.file_name_prefix,
        };
        context.output.row(&row, || row.authorization_token.to_owned())
    }
}
