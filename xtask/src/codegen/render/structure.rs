//! Structures with their constructors and setters.

use crate::codegen::item::{Alias, Field, Shape, Struct};
use crate::codegen::meta::Accepts;
use crate::codegen::names;

use super::{docs, wrap};

/// Parameters past this number draw a lint.
const MANY: usize = 7;

/// A structure, its constructor and its setters.
pub(super) fn render(item: &Struct) -> String {
    let plain = item.fields.iter().all(|field| field.shape != Shape::Required);
    let default = if plain { "Default, " } else { "" };
    let mut out = docs(&item.docs, "");
    out.push_str("#[non_exhaustive]\n");
    out.push_str(&format!("#[derive(Clone, Debug, {default}PartialEq, Serialize, Deserialize)]\n"));
    out.push_str("#[serde(rename_all = \"camelCase\")]\n");
    out.push_str(&format!("pub struct {} {{\n", item.name));
    for field in &item.fields {
        out.push_str(&wrap(&field.doc, "    "));
        out.push_str(&attributes(field));
        out.push_str(&format!("    pub {}: {},\n", field.name, rust_type(field)));
    }
    out.push_str("}\n\n");
    out.push_str(&format!("impl {} {{\n", item.name));
    out.push_str(&constructor(item));
    for field in item.fields.iter().filter(|field| field.shape != Shape::Required) {
        out.push_str(&setter(field));
    }
    out.push_str("}\n");
    out
}

/// A second name for a shared structure.
pub(super) fn alias(item: &Alias) -> String {
    format!("{}pub type {} = {};\n", docs(&item.docs, ""), item.name, item.target)
}

fn rust_type(field: &Field) -> String {
    match field.shape {
        Shape::Required | Shape::Empty => field.kind.to_string(),
        Shape::Optional | Shape::Nullable => format!("Option<{}>", field.kind),
    }
}

fn attributes(field: &Field) -> String {
    let mut parts = Vec::new();
    if names::camel(&field.name) != field.wire {
        parts.push(format!("rename = \"{}\"", field.wire));
    }
    parts.extend(field.aliases.iter().map(|alias| format!("alias = \"{alias}\"")));
    match field.shape {
        Shape::Required => {}
        Shape::Nullable => parts.push("default".to_owned()),
        Shape::Empty => {
            parts.push("default".to_owned());
            parts.push("deserialize_with = \"crate::leniency::null_as_empty\"".to_owned());
        }
        Shape::Optional => {
            parts.push("default".to_owned());
            parts.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        }
    }
    if field.secret {
        let function = if field.shape == Shape::Required { "exposed" } else { "exposed_option" };
        parts.push(format!("serialize_with = \"crate::secret::{function}\""));
    }
    if field.accepts == Some(Accepts::DecimalString) {
        parts.push("deserialize_with = \"crate::leniency::decimal\"".to_owned());
    }
    if parts.is_empty() { String::new() } else { format!("    #[serde({})]\n", parts.join(", ")) }
}

fn constructor(item: &Struct) -> String {
    let required: Vec<&Field> =
        item.fields.iter().filter(|field| field.shape == Shape::Required).collect();
    let parameters: Vec<String> =
        required.iter().map(|field| format!("{}: {}", field.name, field.kind)).collect();
    let mut out = String::new();
    let given = match required.len() {
        0 => "nothing set",
        _ if required.len() == item.fields.len() => "every field",
        _ => "the required fields; the others are empty",
    };
    out.push_str(&format!("    /// Makes the value from {given}.\n"));
    if required.len() > MANY {
        out.push_str(
            "    #[expect(clippy::too_many_arguments, reason = \"each of them is required\")]\n",
        );
    }
    out.push_str(&format!("    pub fn new({}) -> Self {{\n", parameters.join(", ")));
    out.push_str("        Self {\n");
    for field in &item.fields {
        let value = match field.shape {
            Shape::Required => String::new(),
            Shape::Optional | Shape::Nullable => ": None".to_owned(),
            Shape::Empty => ": Default::default()".to_owned(),
        };
        out.push_str(&format!("            {}{value},\n", field.name));
    }
    out.push_str("        }\n    }\n");
    out
}

fn setter(field: &Field) -> String {
    let name = &field.name;
    let value = if field.shape == Shape::Empty { name.clone() } else { format!("Some({name})") };
    format!(
        "\n    /// Sets [`{name}`](Self::{name}).\n    #[must_use]\n    \
         pub fn with_{name}(mut self, {name}: {}) -> Self {{\n        \
         self.{name} = {value};\n        self\n    }}\n",
        field.kind
    )
}
