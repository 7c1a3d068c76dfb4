//! `b2 bucket notification-rule set`

use b2::NotificationRule;

use crate::command::bucket::notification_rule::{hidden, list};
use crate::context::Context;
use crate::failure::Failure;
use crate::json_argument;

const AFTER_HELP: &str = "\
Capabilities: writeBucketNotifications, and listBuckets unless the key is
restricted to the bucket

Replaces all rules of the bucket by those of RULES: a JSON array, the path of a
file that holds one, or `-` for standard input. The names in it are those of the
Native API. A rule without hmacSha256SigningSecret gets a secret from B2, which
--show-secrets prints. Rules that were listed without their secrets are refused.

Examples:
  b2 bucket notification-rule set my-photos rules.json
  b2 bucket notification-rule set my-photos '[]'
  b2 bucket notification-rule list my-photos --json --show-secrets | jq -s 'map(.isEnabled = false)' |
      b2 bucket notification-rule set my-photos -";

/// Replace the notification rules of a bucket
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Set {
    /// The name of the bucket
    #[arg(value_name = "BUCKET")]
    name: String,

    /// All the rules it shall have, a JSON array
    #[arg(value_name = "RULES")]
    rules: String,

    /// Print signing secrets and values of headers
    #[arg(long)]
    show_secrets: bool,
}

impl Set {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let rules: Vec<NotificationRule> = json_argument::read("RULES", &self.rules).await?;
        if let Some(rule) = rules.iter().find(|rule| hidden::is_hidden(rule)) {
            let text = "was listed without its secrets: list it with --show-secrets";
            return Err(Failure::Usage(format!("the rule {} {text}", rule.name)));
        }
        let bucket = context.client()?.bucket(&self.name).await?;
        let rules = bucket.set_notification_rules(rules.into_iter().map(asked).collect()).await?;
        list::print(context, rules, self.show_secrets)
    }
}

/// Without what only answers have, so that what was listed can be set again.
fn asked(mut rule: NotificationRule) -> NotificationRule {
    rule.is_suspended = None;
    rule.suspension_reason = None;
    rule
}
