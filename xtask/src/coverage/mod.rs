//! `cargo xtask coverage`: what of the reference product is here, and where.
//!
//! `xtask/coverage/inventory.tsv` lists everything that there is; a file of each layer beside it
//! says what became of it there. What no layer speaks of is missing, which nothing may be in a layer
//! that is finished. Each item that is named has to exist in the source, for everybody, and each
//! option of the transport has a test that shows what it does on the wire.

mod ci;
mod declared;
mod page;
mod rows;
mod surface;
mod wire;

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::workspace;
use rows::Row;

/// The layers in which nothing may be missing any more.
const FINISHED: [&str; 4] = ["b2", "b2-core", "b2-crypto", "b2-hyper"];

/// The options of `cargo xtask coverage`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Writes nothing; fails if what is there is not what would be written.
    #[arg(long)]
    check: bool,

    /// The workspace to look at; by default this one.
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// Writes `docs/coverage.tsv` and the page that shows it to people.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let root = args.root.clone().unwrap_or_else(workspace::root);
    let rows = rows::read(&root.join("xtask/coverage"))?;
    let mut faults = missing(&rows);
    faults.extend(declared::faults(&root, &rows)?);
    faults.extend(wire::faults(&root, &rows)?);
    if !faults.is_empty() {
        return Err(Failure::Wrong(faults.join("\n")));
    }
    output(&root, "docs/coverage.tsv", &rows::render(&rows), args.check)?;
    output(&root, "docs/coverage.md", &page::render(&rows), args.check)?;
    println!("{}", page::summary(&rows));
    Ok(())
}

fn output(root: &Path, name: &str, text: &str, check: bool) -> Result<(), Failure> {
    let path = root.join(name);
    if !check {
        return std::fs::write(&path, text).map_err(|source| Failure::io(&path, source));
    }
    let present = std::fs::read_to_string(&path).map_err(|source| Failure::io(&path, source))?;
    if present == text {
        return Ok(());
    }
    Err(Failure::Wrong(format!("{name} is not up to date; write it with: cargo xtask coverage")))
}

/// What is missing in layers that are finished.
fn missing(rows: &[Row]) -> Vec<String> {
    let lacking = |row: &&Row| row.state == "missing" && FINISHED.contains(&&*row.layer);
    let tell =
        |row: &Row| format!("{} {} {}: missing in {}", row.kind, row.group, row.name, row.layer);
    rows.iter().filter(lacking).map(tell).collect()
}

/// Of one state.
fn count(rows: &[Row], layer: &str, state: &str) -> usize {
    rows.iter().filter(|row| row.layer == layer && row.state == state).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_there_and_every_item_exists() {
        run(&Args { check: true, root: None }).unwrap();
        let rows = rows::read(&workspace::root().join("xtask/coverage")).unwrap();
        assert_eq!(rows.len(), 532);
    }

    /// The workspace, of which a file is another.
    fn planted(name: &str, change: impl Fn(&str) -> String) -> Result<(), Failure> {
        let (folder, root) = (tempfile::tempdir().unwrap(), workspace::root());
        for shared in [".ci", "crates", "docs"] {
            std::os::unix::fs::symlink(root.join(shared), folder.path().join(shared)).unwrap();
        }
        let coverage = folder.path().join("xtask/coverage");
        std::fs::create_dir_all(&coverage).unwrap();
        for file in std::fs::read_dir(root.join("xtask/coverage")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), coverage.join(file.file_name())).unwrap();
        }
        let text = std::fs::read_to_string(coverage.join(name)).unwrap();
        let changed = change(&text);
        assert_ne!(text, changed, "nothing was planted");
        std::fs::write(coverage.join(name), changed).unwrap();
        run(&Args { check: true, root: Some(folder.path().to_owned()) })
    }

    fn without(text: &str, beginning: &str) -> String {
        let kept: Vec<_> = text.lines().filter(|line| !line.starts_with(beginning)).collect();
        kept.join("\n") + "\n"
    }

    #[test]
    fn a_row_that_is_missing_or_wrong_fails() {
        type Change = fn(&str) -> String;
        let cases: [(&str, Change, &str); 4] = [
            (
                "b2-hyper.tsv",
                |text| without(text, "config\tSSL\tSSLCheckOCSP\t"),
                "config SSL SSLCheckOCSP: missing in b2-hyper",
            ),
            (
                "b2-hyper.tsv",
                |text| text.replacen("Settings::linger_time\t", "Settings::to_system\t", 1),
                "there is no public b2_hyper::settings::Settings::to_system",
            ),
            (
                "wire.tsv",
                |text| without(text, "config\tTCPClient\tLingerTime\t"),
                "config TCPClient LingerTime: wire.tsv names no test",
            ),
            (
                "wire.tsv",
                |text| text.replacen("::what_is_unsent", "::what_is_sent", 1),
                "there is no test",
            ),
        ];
        for (file, change, expected) in cases {
            let failure = planted(file, change).unwrap_err().to_string();
            assert!(failure.contains(expected), "{failure}");
        }
    }
}
