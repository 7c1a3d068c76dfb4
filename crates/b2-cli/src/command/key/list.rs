//! `b2 key list`

use b2::ApplicationKeyInfo;

use crate::context::Context;
use crate::failure::Failure;
use crate::moment;

const AFTER_HELP: &str = "\
Capability: listKeys

Prints id and name of each key that has not expired; never the key itself, and
not the master key. --long adds when it expires, the ids of its buckets, its
prefix and what it may do; `-` stands for no restriction.

Examples:
  b2 key list
  b2 key list --long
  b2 key list --json | jq -r 'select(.namePrefix == null) | .keyName'";

/// List the application keys
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct List {
    /// Print more than ids and names
    #[arg(short, long)]
    long: bool,
}

impl List {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut keys = context.client()?.keys();
        while let Some(key) = keys.next().await {
            let key = key?;
            context.output.row(&key, || match self.long {
                true => long(&key),
                false => format!("{}  {}", key.application_key_id, key.key_name),
            })?;
        }
        Ok(())
    }
}

fn long(key: &ApplicationKeyInfo) -> String {
    let expires = key.expiration_timestamp.map_or_else(|| "-".to_owned(), moment::shown);
    let buckets = key.bucket_ids.as_ref().map_or_else(|| "-".to_owned(), |ids| listed(ids));
    let prefix = key.name_prefix.as_deref().unwrap_or("-");
    let capabilities = listed(&key.capabilities);
    let (id, name) = (&key.application_key_id, &key.key_name);
    format!("{id}  {name}  {expires}  {buckets}  {prefix}  {capabilities}")
}

fn listed(words: &[impl ToString]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
