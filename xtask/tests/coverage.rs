//! What the shell is told by `cargo xtask coverage`.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const INVENTORY: &str = "kind\tgroup\tname\tlayer\nconfig\tHTTP\tA\tx\nconfig\tHTTP\tB\tx\n";
const HEAD: &str = "kind\tgroup\tname\tstate\titem\tnote\n";

/// A workspace with a crate, `x`, and what is said of it.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("crates/x/src/lib.rs", "pub struct A;\n"),
        ("xtask/coverage/inventory.tsv", INVENTORY),
        ("xtask/coverage/x.tsv", &format!("{HEAD}config\tHTTP\tA\tworks\tx::A\t\n")),
        ("xtask/coverage/wire.tsv", "kind\tgroup\tname\ttest\n"),
        ("docs/coverage.tsv", ""),
        (".ci/run", ""),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    assert!(coverage(folder.path(), &[]).status.success());
    folder
}

fn coverage(root: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("coverage").args(words).arg("--root").arg(root).output().unwrap()
}

/// Fails with this in its words, and changes nothing.
#[track_caller]
fn fails(root: &Path, words: &str) {
    let before = fs::read(root.join("docs/coverage.tsv")).ok();
    let output = coverage(root, &["--check"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(words), "{said}");
    assert_eq!(fs::read(root.join("docs/coverage.tsv")).ok(), before);
}

#[test]
fn what_is_up_to_date_passes() {
    let folder = workspace();
    assert_eq!(coverage(folder.path(), &["--check"]).status.code(), Some(0));
    let written = fs::read_to_string(folder.path().join("docs/coverage.tsv")).unwrap();
    assert!(written.ends_with("HTTP\tA\tx\tworks\tx::A\t\nconfig\tHTTP\tB\tx\tmissing\t\t\n"));
}

#[test]
fn a_stale_list_fails() {
    for name in ["docs/coverage.tsv", "docs/coverage.md"] {
        let folder = workspace();
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("works", "missing")).unwrap();
        fails(folder.path(), &format!("{name} is not up to date"));
        fs::remove_file(&path).unwrap();
        fails(folder.path(), name);
    }
}

#[test]
fn a_broken_row_fails() {
    for (row, words) in [
        ("config\tHTTP\tA\tworks\tx::Gone\t", "there is no public x::Gone"),
        ("config\tHTTP\tA\tworks\tx::A", "six fields"),
        ("config\tHTTP\tA\tperhaps\tx::A\t", "a state"),
        ("config\tHTTP\tA\trefused\tx::A\t", "a reason"),
        ("config\tHTTP\tC\tworks\tx::A\t", "has no row"),
    ] {
        let folder = workspace();
        fs::write(folder.path().join("xtask/coverage/x.tsv"), format!("{HEAD}{row}\n")).unwrap();
        fails(folder.path(), words);
    }
    for (row, words) in [("config\tHTTP\tA", "four fields"), ("config\tHTTP\tA\tx", "twice")] {
        let folder = workspace();
        let inventory = format!("{INVENTORY}{row}\n");
        fs::write(folder.path().join("xtask/coverage/inventory.tsv"), inventory).unwrap();
        fails(folder.path(), words);
    }
}

#[test]
fn an_item_that_goes_fails() {
    let folder = workspace();
    fs::write(folder.path().join("crates/x/src/lib.rs"), "pub struct Other;\n").unwrap();
    fails(folder.path(), "there is no public x::A");
}
