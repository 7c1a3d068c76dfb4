//! One file of generated types, and the list of these files.

use std::collections::{BTreeMap, BTreeSet};

use crate::codegen::item::{Item, Program};

use super::{enumeration, structure};

/// `generated/mod.rs`.
pub(super) fn index(program: &Program) -> String {
    let mut names: BTreeSet<&str> = program.modules.keys().map(String::as_str).collect();
    names.extend(["headers", "operations"]);
    let mut out = String::from("//! Wire types and tables, one file for each API family.\n\n");
    for name in &names {
        out.push_str(&format!("mod {name};\n"));
    }
    out.push('\n');
    for name in &names {
        out.push_str(&format!("pub use {name}::*;\n"));
    }
    out
}

/// The file of one API family.
pub(super) fn family(family: &str, items: &BTreeMap<String, Item>) -> String {
    let mut out = format!("//! Wire types of the `{family}` family.\n\n");
    out.push_str(&imports(items));
    for item in items.values() {
        out.push_str(&match item {
            Item::Struct(item) => structure::render(item),
            Item::Alias(item) => structure::alias(item),
            Item::Enum(item) => enumeration::render(item),
        });
        out.push('\n');
    }
    out
}

fn imports(items: &BTreeMap<String, Item>) -> String {
    let mut names = BTreeSet::new();
    let mut structs = false;
    for item in items.values() {
        match item {
            Item::Struct(item) => {
                structs = true;
                names.extend(item.fields.iter().flat_map(|field| field.kind.names()));
            }
            Item::Alias(item) => {
                names.insert(&item.target);
            }
            Item::Enum(item) => names.extend(enumeration::imports(item)),
        }
    }
    let maps = names.remove("BTreeMap");
    names.retain(|name| !items.contains_key(*name));
    let mut out = String::new();
    if maps {
        out.push_str("use std::collections::BTreeMap;\n\n");
    }
    if structs {
        out.push_str("use serde::{Deserialize, Serialize};\n\n");
    }
    if !names.is_empty() {
        let names: Vec<&str> = names.into_iter().collect();
        out.push_str(&format!("use crate::{{{}}};\n\n", names.join(", ")));
    }
    out
}
