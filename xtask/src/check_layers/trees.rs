//! Everything below a crate, however deep.

use super::rules::TreeRule;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::program;

/// The names of all crates below the rule's package, for every platform.
///
/// `cargo metadata` unites the features of the whole workspace, which would blame one crate for
/// what another one switches on; `cargo tree` resolves for the package alone. Procedural macros
/// run in the compiler and are left out.
pub(crate) fn load(rule: &TreeRule) -> Result<Vec<String>, Failure> {
    let mut command = program::cargo();
    command
        .args(["tree", "--package", rule.package])
        .args(rule.flags)
        .args(["--edges", "normal,no-proc-macro", "--target", "all"])
        .args(["--prefix", "none", "--format", "{p}"]);
    Ok(names(&program::stdout(&mut command)?))
}

/// The first word of every line.
fn names(tree: &str) -> Vec<String> {
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The banned crates in a tree, each named once.
pub(crate) fn check(rule: &TreeRule, tree: &[String]) -> Vec<Finding> {
    let banned = rule.banned.iter().filter(|banned| tree.iter().any(|name| name == **banned));
    let place = std::iter::once(rule.package).chain(rule.flags.iter().copied());
    let place: Vec<&str> = place.collect();
    let place = place.join(" ");
    banned
        .map(|banned| Finding::new(&place, format!("{banned} is in its tree, see `cargo tree -i`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: TreeRule =
        TreeRule { package: "b2", flags: &["--no-default-features"], banned: &["mio", "tokio"] };

    #[test]
    fn a_runtime_deep_in_the_tree_is_found_once() {
        let tree = "b2 v0.1.0 (/b2)\nblocking v1.0.0\ntokio v1.54.0\ntokio v1.54.0 (*)\n";
        let found = check(&RULE, &names(tree));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "b2 --no-default-features");
        assert!(found[0].message.starts_with("tokio "));
    }

    #[test]
    fn a_name_that_only_begins_like_a_banned_one_passes() {
        assert_eq!(check(&RULE, &names("b2 v0.1.0\ntokio-util v0.7.0\n")), []);
    }
}
