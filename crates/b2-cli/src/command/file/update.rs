//! `b2 file update`

use b2::{Client, FileId, LegalHold};

use crate::command::encryption::Names;
use crate::command::file::lock::Lock;
use crate::command::file::target;
use crate::context::Context;
use crate::failure::Failure;
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

    #[command(flatten)]
    names: Names,

    #[command(flatten)]
    lock: Lock,

    /// Shorten or lift a retention in governance mode
    #[arg(long, requires = "file_retention_mode")]
    bypass_governance: bool,
}

impl Update {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (retention, hold) = (self.lock.retention()?, self.lock.legal_hold());
        if retention.is_none() && hold.is_none() {
            let text = "say what to change: --legal-hold or --file-retention-mode";
            return Err(Failure::Usage(text.to_owned()));
        }
        let retained = retention.is_some();
        let client = context.client()?;
        let stored = self.names.stored_file(&self.uri)?;
        let (name, id) = target::name_and_id(&client, &stored).await?;
        if let Some(retention) = retention {
            let bypass = self.bypass_governance;
            client.set_retention(&name, id.clone(), retention, bypass).await?;
        }
        if let Some(hold) = hold {
            Self::hold(&client, &name, &id, hold, retained).await?;
        }
        let mut file = client.file_info(id).await?;
        file.file_name = self.names.shown()?.name(&file.file_name).into_owned();
        context.output.record(&file, || super::info::lines(&file))
    }

    async fn hold(
        client: &Client,
        name: &str,
        id: &FileId,
        hold: LegalHold,
        retained: bool,
    ) -> Result<(), Failure> {
        match client.set_legal_hold(name, id.clone(), hold).await {
            Ok(_) => Ok(()),
            // Of two changes the first was made: that has to be said.
            Err(error) if retained => {
                let what = "the retention was changed, but the legal hold was not";
                Err(Failure::from(error).during(what))
            }
            Err(error) => Err(error.into()),
        }
    }
}
