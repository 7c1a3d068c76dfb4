//! `b2 file url`

use b2::Override;
use serde::Serialize;

use crate::command::encryption::Names;
use crate::context::Context;
use crate::failure::Failure;
use crate::uri::NameUri;

const AFTER_HELP: &str = "\
Capabilities: none; with --with-auth shareFiles, and listBuckets unless the key is
restricted to the bucket

Prints where the newest version of the file is. Everyone can open it if the
bucket is public. --with-auth makes a link that opens a file of a private bucket
until it expires, for whoever has it. Whether the file exists is not looked up.

Examples:
  b2 file url b2://my-website/index.html
  b2 file url --with-auth --duration 3600 b2://my-photos/cat.jpg
  b2 file url --with-auth --content-disposition 'attachment; filename=\"cat.jpg\"' b2://my-photos/1.jpg";

/// Print the URL of a file, or a link that opens it
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Url {
    /// The file: b2://bucket/name
    #[arg(value_name = "B2_URI")]
    uri: NameUri,

    #[command(flatten)]
    names: Names,

    /// Add a token, so that the link opens a private file
    #[arg(long)]
    with_auth: bool,

    /// Seconds until the link expires, at most a week
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, requires = "with_auth", value_parser = clap::value_parser!(u32).range(1..=604_800))]
    duration: u32,

    /// What to answer as Content-Disposition
    #[arg(long, value_name = "TEXT", requires = "with_auth")]
    content_disposition: Option<String>,

    /// What to answer as Content-Type
    #[arg(long, value_name = "TYPE", requires = "with_auth")]
    content_type: Option<String>,

    /// What to answer as Content-Language
    #[arg(long, value_name = "TEXT", requires = "with_auth")]
    content_language: Option<String>,

    /// What to answer as Content-Encoding
    #[arg(long, value_name = "TEXT", requires = "with_auth")]
    content_encoding: Option<String>,

    /// What to answer as Cache-Control
    #[arg(long, value_name = "TEXT", requires = "with_auth")]
    cache_control: Option<String>,

    /// What to answer as Expires
    #[arg(long, value_name = "DATE", requires = "with_auth")]
    expires: Option<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    url: &'a str,
}

impl Url {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let stored = self.names.stored(&self.uri)?;
        let client = context.client()?;
        if !self.with_auth {
            let url = client.file_url(&stored.bucket, &stored.name).await?;
            return context.output.row(&Row { url: &url }, || url.clone());
        }
        let bucket = client.bucket(&stored.bucket).await?;
        let mut share = bucket.share(&stored.name).with_duration_seconds(self.duration);
        for (header, value) in self.overrides() {
            share = share.with_override(header, value);
        }
        let link = share.run().await?;
        context.output.row(&Row { url: link.expose() }, || link.expose().to_owned())
    }

    fn overrides(&self) -> impl Iterator<Item = (Override, &str)> {
        let given = [
            (Override::ContentDisposition, &self.content_disposition),
            (Override::ContentType, &self.content_type),
            (Override::ContentLanguage, &self.content_language),
            (Override::ContentEncoding, &self.content_encoding),
            (Override::CacheControl, &self.cache_control),
            (Override::Expires, &self.expires),
        ];
        given.into_iter().filter_map(|(header, value)| Some((header, value.as_deref()?)))
    }
}
