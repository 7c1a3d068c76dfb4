//! The last stage: items as formatted Rust.

mod enumeration;
mod module;
mod operation;
mod rustfmt;
mod sample;
mod structure;
mod table;

use super::error::CodegenError;
use super::item::Program;
use super::{GeneratedFile, PREAMBLE, output};

/// Renders every file.
pub(crate) fn render(program: &Program) -> Result<Vec<GeneratedFile>, CodegenError> {
    let mut sources = vec![
        ("mod".to_owned(), module::index(program)),
        ("operations".to_owned(), operation::table(&program.operations)),
        ("headers".to_owned(), table::headers(&program.header_tables)),
    ];
    for (family, items) in &program.modules {
        sources.push((family.clone(), module::family(family, items)));
    }
    let mut files = Vec::new();
    for (name, source) in sources {
        files.push(file(format!("{}/{name}.rs", output::FOLDER), &source)?);
    }
    files.push(file(
        "crates/b2-proto/tests/fixtures/samples.rs".to_owned(),
        &sample::table(program),
    )?);
    Ok(files)
}

fn file(path: String, source: &str) -> Result<GeneratedFile, CodegenError> {
    let content = rustfmt::format(&path, &format!("{PREAMBLE}\n{source}"))?;
    Ok(GeneratedFile { path, content })
}

/// Doc comments of several paragraphs, wrapped.
fn docs(paragraphs: &[String], indent: &str) -> String {
    let wrapped: Vec<String> = paragraphs.iter().map(|paragraph| wrap(paragraph, indent)).collect();
    wrapped.join(&format!("{indent}///\n"))
}

/// One paragraph of a doc comment, wrapped at the width that rustfmt uses.
fn wrap(paragraph: &str, indent: &str) -> String {
    const WIDTH: usize = 100;
    let mut out = String::new();
    let mut line = format!("{indent}///");
    for word in paragraph.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = format!("{indent}///");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
    out
}
