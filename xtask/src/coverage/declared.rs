//! Whether the items that rows name exist.
//!
//! The source is searched, not compiled: for `b2_hyper::tls::Tls::connect` some file of the crate
//! has to declare the type `Tls`, and some file that declares it or has an `impl` for it has to
//! declare `connect`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::rows::Row;
use crate::failure::Failure;

/// What is wrong with the items of all rows.
pub(super) fn faults(root: &Path, rows: &[Row]) -> Result<Vec<String>, Failure> {
    let mut sources = BTreeMap::new();
    let mut faults = Vec::new();
    for row in rows.iter().filter(|row| !row.item.is_empty()) {
        let name = row.item.split("::").next().unwrap_or_default().replace('_', "-");
        if !sources.contains_key(&name) {
            let folder = root.join("crates").join(&name).join("src");
            sources.insert(name.clone(), texts(&folder)?);
        }
        if !sources.get(&name).is_some_and(|texts| exists(texts, &row.item)) {
            faults.push(format!("{} {}: there is no {}", row.kind, row.name, row.item));
        }
    }
    Ok(faults)
}

fn texts(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(listing) = std::fs::read_dir(&folder) else { continue };
        for path in listing.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(read(&path)?);
            }
        }
    }
    Ok(texts)
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::io(path, source))
}

fn exists(texts: &[String], item: &str) -> bool {
    let mut segments = item.rsplit("::");
    let last = segments.next().unwrap_or_default();
    let owner = segments.next().filter(|name| name.starts_with(char::is_uppercase));
    match owner {
        None => texts.iter().any(|text| declares(text, last)),
        Some(owner) => {
            let declared = texts.iter().any(|text| declares(text, owner));
            let belongs = |text: &&String| declares(text, owner) || implements(text, owner);
            declared
                && texts
                    .iter()
                    .filter(belongs)
                    .any(|text| declares(text, last) || holds(text, last))
        }
    }
}

/// A function, type, trait, constant or module of this name.
fn declares(text: &str, name: &str) -> bool {
    let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod"];
    kinds.iter().any(|kind| after(text, &format!("{kind} {name}"), 0))
}

fn implements(text: &str, owner: &str) -> bool {
    text.lines().any(|line| line.starts_with("impl") && after(line, &format!(" {owner}"), 0))
}

/// A field or a variant of this name, at the beginning of a line.
fn holds(text: &str, name: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ',', '(', '{', ' ']))
    })
}

/// Whether `text` has `part` and no letter of a name behind it.
fn after(text: &str, part: &str, from: usize) -> bool {
    let Some(at) = text[from..].find(part) else { return false };
    let end = from + at + part.len();
    let next = text[end..].chars().next();
    let ends = next.is_none_or(|next| !next.is_alphanumeric() && next != '_');
    ends || after(text, part, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_exists_only_where_it_is_declared() {
        let texts = [
            "pub struct Tls {\n    pub name: u8,\n}\nimpl Tls {\n    pub fn connect() {}\n}\n"
                .to_owned(),
            "pub enum Kind {\n    One,\n    Two(u8),\n}\nfn other() {}\nfn opened() {}\n"
                .to_owned(),
        ];
        for item in ["a::Tls", "a::b::Tls::connect", "a::Tls::name", "a::Kind::Two", "a::other"] {
            assert!(exists(&texts, item), "{item}");
        }
        for item in ["a::Tl", "a::Tls::other", "a::Kind::Three", "a::No::connect", "a::open"] {
            assert!(!exists(&texts, item), "{item}");
        }
    }
}
