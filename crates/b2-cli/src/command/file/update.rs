//! `b2 file update`

use b2::{Client, FileId, FileRetention, LegalHold, RetentionMode};
use clap::ValueEnum;

use crate::command::file::target;
use crate::context::Context;
use crate::failure::Failure;
use crate::moment;
use crate::uri::FileUri;

const AFTER_HELP: &str = "\
Capabilities: writeFileRetentions for a retention, writeFileLegalHolds for a legal
hold, bypassGovernance for --bypass-governance; and readFiles to find the version

The bucket must have file lock: `b2 bucket update --file-lock-enabled`. A version
that is retained in compliance mode can be retained longer and never shorter, one
in governance mode also shorter with --bypass-governance.

Prints what B2 knows about the version then.

Examples:
  b2 file update --legal-hold on b2://my-ledger/2026.csv
  b2 file update --file-retention-mode governance --retain-until 2030-01-01T00:00:00Z \\
      b2://my-ledger/2026.csv
  b2 file update --file-retention-mode none --bypass-governance \\
      b2id://4_z27c88f1d182b150646ff0b16_f1004ba650fe24e6b";

/// Change retention and legal hold of a version
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Update {
    /// The file: b2://bucket/name or b2id://fileId
    #[arg(value_name = "B2_URI")]
    uri: FileUri,

    /// Whether it may not be deleted, whatever its retention
    #[arg(long, value_name = "STATE", required_unless_present = "file_retention_mode")]
    legal_hold: Option<Hold>,

    /// How it is retained
    #[arg(long, value_name = "MODE")]
    file_retention_mode: Option<Mode>,

    /// Until when: a time such as 2030-01-31T12:00:00Z, or ms since 1970
    #[arg(long, value_name = "TIME", value_parser = moment::parsed, requires = "file_retention_mode")]
    retain_until: Option<i64>,

    /// Shorten or lift a retention in governance mode
    #[arg(long, requires = "file_retention_mode")]
    bypass_governance: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hold {
    /// It is held
    On,
    /// It is not
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Keys with bypassGovernance can shorten it
    Governance,
    /// Nobody can shorten it
    Compliance,
    /// Not at all
    None,
}

impl Update {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let retention = self.retention()?;
        let client = context.client()?;
        let (name, id) = target::name_and_id(&client, &self.uri).await?;
        if let Some(retention) = retention {
            let bypass = self.bypass_governance;
            client.set_retention(&name, id.clone(), retention, bypass).await?;
        }
        if let Some(hold) = self.legal_hold {
            self.hold(&client, &name, &id, hold).await?;
        }
        let file = client.file_info(id).await?;
        context.output.record(&file, || super::info::lines(&file))
    }

    async fn hold(
        &self,
        client: &Client,
        name: &str,
        id: &FileId,
        hold: Hold,
    ) -> Result<(), Failure> {
        let hold = match hold {
            Hold::On => LegalHold::On,
            Hold::Off => LegalHold::Off,
        };
        match client.set_legal_hold(name, id.clone(), hold).await {
            Ok(_) => Ok(()),
            // Of two changes the first was made: that has to be said.
            Err(error) if self.file_retention_mode.is_some() => {
                let what = "the retention was changed, but the legal hold was not";
                Err(Failure::from(error).during(what))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn retention(&self) -> Result<Option<FileRetention>, Failure> {
        let Some(mode) = self.file_retention_mode else { return Ok(None) };
        let mode = match (mode, self.retain_until) {
            (Mode::None, None) => return Ok(Some(FileRetention::new())),
            (Mode::None, Some(_)) => {
                let text = "no retention has no end: leave --retain-until out";
                return Err(Failure::Usage(text.to_owned()));
            }
            (_, None) => {
                let text = "say until when: --retain-until 2030-01-31T12:00:00Z";
                return Err(Failure::Usage(text.to_owned()));
            }
            (Mode::Governance, Some(_)) => RetentionMode::Governance,
            (Mode::Compliance, Some(_)) => RetentionMode::Compliance,
        };
        let mut retention = FileRetention::new().with_mode(mode);
        retention.retain_until_timestamp = self.retain_until;
        Ok(Some(retention))
    }
}
