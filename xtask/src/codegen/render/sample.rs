//! The table that tells the fixture test which type a sample is of.

use std::collections::BTreeSet;

use crate::codegen::item::Program;

/// `tests/fixtures/samples.rs`.
pub(super) fn table(program: &Program) -> String {
    let mut names = BTreeSet::from(["Readable"]);
    for name in program.samples.values() {
        names.insert(name.split('<').next().unwrap_or(name));
        names.extend(name.split(['<', '>']).filter(|part| !part.is_empty()));
    }
    let names: Vec<&str> = names.into_iter().collect();
    let mut out = String::from("//! Which type the samples of a fixture folder are of.\n\n");
    out.push_str(&format!("use b2_proto::{{{}}};\n\n", names.join(", ")));
    out.push_str("use crate::json::{RoundTrip, round_trip};\n\n");
    out.push_str("/// By version, folder and kind of sample.\n");
    out.push_str("pub(crate) const SAMPLES: &[(&str, RoundTrip)] = &[\n");
    for (key, name) in &program.samples {
        out.push_str(&format!("    ({key:?}, round_trip::<{name}>),\n"));
    }
    out.push_str("];\n");
    out
}
