//! `b2 bucket get`

use b2::{BucketInfo, Readable};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: listBuckets. Default encryption, file lock and replication are shown
only to keys with readBucketEncryption, readBucketRetentions and
readBucketReplications.

Examples:
  b2 bucket get my-photos
  b2 bucket get my-photos --json | jq .lifecycleRules";

/// Show the settings of a bucket
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Get {
    /// The name of the bucket
    #[arg(value_name = "BUCKET")]
    name: String,
}

impl Get {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let bucket = context.client()?.bucket_info(&self.name).await?;
        context.output.record(&bucket, || lines(&bucket))
    }
}

/// The settings, one a line; lists and objects as JSON.
pub(super) fn lines(bucket: &BucketInfo) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |label: &str, value: String| lines.push(format!("{label:<20}{value}"));
    add("name", bucket.bucket_name.clone());
    add("id", bucket.bucket_id.to_string());
    add("type", bucket.bucket_type.to_string());
    add("revision", bucket.revision.to_string());
    for (name, value) in &bucket.bucket_info {
        add("info", format!("{name}={value}"));
    }
    for rule in &bucket.lifecycle_rules {
        add("lifecycle rule", json(rule));
    }
    for rule in &bucket.cors_rules {
        add("CORS rule", json(rule));
    }
    add("default encryption", readable(bucket.default_server_side_encryption.as_ref()));
    add("file lock", readable(bucket.file_lock_configuration.as_ref()));
    add("replication", readable(bucket.replication_configuration.as_ref()));
    lines
}

fn readable<T: Serialize>(value: Option<&Readable<T>>) -> String {
    match value {
        Some(Readable { value: Some(value), .. }) => json(value),
        Some(Readable { is_client_authorized_to_read: false, .. }) => {
            "(the key may not see it)".to_owned()
        }
        _ => "(none)".to_owned(),
    }
}

fn json(value: &impl Serialize) -> String {
    // What B2 sent as JSON can be written as JSON.
    serde_json::to_string(value).unwrap_or_default()
}
