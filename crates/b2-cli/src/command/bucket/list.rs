//! `b2 bucket list`

use b2::BucketInfo;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;

const AFTER_HELP: &str = "\
Capability: listBuckets

Prints id, type and name of each bucket. A key that is restricted to buckets
lists those.

Examples:
  b2 bucket list
  b2 bucket list --json | jq -r .bucketName";

/// List the buckets
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        list(context).await
    }
}

/// Lists the buckets that the key may see.
pub(crate) async fn list(context: &Context) -> Result<(), Failure> {
    let buckets = context.client()?.buckets().await?;
    buckets.iter().try_for_each(|bucket| print(&context.output, bucket))
}

fn print(output: &Output, bucket: &BucketInfo) -> Result<(), Failure> {
    output.row(bucket, || {
        let kind = bucket.bucket_type.as_str();
        format!("{}  {kind:<10}  {}", bucket.bucket_id, bucket.bucket_name)
    })
}
