//! Whether the items that rows name exist, for everybody.
//!
//! The source is read, not compiled: `b2_hyper::tls::Tls::connect` is an item if the crate has a
//! public module `tls`, which declares the public type `Tls` or offers it from elsewhere, and if
//! that has a public `connect`.

use std::collections::BTreeMap;
use std::path::Path;

use super::rows::Row;
use super::surface::{Place, Surface};
use crate::failure::Failure;

/// The crates, by their names in Rust.
type Crates = BTreeMap<String, Surface>;

/// What is wrong with the items of all rows.
pub(super) fn faults(root: &Path, rows: &[Row]) -> Result<Vec<String>, Failure> {
    let crates = read(&root.join("crates"))?;
    let wrong = rows.iter().filter(|row| !row.item.is_empty() && !exists(&crates, &row.item));
    let tell = |row: &Row| format!("{} {}: there is no public {}", row.kind, row.name, row.item);
    Ok(wrong.map(tell).collect())
}

fn read(folder: &Path) -> Result<Crates, Failure> {
    let listing = std::fs::read_dir(folder).map_err(|source| Failure::io(folder, source))?;
    let mut crates = Crates::new();
    for path in listing.flatten().map(|entry| entry.path()) {
        let src = path.join("src");
        if let Some(name) = path.file_name().filter(|_| src.join("lib.rs").exists()) {
            crates.insert(name.to_string_lossy().replace('-', "_"), Surface::read(&src)?);
        }
    }
    Ok(crates)
}

fn exists(crates: &Crates, item: &str) -> bool {
    let path: Vec<String> = item.split("::").map(str::to_owned).collect();
    let [name, inside @ ..] = &*path else { return false };
    let Some((found, rest)) = find(crates, name, &[], inside, 0) else { return false };
    let Some(surface) = crates.get(&found.of) else { return false };
    match rest {
        [] => surface.declares(&found.name),
        [member] => surface.declares(&found.name) && surface.has(&found.name, member),
        _ => false,
    }
}

/// An item, by the crate that declares it and the name that it has there.
struct Found {
    of: String,
    name: String,
}

/// No name is offered through more modules than this, and no circle is walked for ever.
const DEEPEST: usize = 8;

/// Walks from a module along public modules to an item; gives what of the path is left then.
fn find<'a>(
    crates: &Crates,
    of: &str,
    place: &[String],
    path: &'a [String],
    depth: usize,
) -> Option<(Found, &'a [String])> {
    let module = crates.get(of)?.modules.get(place)?;
    let (first, rest) = path.split_first()?;
    if depth > DEEPEST {
        return None;
    }
    if module.modules.get(first) == Some(&true) && !rest.is_empty() {
        let inside = [place, std::slice::from_ref(first)].concat();
        return find(crates, of, &inside, rest, depth + 1);
    }
    if module.items.contains(first) {
        return Some((Found { of: of.to_owned(), name: first.clone() }, rest));
    }
    if let Some(target) = module.uses.get(first) {
        let (of, place, name) = origin(crates, of, place, target)?;
        let is_module =
            crates.get(&of)?.modules.contains_key(&[&*place, std::slice::from_ref(&name)].concat());
        if is_module && !rest.is_empty() {
            return find(crates, &of, &[place, vec![name]].concat(), rest, depth + 1);
        }
        let found = offered(crates, &of, &place, &name, depth + 1)?;
        return Some((found, rest));
    }
    module.globs.iter().find_map(|target| {
        let (of, place, name) = origin(crates, of, place, target)?;
        let inside = [place, vec![name]].concat();
        Some((offered(crates, &of, &inside, first, depth + 1)?, rest))
    })
}

/// An item of a module that need not be public, for somebody offers it.
fn offered(crates: &Crates, of: &str, place: &[String], name: &str, depth: usize) -> Option<Found> {
    let path = [name.to_owned()];
    find(crates, of, place, &path, depth).map(|(found, _)| found)
}

/// The crate, the module and the name that a path of `use` in a module means.
fn origin(
    crates: &Crates,
    of: &str,
    place: &[String],
    target: &[String],
) -> Option<(String, Place, String)> {
    let (name, before) = target.split_last()?;
    let mut of = of.to_owned();
    let mut at = place.to_vec();
    for (index, segment) in before.iter().enumerate() {
        match &**segment {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            other if index == 0 && crates.contains_key(other) => {
                of = other.to_owned();
                at.clear();
            }
            other => at.push(other.to_owned()),
        }
    }
    Some((of, at, name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, &str); 6] = [
        (
            "a/src/lib.rs",
            "pub mod open;\nmod shut;\n#[cfg(test)]\nmod tests;\n\
             pub use shut::{Kind, Tls, Tls as Other};\npub use shut::deep::*;\n\
             pub use b_two::Far;\npub use b_two::far;\n\
             pub fn free() {}\nfn private() {}\npub(crate) fn half() {}\n\
             #[test]\npub fn tested() {}\n",
        ),
        (
            "a/src/shut.rs",
            "pub mod deep;\npub struct Tls { pub name: u8, hidden: u8 }\n\
             impl Tls { pub fn connect() {} fn shy() {} pub(super) fn near() {} }\n\
             impl Drop for Tls { fn drop(&mut self) {} }\n\
             pub enum Kind { One, Two(u8) }\npub struct Unoffered;\n\
             /* impl Tls { pub fn talked_of() {} } */\n\
             #[cfg(test)]\nmod tests { impl super::Tls { pub fn tested() {} } }\n\
             #[cfg(test)]\nimpl Tls { pub fn tested_too() {} }\n",
        ),
        ("a/src/shut/deep.rs", "pub struct Deep;\nimpl Deep { pub const ONE: u8 = 1; }\n"),
        (
            "a/src/open/mod.rs",
            "pub trait Way { fn go(&self); }\nstruct Own;\n\
             macro_rules! make { ($($n:ident: $k:ty;)*) => { pub struct Made { $(pub $n: $k,)* } } }\n\
             make! { first: u8; second: std::string::String; }\n",
        ),
        ("a/src/tests.rs", "pub struct OnlyTests;\nimpl crate::Tls { pub fn planted() {} }\n"),
        ("b-two/src/lib.rs", "pub mod far;\npub use far::Far;\n"),
    ];

    fn crates() -> Crates {
        let folder = tempfile::tempdir().unwrap();
        let far = ("b-two/src/far.rs", "pub struct Far;\nimpl Far { pub fn away() {} }\n");
        for (name, text) in FILES.into_iter().chain([far]) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        read(folder.path()).unwrap()
    }

    #[test]
    fn an_item_is_public_and_reached_by_public_ways() {
        let crates = crates();
        for item in [
            "a::Tls",
            "a::Tls::connect",
            "a::Tls::name",
            "a::Tls::drop",
            "a::Other::connect",
            "a::Kind::Two",
            "a::free",
            "a::Deep::ONE",
            "a::open::Way::go",
            "a::open::Made::first",
            "a::Far::away",
            "a::far::Far::away",
            "b_two::far::Far",
        ] {
            assert!(exists(&crates, item), "{item}");
        }
    }

    #[test]
    fn what_is_private_or_for_tests_or_talked_of_is_none() {
        let crates = crates();
        for item in [
            "a",
            "a::Tl",
            "a::private",
            "a::half",
            "a::tested",
            "a::shut::Tls",
            "a::Unoffered",
            "a::Tls::hidden",
            "a::Tls::shy",
            "a::Tls::near",
            "a::Tls::tested",
            "a::Tls::tested_too",
            "a::Tls::planted",
            "a::Tls::talked_of",
            "a::Kind::Three",
            "a::open::Own",
            "a::open::Made::string",
            "a::OnlyTests",
            "a::tests::OnlyTests",
            "c::Tls",
        ] {
            assert!(!exists(&crates, item), "{item}");
        }
    }
}
