//! `fsck`: whether a data folder is sound.

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

use super::CommandError;
use crate::engine::{Checked, check};

/// What to check, and how to tell.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[non_exhaustive]
pub struct FsckOptions {
    /// The data folder; no emulator may be using it
    #[cfg_attr(feature = "cli", arg(long, value_name = "DIR"))]
    pub data: PathBuf,

    /// Compare the sizes of files only, not their SHA-1
    #[cfg_attr(feature = "cli", arg(long))]
    pub quick: bool,

    /// Print one line of JSON for each fault and one for the sum
    #[cfg_attr(feature = "cli", arg(long))]
    pub json: bool,
}

pub(super) fn run(options: &FsckOptions, out: &mut dyn Write) -> Result<(), CommandError> {
    let mut failed = None;
    let checked = check(&options.data, !options.quick, &mut |fault| {
        let line =
            if options.json { json!({ "fault": fault }).to_string() } else { fault.to_owned() };
        failed = failed.take().or_else(|| writeln!(out, "{line}").err());
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    writeln!(out, "{}", sum(&checked, options))?;
    if checked.faults == 0 { Ok(()) } else { Err(CommandError::Faulty(checked.faults)) }
}

fn sum(checked: &Checked, options: &FsckOptions) -> String {
    let Checked { audited, blobs, bytes, leftovers, faults } = *checked;
    if options.json {
        return json!({
            "blobs": blobs,
            "buckets": audited.buckets,
            "bytes": bytes,
            "faults": faults,
            "leftovers": leftovers,
            "parts": audited.parts,
            "rows": audited.rows,
            "versions": audited.versions,
        })
        .to_string();
    }
    let how = if options.quick { "by size" } else { "byte for byte" };
    format!(
        "{faults} faults in {} rows: {} buckets, {} versions, {} parts; {blobs} blobs of {bytes} \
         bytes compared {how}; {leftovers} leftovers that the next start removes",
        audited.rows, audited.buckets, audited.versions, audited.parts
    )
}
