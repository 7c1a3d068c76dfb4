//! Commands in the documents and scripts that do not exist.

use super::markdown::{CodeLine, Document};
use crate::finding::Finding;
use crate::metadata::{Metadata, Package};
use crate::workspace::SourceFile;

/// Every cargo command that names something the workspace does not have.
pub(crate) fn check(metadata: &Metadata, files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for line in lines(file) {
            if let Some(fault) = fault_of_line(metadata, &line.text) {
                findings.push(Finding::at_line(&file.path, line.line, fault));
            }
        }
    }
    findings
}

/// What a reader or a machine is to type.
fn lines(file: &SourceFile) -> Vec<CodeLine> {
    if file.has_extension("md") {
        return Document::parse(&file.text).code;
    }
    if !file.text.starts_with("#!") {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    lines.map(|(index, text)| CodeLine { line: index + 1, text: text.trim().to_owned() }).collect()
}

/// What is wrong with a line, if it is a cargo command at all.
fn fault_of_line(metadata: &Metadata, line: &str) -> Option<String> {
    let line = line.trim_start_matches("$ ").split(" #").next()?;
    // The name of a shell function or a variable may stand in front.
    let mut words =
        line.split_whitespace().take_while(|word| !["|", "&&", "||", ";"].contains(word));
    let first = words.next()?;
    let is_prefix = |word: &str| word == "run" || word.contains('=');
    if first != "cargo" && !(is_prefix(first) && words.next()? == "cargo") {
        return None;
    }
    let words: Vec<&str> = words.take_while(|word| *word != "--").collect();
    match words.split_first() {
        Some((&"xtask", rest)) => fault_of_xtask(rest),
        Some((&("run" | "test" | "build" | "check" | "clippy" | "doc" | "bench"), rest)) => {
            fault_of_build(metadata, rest, words[0] == "run")
        }
        _ => None,
    }
}

fn fault_of_xtask(words: &[&str]) -> Option<String> {
    let (name, options) = words.split_first()?;
    if !crate::has_command(name) {
        return Some(format!("`cargo xtask {name}` does not exist"));
    }
    let unknown = options.iter().filter_map(|word| word.strip_prefix("--")).find(|option| {
        let option = option.split('=').next().unwrap_or_default();
        !crate::has_option(name, option)
    })?;
    Some(format!("`cargo xtask {name}` has no option --{unknown}"))
}

fn fault_of_build(metadata: &Metadata, words: &[&str], runs: bool) -> Option<String> {
    let value = |names: &[&str]| {
        let at = words.iter().position(|word| names.contains(word))?;
        words.get(at + 1).copied()
    };
    // A name in capitals stands for one that the reader puts in.
    let name = value(&["-p", "--package"]).filter(|name| *name != name.to_uppercase())?;
    let Some(package) = metadata.member(name) else {
        return Some(format!("the workspace has no crate {name}"));
    };
    for kind in ["example", "bin", "test", "bench"] {
        if let Some(target) = value(&[&format!("--{kind}")])
            && !package.has_target(kind, target)
        {
            return Some(format!("{name} has no {kind} {target}"));
        }
    }
    let asked = value(&["--features", "-F"]).unwrap_or_default();
    let mut asked = asked.split(',').filter(|feature| !feature.is_empty());
    if let Some(feature) = asked.find(|feature| !package.features.contains_key(*feature)) {
        return Some(format!("{name} has no feature {feature}"));
    }
    (runs && !words.contains(&"--example") && !has_program(package))
        .then(|| format!("{name} is no program"))
}

fn has_program(package: &Package) -> bool {
    package.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "bin"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(line: &str) -> Option<String> {
        let metadata = json!({
            "packages": [{
                "name": "b2", "version": "0.1.0", "id": "b2", "features": { "hyper": [] },
                "targets": [{ "name": "quickstart", "kind": ["example"] }],
            }],
            "workspace_members": ["b2"],
        });
        fault_of_line(&serde_json::from_value(metadata).unwrap(), line)
    }

    #[test]
    fn commands_that_exist_pass() {
        for line in [
            "cargo run --release -p b2 --example quickstart -- --example other",
            "$ cargo test --workspace # every test",
            "RUSTFLAGS=-Dwarnings cargo check -p b2 --features hyper",
            "cargo xtask ci --only fmt",
            "cargo add b2 --features other",
            "echo cargo run -p other",
            "cargo test -p CRATE",
        ] {
            assert_eq!(fault(line), None, "{line}");
        }
    }

    #[test]
    fn commands_that_do_not_exist_are_found() {
        for (line, wanted) in [
            ("cargo test -p other", "the workspace has no crate other"),
            ("cargo run -p b2 --example slow", "b2 has no example slow"),
            ("run cargo run -p b2", "b2 is no program"),
            ("cargo build -p b2 --features fast", "b2 has no feature fast"),
            ("cargo xtask fly", "`cargo xtask fly` does not exist"),
            ("cargo xtask ci --fast", "`cargo xtask ci` has no option --fast"),
        ] {
            assert_eq!(fault(line).as_deref(), Some(wanted), "{line}");
        }
    }
}
