//! Declared dependencies against the layers.

use super::rules::{LAYERS, Layer};
use crate::finding::Finding;
use crate::metadata::{Dependency, Kind, Metadata, Package};

/// Every dependency that its layer does not allow.
pub(crate) fn check(metadata: &Metadata) -> Vec<Finding> {
    metadata.members().flat_map(|package| check_package(metadata, package)).collect()
}

fn check_package(metadata: &Metadata, package: &Package) -> Vec<Finding> {
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == package.name) else {
        let message = "has no place in xtask/src/check_layers/rules.rs";
        return vec![Finding::new(&package.name, message)];
    };
    let faults = package.dependencies.iter().filter_map(|dependency| {
        let fault = if metadata.member(&dependency.name).is_some() {
            fault_of_member(layer, dependency)
        } else {
            fault_of_stranger(layer, dependency)
        };
        fault.map(|message| Finding::new(&package.name, message))
    });
    faults.collect()
}

fn fault_of_member(layer: &Layer, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    if layer.normal.contains(&name) {
        return None;
    }
    if dependency.kind == Some(Kind::Dev) {
        let allowed = layer.dev.contains(&name) || layer.optional.contains(&name);
        return (!allowed).then(|| format!("may not use {name} in its tests"));
    }
    if !layer.optional.contains(&name) {
        return Some(format!("may not depend on {name}"));
    }
    (!dependency.optional).then(|| format!("may depend on {name} only behind a feature"))
}

fn fault_of_stranger(layer: &Layer, dependency: &Dependency) -> Option<String> {
    let allowed = layer.third_party?;
    let name = dependency.name.as_str();
    let ships = dependency.kind != Some(Kind::Dev);
    let fault = ships && !allowed.contains(&name);
    fault.then(|| format!("may not depend on {name}; it is allowed only {}", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The findings on a workspace where `package` declares one dependency.
    fn findings(package: &str, dependency: Value) -> Vec<String> {
        let members = LAYERS.iter().map(|layer| layer.name).chain(["b2-novel"]);
        let packages: Vec<Value> = members
            .clone()
            .map(|name| {
                let dependencies = if name == package { vec![&dependency] } else { Vec::new() };
                json!({ "name": name, "version": "0.1.0", "id": name, "dependencies": dependencies })
            })
            .collect();
        let members: Vec<&str> = members.collect();
        let metadata = json!({ "packages": packages, "workspace_members": members });
        let metadata = serde_json::from_value(metadata).unwrap();
        let told = check(&metadata).into_iter().map(|finding| finding.to_string());
        told.filter(|finding| !finding.starts_with("b2-novel:")).collect()
    }

    fn normal(name: &str) -> Value {
        json!({ "name": name, "kind": null, "optional": false })
    }

    fn dev(name: &str) -> Value {
        json!({ "name": name, "kind": "dev", "optional": false })
    }

    fn optional(name: &str) -> Value {
        json!({ "name": name, "kind": null, "optional": true })
    }

    #[test]
    fn what_the_layers_allow_passes() {
        let allowed = [
            ("b2-core", normal("b2-proto")),
            ("b2-core", normal("sha1")),
            ("b2-core", dev("proptest")),
            ("b2-hyper", normal("tokio")),
            ("b2", optional("b2-hyper")),
            ("b2", dev("b2-testing")),
            ("xtask", optional("b2-testing")),
        ];
        for (package, dependency) in allowed {
            assert_eq!(findings(package, dependency), [""; 0]);
        }
    }

    #[test]
    fn the_core_may_not_look_up() {
        assert_eq!(
            findings("b2-core", normal("b2-hyper")),
            ["b2-core: may not depend on b2-hyper"]
        );
    }

    #[test]
    fn the_core_may_not_take_a_stranger() {
        let found = findings("b2-core", normal("tokio"));
        assert!(found[0].starts_with("b2-core: may not depend on tokio; "), "{found:?}");
        assert_eq!(findings("b2-proto", json!({ "name": "cc", "kind": "build" })).len(), 1);
    }

    #[test]
    fn the_emulator_never_sees_the_client_not_even_in_tests() {
        for name in ["b2-core", "b2", "b2-testing"] {
            assert_eq!(findings("b2-emulator", normal(name)).len(), 1, "{name}");
            assert_eq!(findings("b2-emulator", dev(name)).len(), 1, "{name}");
        }
    }

    #[test]
    fn the_facade_takes_its_transport_only_behind_a_feature() {
        let found = findings("b2", normal("b2-hyper"));
        assert_eq!(found, ["b2: may depend on b2-hyper only behind a feature"]);
    }

    #[test]
    fn nobody_ships_the_tests_or_the_tools() {
        for layer in LAYERS.iter().filter(|layer| layer.name != "xtask") {
            for name in ["b2-testing", "xtask"].iter().filter(|name| **name != layer.name) {
                assert_eq!(findings(layer.name, normal(name)).len(), 1, "{} {name}", layer.name);
            }
        }
    }

    #[test]
    fn a_new_crate_must_be_given_its_place() {
        let metadata = json!({
            "packages": [{ "name": "b2-novel", "version": "0.1.0", "id": "n" }],
            "workspace_members": ["n"],
        });
        let found = check(&serde_json::from_value(metadata).unwrap());
        assert_eq!(found[0].place, "b2-novel");
    }
}
