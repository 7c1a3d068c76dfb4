//! Whether `.ci/run` runs a test that is left out unless a feature is on.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::Attribute;

/// The features that a `cfg` demands. One that is an alternative or must be
/// off demands nothing.
pub(super) fn features(attributes: &[Attribute]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        if let Ok(list) = attribute.meta.require_list() {
            demanded(list.tokens.clone(), &mut found);
        }
    }
    found
}

fn demanded(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let mut word = String::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => word = ident.to_string(),
            TokenTree::Group(group) if word == "all" => demanded(group.stream(), found),
            TokenTree::Literal(text) if word == "feature" => {
                found.insert(text.to_string().trim_matches('"').to_owned());
            }
            _ => {}
        }
    }
}

/// Whether one of these commands runs the tests of a file such as
/// `b2-hyper/tests/settings.rs` with all these features. Without any, those of
/// the whole workspace do.
pub(super) fn runs(commands: &str, file: &str, features: &BTreeSet<String>) -> bool {
    let Some((package, inside)) = file.split_once('/') else { return false };
    let target = inside.strip_prefix("tests/").and_then(|rest| rest.split(['/', '.']).next());
    let commands = commands.replace("\\\n", " ");
    let runs = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let follow = |option: &str, value: &str| words.windows(2).any(|two| two == [option, value]);
        let on = words.windows(2).filter(|two| two[0] == "--features").map(|two| two[1]);
        let on: BTreeSet<_> = on.flat_map(|list| list.split(',')).collect();
        let chosen = match target {
            Some(target) => follow("--test", target),
            None => words.contains(&"--lib"),
        };
        let all = !words.contains(&"--test") && !words.contains(&"--lib");
        line.starts_with("run cargo test ")
            && follow("-p", package)
            && (chosen || all)
            && features.iter().all(|feature| on.contains(&**feature))
    };
    features.is_empty() || commands.lines().any(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_feature_that_is_demanded_is_found() {
        for (text, expected) in [
            ("#[cfg(feature = \"openssl\")] fn x() {}", &["openssl"][..]),
            (
                "#[cfg(all(feature = \"a\", any(feature = \"b\", feature = \"c\")))] fn x() {}",
                &["a"],
            ),
            ("#[cfg(not(feature = \"pac\"))] fn x() {}", &[]),
            ("#[test] fn x() {}", &[]),
        ] {
            let function: syn::ItemFn = syn::parse_str(text).unwrap();
            assert_eq!(features(&function.attrs), set(expected), "{text}");
        }
    }

    #[test]
    fn a_test_runs_where_its_features_are_on() {
        let commands = "# cargo test -p b2-hyper --features x448 --test settings\n\
                        run cargo test -p b2-hyper --features pac,openssl --lib \\\n  --test settings\n";
        let runs = |file, names: &[&str]| runs(commands, file, &set(names));
        assert!(runs("b2-hyper/tests/settings.rs", &["openssl"]));
        assert!(runs("b2-hyper/src/lib.rs", &["openssl", "pac"]));
        assert!(runs("b2-hyper/tests/other.rs", &[]));
        assert!(!runs("b2-hyper/tests/other.rs", &["openssl"]));
        assert!(!runs("b2-hyper/tests/settings.rs", &["x448"]));
        assert!(!runs("b2/tests/settings.rs", &["openssl"]));
    }
}
