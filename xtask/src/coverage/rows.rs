//! The rows, from the files that say what there is and what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

const STATES: [&str; 2] = ["works", "refused"];

/// One thing that the reference product has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) group: String,
    pub(super) name: String,
    pub(super) layer: String,
    /// `works`, `refused` or `missing`.
    pub(super) state: String,
    /// The path in Rust.
    pub(super) item: String,
    pub(super) note: String,
}

type Key = (String, String, String);
type Fate = (String, String, String);

/// All rows of the inventory in its folder.
pub(super) fn read(folder: &Path) -> Result<Vec<Row>, Failure> {
    let mut fates = BTreeMap::new();
    let listing = std::fs::read_dir(folder).map_err(|source| Failure::io(folder, source))?;
    let mut files: Vec<_> = listing.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let other = |file: &&PathBuf| file.ends_with("inventory.tsv") || file.ends_with("wire.tsv");
    for file in files.iter().filter(|file| !other(file)) {
        let text = std::fs::read_to_string(file).map_err(|source| Failure::io(file, source))?;
        add(&mut fates, &text).map_err(|fault| wrong(file, fault))?;
    }
    let file = folder.join("inventory.tsv");
    let text = std::fs::read_to_string(&file).map_err(|source| Failure::io(&file, source))?;
    let rows = join(&text, &mut fates).map_err(|fault| wrong(&file, fault))?;
    match fates.keys().next() {
        None => Ok(rows),
        Some(key) => Err(wrong(&file, format!("has no row {key:?}"))),
    }
}

fn wrong(file: &Path, fault: String) -> Failure {
    Failure::Wrong(format!("{}: {fault}", file.display()))
}

/// Takes in what a layer says: kind, group, name, state, item, note.
fn add(fates: &mut BTreeMap<Key, Fate>, text: &str) -> Result<(), String> {
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
        let Ok([kind, group, name, state, item, note]) = <[String; 6]>::try_from(fields) else {
            return Err(format!("six fields belong into `{line}`"));
        };
        if !STATES.contains(&state.as_str()) || item.is_empty() {
            return Err(format!("a state (works or refused) and an item belong into `{line}`"));
        }
        if state == "refused" && note.is_empty() {
            return Err(format!("a reason belongs into `{line}`"));
        }
        if fates.insert((kind, group, name), (state, item, note)).is_some() {
            return Err(format!("`{line}` is there twice"));
        }
    }
    Ok(())
}

/// Gives each row of the inventory what became of it.
fn join(text: &str, fates: &mut BTreeMap<Key, Fate>) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let mut seen = BTreeSet::new();
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
        let Ok([kind, group, name, layer]) = <[String; 4]>::try_from(fields) else {
            return Err(format!("four fields belong into `{line}`"));
        };
        let key = (kind.clone(), group.clone(), name.clone());
        let fate = fates.remove(&key);
        if !seen.insert(key) {
            return Err(format!("`{line}` is there twice"));
        }
        let missing = || ("missing".to_owned(), String::new(), String::new());
        let (state, item, note) = fate.unwrap_or_else(missing);
        rows.push(Row { kind, group, name, layer, state, item, note });
    }
    Ok(rows)
}

/// The rows as `docs/coverage.tsv` has them.
pub(super) fn render(rows: &[Row]) -> String {
    let mut text = "kind\tgroup\tname\tlayer\tstate\titem\tnote\n".to_owned();
    for Row { kind, group, name, layer, state, item, note } in rows {
        text.push_str(&format!("{kind}\t{group}\t{name}\t{layer}\t{state}\t{item}\t{note}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVENTORY: &str = "kind\tgroup\tname\tlayer\nconfig\tHTTP\tA\tx\nconfig\tHTTP\tB\tx\n";

    fn joined(layer: &str) -> Result<Vec<Row>, String> {
        let mut fates = BTreeMap::new();
        add(&mut fates, &format!("head\n{layer}"))?;
        join(INVENTORY, &mut fates)
    }

    #[test]
    fn what_nobody_speaks_of_is_missing() {
        let rows = joined("config\tHTTP\tB\tworks\tx::B\t\n").unwrap();
        let states: Vec<_> = rows.iter().map(|row| &*row.state).collect();
        assert_eq!(states, ["missing", "works"]);
    }

    #[test]
    fn half_a_row_is_refused() {
        for layer in [
            "config\tHTTP\tB\tworks\tx::B",
            "config\tHTTP\tB\tperhaps\tx::B\t",
            "config\tHTTP\tB\tworks\t\t",
            "config\tHTTP\tB\trefused\tx::B\t",
            "config\tHTTP\tB\tworks\tx\t\nconfig\tHTTP\tB\tworks\tx\t",
        ] {
            assert!(joined(layer).is_err(), "{layer}");
        }
    }
}
