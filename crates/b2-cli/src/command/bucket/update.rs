//! `b2 bucket update`

use b2::{
    BucketType, DefaultRetention, EncryptionMode, EncryptionRequest, LifecycleRule, RetentionMode,
    RetentionPeriod, RetentionUnit, UpdateBucket,
};
use clap::ValueEnum;

use crate::command::bucket::get;
use crate::command::bucket::readers::Readers;
use crate::context::Context;
use crate::failure::Failure;
use crate::json_argument;

const AFTER_HELP: &str = "\
Capabilities: writeBuckets; writeBucketEncryption, writeBucketRetentions and
writeBucketReplications for what they name; and listBuckets to find the bucket

What is not named stays as it is; what is named replaces all that was there. All
changes are made or none. Prints the settings as they are then.

Where JSON is expected, the path of a file that holds it will do too, and `-`
reads it from standard input. The names in it are those of the Native API.

Examples:
  b2 bucket update my-site allPublic
  b2 bucket update my-logs --lifecycle-rule '{\"fileNamePrefix\": \"\", \"daysFromHidingToDeleting\": 1}'
  b2 bucket update my-site --cors-rules cors.json --bucket-info '{\"cache-control\": \"max-age=60\"}'
  b2 bucket update my-ledger --file-lock-enabled --default-retention-mode governance \\
      --default-retention-period '30 days'
  b2 bucket update my-logs --cors-rules '[]' --if-revision-is 4";

/// Change the settings of a bucket
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Update {
    /// The name of the bucket
    #[arg(value_name = "BUCKET")]
    name: String,

    /// Who may read its files
    #[arg(value_name = "TYPE")]
    readers: Option<Readers>,

    /// The bucket's own information, an object of texts
    #[arg(long, value_name = "JSON")]
    bucket_info: Option<String>,

    /// What scripts of other origins may do, an array of rules
    #[arg(long, value_name = "JSON")]
    cors_rules: Option<String>,

    /// A rule by which B2 hides and deletes files; may be given several times
    #[arg(long, value_name = "JSON", conflicts_with = "lifecycle_rules")]
    lifecycle_rule: Vec<String>,

    /// All such rules, an array; `[]` removes them
    #[arg(long, value_name = "JSON")]
    lifecycle_rules: Option<String>,

    /// How new files are encrypted
    #[arg(long, value_name = "MODE")]
    default_server_side_encryption: Option<Encryption>,

    /// How new files are retained
    #[arg(long, value_name = "MODE")]
    default_retention_mode: Option<Retention>,

    /// For how long, such as `30 days` or `7 years`
    #[arg(long, value_name = "PERIOD", value_parser = period, requires = "default_retention_mode")]
    default_retention_period: Option<RetentionPeriod>,

    /// Allow locks on files; this cannot be undone
    #[arg(long)]
    file_lock_enabled: bool,

    /// Where files are replicated to and from, an object
    #[arg(long, value_name = "JSON")]
    replication: Option<String>,

    /// Change nothing if the bucket is at another revision by now
    #[arg(long, value_name = "NUMBER")]
    if_revision_is: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Encryption {
    /// With keys that B2 manages
    #[value(name = "SSE-B2")]
    SseB2,
    /// Not
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Retention {
    /// Keys with bypassGovernance can lift it
    Governance,
    /// Nobody can lift it
    Compliance,
    /// Not at all
    None,
}

impl Update {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        if !self.changes_something() {
            let text = "nothing to change: name a setting, see b2 bucket update --help";
            return Err(Failure::Usage(text.to_owned()));
        }
        let bucket = context.client()?.bucket(&self.name);
        // What is given has to be right before B2 is asked for anything.
        let rules = self.lifecycle_rules().await?;
        let retention = self.retention()?;
        let changes = Changes { rules, retention, ..Changes::read(&self).await? };
        let update = changes.apply(&self, bucket.await?.update());
        let changed = update.run().await?;
        context.output.record(&changed, || get::lines(&changed))
    }

    fn changes_something(&self) -> bool {
        let json = [&self.bucket_info, &self.cors_rules, &self.lifecycle_rules, &self.replication];
        json.into_iter().any(Option::is_some)
            || !self.lifecycle_rule.is_empty()
            || self.readers.is_some()
            || self.default_server_side_encryption.is_some()
            || self.default_retention_mode.is_some()
            || self.file_lock_enabled
    }

    async fn lifecycle_rules(&self) -> Result<Option<Vec<LifecycleRule>>, Failure> {
        if let Some(given) = &self.lifecycle_rules {
            return json_argument::read("--lifecycle-rules", given).await.map(Some);
        }
        let mut rules = Vec::new();
        for given in &self.lifecycle_rule {
            rules.push(json_argument::read("--lifecycle-rule", given).await?);
        }
        Ok(Some(rules).filter(|rules| !rules.is_empty()))
    }

    fn retention(&self) -> Result<Option<DefaultRetention>, Failure> {
        let Some(mode) = self.default_retention_mode else { return Ok(None) };
        let mode = match (mode, &self.default_retention_period) {
            (Retention::None, None) => return Ok(Some(DefaultRetention::new())),
            (Retention::None, Some(_)) => {
                let text = "no retention has no period: leave --default-retention-period out";
                return Err(Failure::Usage(text.to_owned()));
            }
            (_, None) => {
                let text = "say for how long: --default-retention-period '30 days'";
                return Err(Failure::Usage(text.to_owned()));
            }
            (Retention::Governance, Some(_)) => RetentionMode::Governance,
            (Retention::Compliance, Some(_)) => RetentionMode::Compliance,
        };
        let mut retention = DefaultRetention::new().with_mode(mode);
        retention.period.clone_from(&self.default_retention_period);
        Ok(Some(retention))
    }
}

/// What was given as JSON, read.
#[derive(Default)]
struct Changes {
    info: Option<std::collections::BTreeMap<String, String>>,
    cors: Option<Vec<b2::CorsRule>>,
    replication: Option<b2::ReplicationConfiguration>,
    rules: Option<Vec<LifecycleRule>>,
    retention: Option<DefaultRetention>,
}

impl Changes {
    async fn read(given: &Update) -> Result<Self, Failure> {
        let mut changes = Self::default();
        if let Some(info) = &given.bucket_info {
            changes.info = Some(json_argument::read("--bucket-info", info).await?);
        }
        if let Some(rules) = &given.cors_rules {
            changes.cors = Some(json_argument::read("--cors-rules", rules).await?);
        }
        if let Some(replication) = &given.replication {
            changes.replication = Some(json_argument::read("--replication", replication).await?);
        }
        Ok(changes)
    }

    fn apply(self, given: &Update, update: UpdateBucket) -> UpdateBucket {
        let encryption = given.default_server_side_encryption.map(|mode| match mode {
            Encryption::SseB2 => EncryptionRequest::sse_b2(),
            Encryption::None => EncryptionRequest::new().with_mode(EncryptionMode::Unencrypted),
        });
        let lock = given.file_lock_enabled.then_some(true);
        let update = with(update, given.readers.map(BucketType::from), UpdateBucket::with_type);
        let update = with(update, self.info, UpdateBucket::with_info);
        let update = with(update, self.cors, UpdateBucket::with_cors_rules);
        let update = with(update, self.rules, UpdateBucket::with_lifecycle_rules);
        let update = with(update, encryption, UpdateBucket::with_default_encryption);
        let update = with(update, self.retention, UpdateBucket::with_default_retention);
        let update = with(update, lock, UpdateBucket::with_file_lock);
        let update = with(update, self.replication, UpdateBucket::with_replication);
        with(update, given.if_revision_is, UpdateBucket::with_if_revision_is)
    }
}

/// Changes `thing` if there is something to change it to.
fn with<T, V>(thing: T, value: Option<V>, change: impl FnOnce(T, V) -> T) -> T {
    match value {
        Some(value) => change(thing, value),
        None => thing,
    }
}

fn period(text: &str) -> Result<RetentionPeriod, String> {
    let expected = || "a period such as `30 days` or `7 years` is expected".to_owned();
    let (number, unit) = text.trim().split_once(' ').ok_or_else(expected)?;
    let unit = match unit.trim() {
        "day" | "days" => RetentionUnit::Days,
        "year" | "years" => RetentionUnit::Years,
        _ => return Err(expected()),
    };
    let duration = number.parse().ok().filter(|duration| *duration > 0).ok_or_else(expected)?;
    Ok(RetentionPeriod::new(duration, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_days_or_years() {
        assert_eq!(period("30 days"), Ok(RetentionPeriod::new(30, RetentionUnit::Days)));
        assert_eq!(period("1 year"), Ok(RetentionPeriod::new(1, RetentionUnit::Years)));
        for bad in ["", "30", "days", "0 days", "-1 days", "3 weeks", "x days"] {
            assert!(period(bad).is_err(), "{bad}");
        }
    }
}
