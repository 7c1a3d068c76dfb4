//! `cargo xtask check-layers`: which crate may depend on and mention what.
//!
//! `rules` is the table of what is allowed. `edges` holds the declared dependencies against it,
//! `trees` the whole trees below the crates that must stay free of a runtime, `wiped` whether what
//! is below the crate with the keys wipes them, and `sources` what the code of a crate mentions.

mod edges;
mod rules;
mod sources;
mod trees;
mod wiped;

use crate::failure::Failure;
use crate::finding;
use crate::metadata::Metadata;
use crate::workspace;

/// Runs the command on this workspace.
pub(crate) fn run() -> Result<(), Failure> {
    let metadata = Metadata::load()?;
    let root = workspace::root();
    let files = workspace::files(&root).map_err(|source| Failure::io(&root, source))?;
    let mut findings = edges::check(&metadata);
    for rule in rules::TREES {
        findings.extend(trees::check(rule, &trees::load(rule)?));
    }
    findings.extend(wiped::check(&metadata)?);
    findings.extend(sources::check(&files));
    finding::conclude("check-layers", findings)
}
