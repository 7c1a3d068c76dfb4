//! Which test shows what an option does on the wire.
//!
//! `xtask/coverage/wire.tsv` names one for each option of the transport that works. The test has to
//! exist, and to speak of the option: to store a setting is no effect.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, ItemFn};

use super::ci;
use super::rows::Row;
use crate::failure::Failure;

const LAYER: &str = "b2-hyper";

/// Kind, group and name of a row.
type Key = (String, String, String);

/// What is wrong with the tests of all options.
pub(super) fn faults(root: &Path, rows: &[Row]) -> Result<Vec<String>, Failure> {
    let path = root.join("xtask/coverage/wire.tsv");
    let text = std::fs::read_to_string(&path).map_err(|source| Failure::io(&path, source))?;
    let named =
        read(&text).map_err(|fault| Failure::Wrong(format!("{}: {fault}", path.display())))?;
    let path = root.join(".ci/run");
    let commands = std::fs::read_to_string(&path).map_err(|source| Failure::io(&path, source))?;
    let mut faults = Vec::new();
    let mut files = BTreeMap::new();
    let mut options = BTreeSet::new();
    for row in rows.iter().filter(|row| is_option(row)) {
        let key = (row.kind.clone(), row.group.clone(), row.name.clone());
        let about = format!("{} {} {}", row.kind, row.group, row.name);
        let Some(test) = named.get(&key) else {
            faults.push(format!("{about}: wire.tsv names no test"));
            continue;
        };
        options.insert(key);
        let Some((file, function)) = test.split_once("::") else {
            faults.push(format!("{about}: {test} is not file::function"));
            continue;
        };
        if !files.contains_key(file) {
            files.insert(file.to_owned(), tests(&root.join("crates").join(file))?);
        }
        match files.get(file).and_then(|tests: &BTreeMap<_, Test>| tests.get(function)) {
            None => faults.push(format!("{about}: there is no test {test}")),
            Some(Test { body, .. }) if !speaks_of(body, row) => {
                faults.push(format!("{about}: {test} does not speak of it"));
            }
            Some(Test { features, .. }) if !ci::runs(&commands, file, features) => {
                faults.push(format!("{about}: .ci/run does not run {test} with {features:?}"));
            }
            Some(_) => {}
        }
    }
    let idle = named.keys().filter(|key| !options.contains(*key));
    faults.extend(idle.map(|key| format!("wire.tsv: {key:?} is no option that works")));
    Ok(faults)
}

/// Facts of connections and errors are none; what is set and the values that it takes are.
fn is_option(row: &Row) -> bool {
    let settable = row.item.starts_with("b2_hyper::settings::Settings::");
    let kind = match &*row.kind {
        "config" | "value" => true,
        "property" => settable,
        _ => false,
    };
    row.layer == LAYER && row.state == "works" && kind
}

fn read(text: &str) -> Result<BTreeMap<Key, String>, String> {
    let mut named = BTreeMap::new();
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
        let Ok([kind, group, name, test]) = <[String; 4]>::try_from(fields) else {
            return Err(format!("four fields belong into `{line}`"));
        };
        if named.insert((kind, group, name), test).is_some() {
            return Err(format!("`{line}` is there twice"));
        }
    }
    Ok(named)
}

/// What there is to know of a test.
struct Test {
    /// What it says.
    body: String,
    /// Without these it is left out.
    features: BTreeSet<String>,
}

/// The tests of a file.
fn tests(path: &Path) -> Result<BTreeMap<String, Test>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::io(path, source))?;
    let file = syn::parse_file(&text)
        .map_err(|error| Failure::Wrong(format!("{}: {error}", path.display())))?;
    let of_all = ci::features(&file.attrs);
    let functions = file.items.into_iter().filter_map(|item| match item {
        Item::Fn(function) if is_test(&function) => Some(function),
        _ => None,
    });
    let test = |function: ItemFn| {
        let features = ci::features(&function.attrs).union(&of_all).cloned().collect();
        (function.sig.ident.to_string(), Test { body: said(&function), features })
    };
    Ok(functions.map(test).collect())
}

fn is_test(function: &ItemFn) -> bool {
    let names = |name: &str| {
        let last = |attribute: &syn::Attribute| attribute.path().segments.last().cloned();
        function.attrs.iter().filter_map(last).any(|last| last.ident == name)
    };
    names("test") && !names("ignore")
}

/// The words of a test, each followed by a space; texts are words as they are.
fn said(function: &ItemFn) -> String {
    fn collect(tokens: TokenStream, words: &mut String) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => collect(group.stream(), words),
                TokenTree::Punct(_) => {}
                other => {
                    words.push_str(&other.to_string());
                    words.push(' ');
                }
            }
        }
    }
    let mut words = String::new();
    let block = &function.block;
    collect(quote::quote!(#block), &mut words);
    words
}

/// Whether a test has the name of the option, as a setting that is given a value or alone, or what
/// it is to be read by; and the number, if the row is about one.
fn speaks_of(body: &str, row: &Row) -> bool {
    let setting = if row.kind == "value" { &row.group } else { &row.name };
    let fold = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let (folded, name) = (fold(body), fold(setting));
    let given = ["=", "\""].iter().any(|end| folded.contains(&format!("\"{name}{end}")));
    let item = row.item.rsplit("::").next().unwrap_or_default();
    let read = body.split(' ').any(|word| word == item);
    let number = row.name.split(' ').next().filter(|_| row.kind == "value");
    let number = number.filter(|first| first.bytes().all(|byte| byte.is_ascii_digit()));
    let ends = |text: &str| !text.starts_with(|next: char| next.is_ascii_digit());
    let numbered = number.is_none_or(|number| {
        [format!("={number}"), format!(" {number}")]
            .iter()
            .any(|wanted| body.split(wanted.as_str()).skip(1).any(ends))
    });
    (given || read) && numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, group: &str, name: &str, item: &str) -> Row {
        let [kind, group, name, item] = [kind, group, name, item].map(str::to_owned);
        let (layer, state) = (LAYER.to_owned(), "works".to_owned());
        Row { kind, group, name, layer, state, item, note: String::new() }
    }

    fn of(text: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.rs");
        std::fs::write(&path, text).unwrap();
        tests(&path).unwrap().remove("one").map(|test| test.body)
    }

    #[test]
    fn only_tests_that_run_count() {
        assert!(of("#[test] fn one() {}").is_some());
        assert!(of("#[tokio::test(start_paused = true)] async fn one() {}").is_some());
        assert!(of("fn one() {}").is_none());
        assert!(of("#[test] #[ignore] fn one() {}").is_none());
        assert!(of("// #[test] fn one() {}").is_none());
    }

    #[test]
    fn a_test_speaks_of_an_option_by_its_name_or_item() {
        let body = of(
            "#[test] fn one() { a(\"KeepAliveTime=5\", [(1, \"ProxySSL\"), (20, x)]); b.cipher; }",
        );
        let body = body.unwrap();
        let config = |name, item| speaks_of(&body, &row("config", "TCPClient", name, item));
        assert!(config("KeepAliveTime", "S::other") && config("Negotiated", "S::cipher"));
        assert!(!config("KeepAlive", "S::other") && !config("Time", "S::other"));
        assert!(!config("Negotiated", "S::ciph"));
        let value = |name| speaks_of(&body, &row("value", "proxy_ssl", name, "S::other"));
        assert!(value("1 always") && value("20 so") && value("never"));
        assert!(!value("2 never") && !value("3 tunnel"));
    }
}
