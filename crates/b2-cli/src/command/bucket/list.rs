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
    let client = context.client()?;
    let session = client.authorize().await?;
    let Some(allowed) = &session.buckets else {
        let buckets = client.buckets().await?;
        return buckets.iter().try_for_each(|bucket| print(&context.output, bucket));
    };
    // B2 answers such a key only if it asks for one of its buckets.
    for name in allowed.iter().filter_map(|bucket| bucket.name.as_deref()) {
        print(&context.output, &client.bucket_info(name).await?)?;
    }
    Ok(())
}

fn print(output: &Output, bucket: &BucketInfo) -> Result<(), Failure> {
    output.row(bucket, || {
        let kind = bucket.bucket_type.as_str();
        format!("{}  {kind:<10}  {}", bucket.bucket_id, bucket.bucket_name)
    })
}
