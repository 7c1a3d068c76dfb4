//! How long a version is kept from being deleted.

use b2::{FileRetention, LegalHold, RetentionMode};
use clap::ValueEnum;

use crate::failure::Failure;
use crate::moment;

/// Retention and legal hold of a version.
#[derive(Debug, clap::Args)]
pub(super) struct Lock {
    /// Whether it may not be deleted, whatever its retention
    #[arg(long, value_name = "STATE")]
    legal_hold: Option<Hold>,

    /// How it is retained
    #[arg(long, value_name = "MODE")]
    file_retention_mode: Option<Mode>,

    /// Until when: a time such as 2030-01-31T12:00:00Z, or ms since 1970
    #[arg(long, value_name = "TIME", value_parser = moment::parsed, requires = "file_retention_mode")]
    retain_until: Option<i64>,
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

impl Lock {
    pub(super) fn legal_hold(&self) -> Option<LegalHold> {
        self.legal_hold.map(|hold| match hold {
            Hold::On => LegalHold::On,
            Hold::Off => LegalHold::Off,
        })
    }

    pub(super) fn retention(&self) -> Result<Option<FileRetention>, Failure> {
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
