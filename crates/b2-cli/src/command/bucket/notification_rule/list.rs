//! `b2 bucket notification-rule list`

use b2::NotificationRule;

use crate::command::bucket::notification_rule::hidden;
use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capabilities: readBucketNotifications, and listBuckets unless the key is
restricted to the bucket

Prints name, state, prefix, events and address of each rule. The secret that
signs deliveries and the values of headers are shown as `(hidden)`, also with
--json, unless you say --show-secrets.

Examples:
  b2 bucket notification-rule list my-photos
  b2 bucket notification-rule list my-photos --json --show-secrets | jq -s . > rules.json";

/// List the notification rules of a bucket
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct List {
    /// The name of the bucket
    #[arg(value_name = "BUCKET")]
    name: String,

    /// Print signing secrets and values of headers
    #[arg(long)]
    show_secrets: bool,
}

impl List {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let bucket = context.client()?.bucket(&self.name).await?;
        let rules = bucket.notification_rules().await?;
        print(context, rules, self.show_secrets)
    }
}

pub(super) fn print(
    context: &Context,
    rules: Vec<NotificationRule>,
    show_secrets: bool,
) -> Result<(), Failure> {
    for mut rule in rules {
        if !show_secrets {
            hidden::hide(&mut rule);
        }
        context.output.row(&rule, || line(&rule))?;
    }
    Ok(())
}

fn line(rule: &NotificationRule) -> String {
    let state = match (rule.is_suspended, rule.is_enabled) {
        (Some(true), _) => "suspended",
        (_, true) => "enabled",
        (_, false) => "disabled",
    };
    let events: Vec<_> = rule.event_types.iter().map(ToString::to_string).collect();
    let prefix = match rule.object_name_prefix.as_str() {
        "" => "-",
        prefix => prefix,
    };
    let url = &rule.target_configuration.url;
    format!("{}  {state}  {prefix}  {}  {url}", rule.name, events.join(","))
}
