//! Open enumerations.

use crate::codegen::item::Enum;

use super::{docs, wrap};

/// An open enumeration, as the macro of `b2-proto` takes it.
pub(super) fn render(item: &Enum) -> String {
    let case = if item.case_insensitive { "ignore_case" } else { "exact" };
    let mut out = format!("crate::open_enum::open_enum! {{\n    {case}\n");
    out.push_str(&docs(&item.docs, "    "));
    out.push_str(&format!("    pub enum {} {{\n", item.name));
    for variant in &item.variants {
        out.push_str(&wrap(&variant.doc, "        "));
        out.push_str(&format!("        {} = {:?},\n", variant.name, variant.value));
    }
    out.push_str("    }\n}\n");
    if has_statuses(item) {
        out.push_str(&statuses(item));
    }
    out
}

/// What the rendered item needs in scope.
pub(super) fn imports(item: &Enum) -> Vec<&'static str> {
    if has_statuses(item) { vec!["ErrorCodeInfo"] } else { Vec::new() }
}

fn has_statuses(item: &Enum) -> bool {
    item.variants.iter().any(|variant| !variant.statuses.is_empty())
}

fn statuses(item: &Enum) -> String {
    let mut out =
        String::from("\n/// The HTTP statuses each error code comes with, the usual one first.\n");
    out.push_str("pub const ERROR_CODES: &[ErrorCodeInfo] = &[\n");
    for variant in &item.variants {
        out.push_str(&format!(
            "    ErrorCodeInfo {{ code: {}::{}, statuses: &{:?} }},\n",
            item.name, variant.name, variant.statuses
        ));
    }
    out.push_str("];\n");
    out
}
