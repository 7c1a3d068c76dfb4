//! The tables of headers.

use crate::codegen::item::HeaderTable;

use super::{docs, wrap};

/// `generated/headers.rs`.
pub(super) fn headers(tables: &[HeaderTable]) -> String {
    let mut out = String::from("//! The headers of the operations that do not speak JSON.\n\n");
    out.push_str("use crate::HeaderInfo;\n\n");
    for table in tables {
        out.push_str(&docs(&table.docs, ""));
        out.push_str(&format!("pub const {}: &[HeaderInfo] = &[\n", table.name));
        for row in &table.rows {
            let note = wrap(&row.note, "    ").replace("    ///", "    //");
            let (name, required) = (&row.name, row.required);
            out.push_str(&note);
            out.push_str(&format!("    HeaderInfo {{ name: {name:?}, required: {required} }},\n"));
        }
        out.push_str("];\n\n");
    }
    out
}
