//! `cargo xtask check-msrv`: the oldest compiler that the workspace promises.
//!
//! Only one compiler is installed where this runs, so it does not build with the oldest. It holds
//! what every dependency declares against the promise, and leaves our own code to the lint
//! `clippy::incompatible_msrv`, which it insists on.

use crate::failure::Failure;
use crate::finding::{self, Finding};
use crate::metadata::Metadata;
use crate::workspace::{self, SourceFile};

/// The lint that knows when each part of the standard library appeared.
const LINT: &str = "incompatible_msrv";

/// Runs the command on this workspace.
pub(crate) fn run() -> Result<(), Failure> {
    let root = workspace::root();
    let files = workspace::files(&root).map_err(|source| Failure::io(&root, source))?;
    let mut findings = check_dependencies(&Metadata::load()?);
    findings.extend(check_lints(&files));
    finding::conclude("check-msrv", findings)
}

/// A compiler version; `1.90` and `1.90.0` are the same.
type Version = [u64; 3];

fn check_dependencies(metadata: &Metadata) -> Vec<Finding> {
    let promises: Vec<Option<Version>> =
        metadata.members().map(|package| package.rust_version.as_deref().and_then(parse)).collect();
    let Some(Some(promise)) = promises.first().copied() else {
        return vec![Finding::new("Cargo.toml", "the crates declare no rust-version")];
    };
    if promises.iter().any(|other| *other != Some(promise)) {
        return vec![Finding::new("Cargo.toml", "the crates declare different rust-versions")];
    }
    let strangers = metadata.packages.iter().filter(|package| !metadata.is_member(package));
    let newer = strangers.filter_map(|package| {
        let needs = package.rust_version.as_deref()?;
        let fits = parse(needs).is_some_and(|needs| needs <= promise);
        let place = format!("{} {}", package.name, package.version);
        (!fits).then(|| Finding::new(place, format!("needs Rust {needs}, newer than promised")))
    });
    newer.collect()
}

fn parse(text: &str) -> Option<Version> {
    let mut version = [0; 3];
    let mut parts = text.split('.');
    for (place, part) in version.iter_mut().zip(parts.by_ref()) {
        *place = part.parse().ok()?;
    }
    parts.next().is_none().then_some(version)
}

/// The workspace must switch the lint on, and every crate must take the workspace's lints.
fn check_lints(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What is fuzzed is, but what fuzzes needs a nightly compiler and a workspace of its own.
    let ours = |file: &&SourceFile| {
        file.path.ends_with("Cargo.toml") && !file.path.ends_with("/fuzz/Cargo.toml")
    };
    for file in files.iter().filter(ours) {
        if file.path == "Cargo.toml" {
            let value = entry(&file.text, "[workspace.lints.clippy]", LINT);
            if !value.is_some_and(|level| ["\"warn\"", "\"deny\"", "\"forbid\""].contains(&level)) {
                findings.push(Finding::new(&file.path, format!("does not switch on {LINT}")));
            }
        } else if entry(&file.text, "[lints]", "workspace") != Some("true") {
            findings.push(Finding::new(&file.path, "does not take the workspace's lints"));
        }
    }
    findings
}

/// The value of a key that stands on a line of its own in a table.
fn entry<'a>(manifest: &'a str, table: &str, key: &str) -> Option<&'a str> {
    let lines = manifest.lines().map(str::trim).skip_while(|line| *line != table).skip(1);
    let mut lines = lines.take_while(|line| !line.starts_with('['));
    lines.find_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found.trim() == key).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn findings(ours: &[Option<&str>], needs: &str) -> Vec<String> {
        let mut packages = vec![
            json!({ "name": "x", "version": "2.0.0", "id": "stranger", "rust_version": needs }),
        ];
        for (number, version) in ours.iter().enumerate() {
            let id = format!("ours {number}");
            packages
                .push(json!({ "name": id, "version": "0.1.0", "id": id, "rust_version": version }));
        }
        let members: Vec<String> = (0..ours.len()).map(|number| format!("ours {number}")).collect();
        let metadata = json!({ "packages": packages, "workspace_members": members });
        let found = check_dependencies(&serde_json::from_value(metadata).unwrap());
        found.into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn a_dependency_as_old_as_the_promise_passes() {
        assert_eq!(findings(&[Some("1.90")], "1.90.0"), [""; 0]);
        assert_eq!(findings(&[Some("1.90")], "1.9"), [""; 0]);
    }

    #[test]
    fn a_newer_dependency_is_named() {
        let wanted = ["x 2.0.0: needs Rust 1.90.1, newer than promised"];
        assert_eq!(findings(&[Some("1.90")], "1.90.1"), wanted);
    }

    #[test]
    fn a_crate_without_the_promise_is_found() {
        assert_eq!(findings(&[Some("1.90"), None], "1.0").len(), 1);
        assert_eq!(findings(&[None], "1.0").len(), 1);
    }

    #[test]
    fn the_lint_must_be_on_everywhere() {
        let file =
            |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
        let on = file("Cargo.toml", "[workspace.lints.clippy]\nincompatible_msrv = \"warn\"\n");
        let off = file("Cargo.toml", "[workspace.lints.clippy]\n[x]\nincompatible_msrv = \"warn\"");
        let takes = file("crates/b2/Cargo.toml", "[lints]\nworkspace = true\n");
        let leaves = file("crates/b2/Cargo.toml", "[package]\nworkspace = true\n");
        assert_eq!(check_lints(&[on.clone(), takes.clone()]), []);
        assert_eq!(check_lints(&[off, takes]).len(), 1);
        assert_eq!(check_lints(&[on, leaves]).len(), 1);
    }
}
