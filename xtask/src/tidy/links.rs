//! Links in the documents that lead nowhere.

use std::path::{Component, Path, PathBuf};

use super::markdown::Document;
use crate::finding::Finding;
use crate::workspace::SourceFile;

/// Every relative link whose file or heading does not exist.
pub(crate) fn check(root: &Path, files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.has_extension("md")) {
        for link in Document::parse(&file.text).links {
            if !leads_somewhere(root, files, file, &link.target) {
                let message = format!("links to {}, which does not exist", link.target);
                findings.push(Finding::at_line(&file.path, link.line, message));
            }
        }
    }
    findings
}

fn leads_somewhere(root: &Path, files: &[SourceFile], from: &SourceFile, target: &str) -> bool {
    // Other people's pages are not ours to check, and this runs without a network.
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { from.path.clone() } else { resolve(&from.path, path) };
    if anchor.is_empty() {
        return root.join(&path).exists();
    }
    let linked = files.iter().find(|file| file.path == path);
    linked.is_some_and(|file| {
        let anchors = Document::parse(&file.text).anchors;
        !file.has_extension("md") || anchors.iter().any(|found| found == anchor)
    })
}

/// A relative link as a path from the workspace's root.
fn resolve(from: &str, link: &str) -> String {
    let mut resolved = PathBuf::from(from);
    resolved.pop();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    resolved.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn findings(readme: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("docs")).unwrap();
        fs::write(folder.path().join("docs/README.md"), readme).unwrap();
        fs::write(folder.path().join("guide.md"), "# Getting started\n").unwrap();
        let files = crate::workspace::files(folder.path()).unwrap();
        check(folder.path(), &files).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn links_to_what_exists_pass() {
        let good = "# Top\n[a](../guide.md) [b](../guide.md#getting-started) [c](#top) [d](..)\n";
        assert_eq!(findings(good), [""; 0]);
        assert_eq!(findings("[a](https://example.com/none) [b](mailto:a@example.com)"), [""; 0]);
    }

    #[test]
    fn dead_links_are_found() {
        let wanted = ["docs/README.md:2: links to guide.md, which does not exist"];
        assert_eq!(findings("\n[a](guide.md)"), wanted);
        assert_eq!(findings("[a](../guide.md#finishing)").len(), 1);
        assert_eq!(findings("[a](#nowhere)").len(), 1);
    }
}
