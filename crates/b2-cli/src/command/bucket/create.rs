//! `b2 bucket create`

use b2::BucketType;
use serde::Serialize;

use crate::command::bucket::readers::Readers;
use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: writeBuckets

Prints the id of the new bucket. Names are shared by all users of B2: 6 to 63
letters, digits and `-`.

Examples:
  b2 bucket create my-photos allPrivate
  b2 bucket create my-website allPublic";

/// Make a bucket
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Create {
    /// The name of the bucket
    #[arg(value_name = "BUCKET")]
    name: String,

    /// Who may read its files
    #[arg(value_name = "TYPE")]
    readers: Readers,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    bucket_id: &'a str,
    bucket_name: &'a str,
    bucket_type: &'a str,
}

impl Create {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let bucket_type = BucketType::from(self.readers);
        let client = context.client()?;
        let bucket = client.create_bucket(&self.name, bucket_type.clone()).await?;
        let row = Row {
            bucket_id: bucket.id().as_str(),
            bucket_name: bucket.name().as_str(),
            bucket_type: bucket_type.as_str(),
        };
        context.output.row(&row, || row.bucket_id.to_owned())
    }
}
