//! `b2 key create`

use b2::{BucketId, Capability, Client, NewKey};

use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capabilities: writeKeys, and listBuckets for --bucket

Prints the id of the new key and the key itself. B2 shows the key this once and
never again: keep it where others cannot read it.

A key may be given what its maker may not do. One for some buckets cannot have
what concerns the whole account: listKeys, writeKeys, deleteKeys, writeBuckets,
deleteBuckets.

Examples:
  b2 key create backup-writer listBuckets,listFiles,writeFiles --bucket my-backups
  b2 key create guest readFiles,listFiles --bucket my-photos --name-prefix 2026/ --duration 86400
  b2 key create two-buckets listFiles,readFiles --bucket my-photos --bucket my-site
  b2 key create spare --all-capabilities";

/// What concerns the account as a whole.
const OF_THE_ACCOUNT: [Capability; 5] = [
    Capability::ListKeys,
    Capability::WriteKeys,
    Capability::DeleteKeys,
    Capability::WriteBuckets,
    Capability::DeleteBuckets,
];

/// Make an application key
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Create {
    /// A name to know it by: letters, digits and `-`
    #[arg(value_name = "NAME")]
    name: String,

    /// What the key may do, separated by commas
    #[arg(
        value_name = "CAPABILITIES",
        value_delimiter = ',',
        required_unless_present = "all_capabilities",
        conflicts_with = "all_capabilities"
    )]
    capabilities: Vec<String>,

    /// All that the key in use may do, as far as the buckets allow
    #[arg(long)]
    all_capabilities: bool,

    /// Only in this bucket; may be given several times
    #[arg(long, value_name = "BUCKET")]
    bucket: Vec<String>,

    /// Only files whose names begin so
    #[arg(long, value_name = "PREFIX", visible_alias = "prefix")]
    name_prefix: Option<String>,

    /// Seconds until it expires, at most 86400000; never if absent
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400_000))]
    duration: Option<u32>,
}

impl Create {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let client = context.client()?;
        let key = self.key(&client).await?;
        let made = key.run().await?;
        context.output.row(&made, || {
            format!("{}  {}", made.application_key_id, made.application_key.expose())
        })?;
        context.output.say("the key is shown this once: keep it where others cannot read it");
        Ok(())
    }

    async fn key(&self, client: &Client) -> Result<NewKey, Failure> {
        let mut key = client.new_key(&self.name, self.capabilities(client).await?);
        if !self.bucket.is_empty() {
            key = key.with_buckets(self.buckets(client).await?);
        }
        if let Some(prefix) = &self.name_prefix {
            key = key.with_prefix(prefix);
        }
        if let Some(seconds) = self.duration {
            key = key.with_duration_seconds(seconds);
        }
        Ok(key)
    }

    async fn capabilities(&self, client: &Client) -> Result<Vec<Capability>, Failure> {
        if !self.all_capabilities {
            return Ok(self.capabilities.iter().map(|name| name.as_str().into()).collect());
        }
        let mut all = client.authorize().await?.capabilities.clone();
        if !self.bucket.is_empty() {
            all.retain(|capability| !OF_THE_ACCOUNT.contains(capability));
        }
        Ok(all)
    }

    async fn buckets(&self, client: &Client) -> Result<Vec<BucketId>, Failure> {
        let mut ids = Vec::new();
        for name in &self.bucket {
            ids.push(client.bucket(name).await?.id().clone());
        }
        Ok(ids)
    }
}
