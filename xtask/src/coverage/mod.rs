//! `cargo xtask coverage`: what of the reference product is here, and where.
//!
//! `xtask/coverage/inventory.tsv` lists everything that there is; a file of each layer beside it
//! says what became of it there. What no layer speaks of is missing. Each item that is named has to
//! exist in the source.

mod declared;
mod page;
mod rows;

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::workspace;
use rows::Row;

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
    let faults = declared::faults(&root, &rows)?;
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
}
