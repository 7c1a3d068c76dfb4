//! The page that shows the rows to people.

use std::collections::BTreeSet;

use super::count;
use super::rows::Row;

const STATES: [&str; 3] = ["works", "refused", "missing"];

/// One line for each layer, for the terminal.
pub(super) fn summary(rows: &[Row]) -> String {
    let line = |layer: &str| {
        let counts: Vec<_> =
            STATES.iter().map(|state| format!("{} {state}", count(rows, layer, state))).collect();
        format!("{layer}: {}", counts.join(", "))
    };
    layers(rows).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

fn layers(rows: &[Row]) -> BTreeSet<&str> {
    rows.iter().map(|row| &*row.layer).collect()
}

/// `docs/coverage.md`.
pub(super) fn render(rows: &[Row]) -> String {
    let mut text = "# Coverage\n\n\
        What a well-known class for B2 offers its users, and what became of it here.\n\
        Written by `cargo xtask coverage`; the same as data is in [coverage.tsv](coverage.tsv).\n\n\
        *Works* names the item in Rust that does it.\n\
        *Refused* is known and cannot be had; the reason says what to use instead.\n\
        *Missing* is not here yet.\n\n\
        | layer | works | refused | missing |\n|---|---|---|---|\n"
        .to_owned();
    for layer in layers(rows) {
        let counts: Vec<_> =
            STATES.iter().map(|state| count(rows, layer, state).to_string()).collect();
        text.push_str(&format!("| `{layer}` | {} |\n", counts.join(" | ")));
    }
    let mut section = String::new();
    for row in rows {
        let title = format!("{}: {}", row.kind, row.group);
        if title != section {
            text.push_str(&format!(
                "\n## {title}\n\n| name | state | item | note |\n|---|---|---|---|\n"
            ));
            section = title;
        }
        let item = if row.item.is_empty() { String::new() } else { format!("`{}`", row.item) };
        let name = row.name.replace('|', "\\|");
        text.push_str(&format!("| {name} | {} | {item} | {} |\n", row.state, row.note));
    }
    text
}
