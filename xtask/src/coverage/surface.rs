//! What a crate offers: its public modules, items and their members, read from its source.
//!
//! What is only compiled for tests is left out, and so is what is not `pub`. Files are found as the
//! compiler finds them, from `lib.rs` on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, ImplItem, Item, ItemImpl, TraitItem, Type, UseTree, Visibility};

use crate::failure::Failure;

/// The path of a module, without its crate.
pub(super) type Place = Vec<String>;

/// What one module offers.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Public items that are declared here.
    pub(super) items: BTreeSet<String>,
    /// Modules that are declared here, and whether they are public.
    pub(super) modules: BTreeMap<String, bool>,
    /// Names that are offered here, and where they come from.
    pub(super) uses: BTreeMap<String, Vec<String>>,
    /// Modules of which everything is offered here.
    pub(super) globs: Vec<Vec<String>>,
}

/// What one crate offers.
#[derive(Debug, Default)]
pub(super) struct Surface {
    pub(super) modules: BTreeMap<Place, Module>,
    /// Public fields, variants, functions and constants, by the name of what has them.
    members: BTreeMap<String, BTreeSet<String>>,
}

impl Surface {
    /// Reads a crate from its folder `src`.
    pub(super) fn read(src: &Path) -> Result<Self, Failure> {
        let mut surface = Self::default();
        surface.file(&src.join("lib.rs"), src, &[])?;
        Ok(surface)
    }

    /// Whether something of this name is declared in public, in whichever module.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.modules.values().any(|module| module.items.contains(name))
    }

    pub(super) fn has(&self, owner: &str, member: &str) -> bool {
        self.members.get(owner).is_some_and(|members| members.contains(member))
    }

    fn file(&mut self, path: &Path, folder: &Path, place: &[String]) -> Result<(), Failure> {
        let text = std::fs::read_to_string(path).map_err(|source| Failure::io(path, source))?;
        let file = syn::parse_file(&text)
            .map_err(|error| Failure::Wrong(format!("{}: {error}", path.display())))?;
        self.items(&file.items, folder, place)
    }

    /// Takes in the items of a module whose own modules are in `folder`.
    fn items(&mut self, items: &[Item], folder: &Path, place: &[String]) -> Result<(), Failure> {
        self.modules.entry(place.to_vec()).or_default();
        for item in items {
            if let Item::Mod(module) = item {
                if is_for_tests(&module.attrs) {
                    continue;
                }
                let name = module.ident.to_string();
                let public = is_public(&module.vis);
                self.module(place).modules.insert(name.clone(), public);
                let inside = [place, std::slice::from_ref(&name)].concat();
                let below = folder.join(&name);
                if let Some((_, items)) = &module.content {
                    self.items(items, &below, &inside)?;
                } else {
                    let alone = folder.join(format!("{name}.rs"));
                    let path = if alone.exists() { alone } else { below.join("mod.rs") };
                    self.file(&path, &below, &inside)?;
                }
            } else {
                self.item(item, place);
            }
        }
        let macros = items.iter().filter_map(|item| match item {
            Item::Macro(item) => Some((item.ident.is_some(), item.mac.tokens.clone())),
            _ => None,
        });
        let (rules, calls): (Vec<_>, Vec<_>) = macros.partition(|(is_rule, _)| *is_rule);
        let of = |those: Vec<(bool, TokenStream)>| those.into_iter().map(|(_, tokens)| tokens);
        self.macros(of(rules), of(calls), place);
        Ok(())
    }

    fn module(&mut self, place: &[String]) -> &mut Module {
        self.modules.entry(place.to_vec()).or_default()
    }

    fn add(&mut self, place: &[String], visibility: &Visibility, name: String) {
        if is_public(visibility) {
            self.module(place).items.insert(name);
        }
    }

    fn member(&mut self, owner: &str, name: String) {
        self.members.entry(owner.to_owned()).or_default().insert(name);
    }

    fn item(&mut self, item: &Item, place: &[String]) {
        match item {
            Item::Fn(item) if !is_for_tests(&item.attrs) => {
                self.add(place, &item.vis, item.sig.ident.to_string());
            }
            Item::Const(item) => self.add(place, &item.vis, item.ident.to_string()),
            Item::Static(item) => self.add(place, &item.vis, item.ident.to_string()),
            Item::Type(item) => self.add(place, &item.vis, item.ident.to_string()),
            Item::Struct(item) => {
                let owner = item.ident.to_string();
                self.add(place, &item.vis, owner.clone());
                let open = item.fields.iter().filter(|field| is_public(&field.vis));
                for name in open.filter_map(|field| field.ident.as_ref()) {
                    self.member(&owner, name.to_string());
                }
            }
            Item::Enum(item) => {
                let owner = item.ident.to_string();
                self.add(place, &item.vis, owner.clone());
                item.variants.iter().for_each(|each| self.member(&owner, each.ident.to_string()));
            }
            Item::Trait(item) => {
                let owner = item.ident.to_string();
                self.add(place, &item.vis, owner.clone());
                for each in &item.items {
                    match each {
                        TraitItem::Fn(each) => self.member(&owner, each.sig.ident.to_string()),
                        TraitItem::Const(each) => self.member(&owner, each.ident.to_string()),
                        _ => {}
                    }
                }
            }
            Item::Impl(item) if !is_for_tests(&item.attrs) => self.implementation(item),
            Item::Use(item) if is_public(&item.vis) && !is_for_tests(&item.attrs) => {
                let module = self.module(place);
                offer(&item.tree, &[], module);
            }
            _ => {}
        }
    }

    /// Everything in the implementation of a trait is as public as the trait.
    fn implementation(&mut self, item: &ItemImpl) {
        let Type::Path(path) = &*item.self_ty else { return };
        let Some(owner) = path.path.segments.last().map(|last| last.ident.to_string()) else {
            return;
        };
        let of_trait = item.trait_.is_some();
        for each in &item.items {
            let (visibility, attributes, name) = match each {
                ImplItem::Fn(each) => (&each.vis, &each.attrs, &each.sig.ident),
                ImplItem::Const(each) => (&each.vis, &each.attrs, &each.ident),
                _ => continue,
            };
            if (of_trait || is_public(visibility)) && !is_for_tests(attributes) {
                self.member(&owner, name.to_string());
            }
        }
    }

    /// What macros of a file make: the types that their rules or their calls declare in public have
    /// what the calls list as `name: ...`.
    fn macros(
        &mut self,
        rules: impl Iterator<Item = TokenStream>,
        calls: impl Iterator<Item = TokenStream>,
        place: &[String],
    ) {
        let calls: Vec<_> = calls.collect();
        let mut owners = Vec::new();
        rules.chain(calls.iter().cloned()).for_each(|tokens| declared_in(tokens, &mut owners));
        let mut names = Vec::new();
        calls.into_iter().for_each(|tokens| listed_in(tokens, &mut names));
        for owner in owners {
            names.iter().for_each(|name| self.member(&owner, name.clone()));
            self.module(place).items.insert(owner);
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let conditional = || {
            let list = attribute.meta.require_list();
            list.is_ok_and(|list| demands_tests(list.tokens.clone()))
        };
        path.is_ident("test") || path.is_ident("cfg") && conditional()
    })
}

/// Whether a condition of `cfg` names tests, other than in a `not`.
fn demands_tests(condition: TokenStream) -> bool {
    let mut negated = false;
    condition.into_iter().any(|token| match token {
        TokenTree::Ident(name) => {
            negated = name == "not";
            name == "test" || name == "doctest"
        }
        TokenTree::Group(group) => !negated && demands_tests(group.stream()),
        _ => false,
    })
}

/// Notes the names that a `pub use` offers.
fn offer(tree: &UseTree, before: &[String], module: &mut Module) {
    let with = |name: String| [before, &[name]].concat();
    match tree {
        UseTree::Path(path) => offer(&path.tree, &with(path.ident.to_string()), module),
        UseTree::Group(group) => group.items.iter().for_each(|each| offer(each, before, module)),
        UseTree::Glob(_) => module.globs.push(before.to_vec()),
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            module.uses.insert(name.clone(), with(name));
        }
        UseTree::Rename(rename) => {
            module.uses.insert(rename.rename.to_string(), with(rename.ident.to_string()));
        }
    }
}

/// Names behind `pub struct` and `pub enum`, at whatever depth.
fn declared_in(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for three in tokens.windows(3) {
        if let [TokenTree::Ident(visible), TokenTree::Ident(kind), TokenTree::Ident(name)] = three
            && visible == "pub"
            && (kind == "struct" || kind == "enum")
        {
            found.push(name.to_string());
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            declared_in(group.stream(), found);
        }
    }
}

/// Names before a colon that is not doubled.
fn listed_in(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for two in tokens.windows(2) {
        if let [TokenTree::Ident(name), TokenTree::Punct(colon)] = two
            && colon.as_char() == ':'
            && colon.spacing() == proc_macro2::Spacing::Alone
        {
            found.push(name.to_string());
        }
    }
}
