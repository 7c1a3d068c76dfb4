//! What the code of a crate mentions.

use super::rules::{FACADE, FACADE_BANNED, PURE, PURE_BANNED, PURE_CLIPPY};
use crate::finding::Finding;
use crate::tokens::Tokens;
use crate::workspace::SourceFile;

/// Every mention that the layers do not allow, and every missing ban.
pub(crate) fn check(files: &[SourceFile]) -> Vec<Finding> {
    let pure = PURE.iter().flat_map(|name| check_pure(files, name));
    pure.chain(check_mentions(files, FACADE, FACADE_BANNED)).collect()
}

fn check_pure(files: &[SourceFile], name: &str) -> Vec<Finding> {
    let folder = format!("crates/{name}/");
    if !files.iter().any(|file| file.is_in(&folder)) {
        return Vec::new();
    }
    let mut findings = check_clippy(files, &format!("{folder}clippy.toml"));
    findings.extend(check_mentions(files, name, PURE_BANNED));
    findings
}

fn check_clippy(files: &[SourceFile], path: &str) -> Vec<Finding> {
    let Some(file) = files.iter().find(|file| file.path == path) else {
        return vec![Finding::new(path, "is missing, and with it the bans of a pure crate")];
    };
    let missing = PURE_CLIPPY.iter().filter(|ban| !file.text.contains(&format!("\"{ban}\"")));
    missing.map(|ban| Finding::new(path, format!("does not ban {ban}"))).collect()
}

/// Banned paths in the shipped code of a crate.
fn check_mentions(files: &[SourceFile], name: &str, banned: &[&str]) -> Vec<Finding> {
    let folder = format!("crates/{name}/src/");
    let shipped = files
        .iter()
        .filter(|file| file.is_in(&folder) && file.has_extension("rs") && !file.is_test());
    shipped.flat_map(|file| check_file(file, banned)).collect()
}

fn check_file(file: &SourceFile, banned: &[&str]) -> Vec<Finding> {
    let tokens = match Tokens::parse(&file.text) {
        Ok(tokens) => tokens,
        Err(error) => return vec![Finding::new(&file.path, format!("cannot be read: {error}"))],
    };
    let mut findings = Vec::new();
    for mention in tokens.mentions() {
        if banned.iter().any(|banned| mention.contains(banned)) {
            let message = format!("mentions {}", mention.segments.join("::"));
            findings.push(Finding::at_line(&file.path, mention.line, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    fn bans() -> String {
        PURE_CLIPPY.iter().map(|ban| format!("{{ path = \"{ban}\" }}\n")).collect()
    }

    /// The findings on a core that has one file and all bans.
    fn core(text: &str) -> Vec<String> {
        let files = [
            file("crates/b2-core/clippy.toml", &bans()),
            file("crates/b2-core/src/machine.rs", text),
        ];
        check(&files).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn a_core_that_is_given_its_time_passes() {
        assert_eq!(core("use std::time::Instant; fn f(now: Instant) {}"), [""; 0]);
    }

    #[test]
    fn a_clock_a_file_and_a_word_on_the_terminal_are_found() {
        for planted in [
            "fn f() { std::time::Instant::now(); }",
            "use std::{collections::BTreeMap, fs};",
            "use std::time::SystemTime;",
            "fn f() { println!(); }",
            "use rand::Rng;",
            "fn f() { let a = std::env::var(\"B2\"); }",
            "#[expect(clippy::disallowed_methods, reason = \"it is easier\")] fn f() {}",
        ] {
            let found = core(planted);
            assert_eq!(found.len(), 1, "{planted}: {found:?}");
            assert!(found[0].starts_with("crates/b2-core/src/machine.rs:1: mentions "));
        }
    }

    #[test]
    fn tests_and_docs_may_mention_anything() {
        assert_eq!(core("/// Unlike `std::fs`.\n#[cfg(test)] mod tests { use std::fs; }"), [""; 0]);
        let test = file("crates/b2-proto/tests/fixtures/main.rs", "use std::fs;");
        let bans = file("crates/b2-proto/clippy.toml", &bans());
        assert_eq!(check(&[test, bans]), []);
    }

    #[test]
    fn a_missing_ban_and_a_missing_file_of_bans_are_found() {
        let short = bans().replace("std::thread::spawn", "std::thread::park");
        let files = [file("crates/b2-proto/clippy.toml", &short)];
        assert_eq!(check(&files)[0].message, "does not ban std::thread::spawn");
        let files = [file("crates/b2-crypto/src/lib.rs", "")];
        assert_eq!(check(&files)[0].place, "crates/b2-crypto/clippy.toml");
    }

    #[test]
    fn a_facade_that_decides_is_found() {
        let text = "use http::StatusCode;\nfn f() { if s == StatusCode::OK {} }";
        let found = check(&[file("crates/b2/src/drive/mod.rs", text)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "crates/b2/src/drive/mod.rs:2");
        let text = "pub use b2_proto::ErrorCode;";
        assert_eq!(check(&[file("crates/b2/src/lib.rs", text)]), []);
    }
}
