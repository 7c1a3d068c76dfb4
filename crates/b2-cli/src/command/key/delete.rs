//! `b2 key delete`

use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: deleteKeys

Whoever uses the key is refused from now on. The master key cannot be deleted.

Examples:
  b2 key delete 004b7e0c41f09aa0000000007
  b2 key list | awk '$2 == \"guest\" { print $1 }' | xargs -n 1 b2 key delete";

/// Delete an application key
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Delete {
    /// The id of the key
    #[arg(value_name = "KEY_ID")]
    id: String,
}

impl Delete {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let deleted = context.client()?.delete_key(self.id.as_str().into()).await?;
        if context.output.json() {
            return context.output.record(&deleted, Vec::new);
        }
        context.output.say(&format!("deleted the key {} ({})", self.id, deleted.key_name));
        Ok(())
    }
}
