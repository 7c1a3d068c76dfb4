//! Whether the crates below one that holds keys wipe what they held, as far as they can.

use super::rules::WIPED;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::metadata::Metadata;
use crate::program;

/// The feature that every crate of the field calls so.
const FEATURE: &str = "zeroize";

/// Every crate of the tree that has the feature and is built without it.
pub(crate) fn check(metadata: &Metadata) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for package in WIPED {
        let mut tree = program::cargo();
        tree.args(["tree", "--package", package, "--edges", "normal,no-proc-macro"]);
        tree.args(["--prefix", "none", "--format", "{p}|{f}"]);
        let tree = program::stdout(&mut tree)?;
        findings.extend(missing(metadata, package, &tree));
    }
    Ok(findings)
}

fn missing(metadata: &Metadata, package: &str, tree: &str) -> Vec<Finding> {
    let mut lines: Vec<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    lines.sort_unstable();
    lines.dedup();
    let found = lines.iter().filter_map(|line| {
        let (name, features) = line.split_once('|')?;
        let mut words = name.split(' ');
        let (name, version) = (words.next()?, words.next()?.trim_start_matches('v'));
        let could = metadata.packages.iter().any(|one| {
            one.name == name && one.version == version && one.features.contains_key(FEATURE)
        });
        let does = features.split(',').any(|feature| feature == FEATURE);
        let message = format!("{name} {version} is in its tree without its feature {FEATURE}");
        (could && !does).then(|| Finding::new(package, message))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_crate_that_could_wipe_and_does_not_is_named_once() {
        let package = |name: &str, features| json!({ "name": name, "version": "0.9.1", "id": name, "features": features });
        let metadata = json!({
            "packages": [
                package("poly1305", json!({ "zeroize": ["dep:zeroize"] })),
                package("cmac", json!({ "zeroize": [] })),
                package("dbl", json!({})),
            ],
            "workspace_members": [],
        });
        let metadata = serde_json::from_value(metadata).unwrap();
        let tree = "b2-crypto v0.1.0 (/b2)|\npoly1305 v0.9.1|\npoly1305 v0.9.1| (*)\n\
                    cmac v0.9.1|default,zeroize\ndbl v0.9.1|\n";
        let found = missing(&metadata, "b2-crypto", tree);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("poly1305 0.9.1 "), "{}", found[0].message);
    }
}
