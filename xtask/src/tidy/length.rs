//! Files and functions that are too long to be read in one go.

use crate::finding::Finding;
use crate::tokens::{Function, Tokens};
use crate::workspace::SourceFile;

/// Lines of a file without its tests.
const FILE_LINES: usize = 500;
/// Lines of a function with its signature.
const FUNCTION_LINES: usize = 100;

/// What may be longer, and why. An entry is a file, or a file and a function: `path::name`.
const ALLOWED: &[(&str, &str)] = &[];

/// Everything hand-written that is too long.
pub(crate) fn check(files: &[SourceFile]) -> Vec<Finding> {
    check_except(files, ALLOWED)
}

fn check_except(files: &[SourceFile], allowed: &[(&str, &str)]) -> Vec<Finding> {
    let written = files
        .iter()
        .filter(|file| file.has_extension("rs") && !file.is_generated() && !file.is_test());
    let long: Vec<(String, Finding)> = written.flat_map(long_items).collect();
    let stale = allowed.iter().filter(|(entry, _)| !long.iter().any(|(item, _)| item == entry));
    let stale = stale.map(|(entry, _)| Finding::new(*entry, "no longer needs its exception"));
    let is_allowed = |item: &str| allowed.iter().any(|(entry, _)| *entry == item);
    let faults = long.iter().filter(|(item, _)| !is_allowed(item));
    faults.map(|(_, finding)| finding.clone()).chain(stale).collect()
}

/// The long items of a file: how an exception would name each, and the finding.
fn long_items(file: &SourceFile) -> Vec<(String, Finding)> {
    let tokens = match Tokens::parse(&file.text) {
        Ok(tokens) => tokens,
        Err(error) => {
            let finding = Finding::new(&file.path, format!("cannot be read: {error}"));
            return vec![(file.path.clone(), finding)];
        }
    };
    let lines = file.text.lines().count().saturating_sub(tokens.test_lines);
    let mut long = Vec::new();
    if lines > FILE_LINES {
        let message = format!("has {lines} lines without its tests, more than {FILE_LINES}");
        long.push((file.path.clone(), Finding::new(&file.path, message)));
    }
    for function in tokens.functions().iter().filter(|function| function.lines > FUNCTION_LINES) {
        long.push((format!("{}::{}", file.path, function.name), long_function(file, function)));
    }
    long
}

fn long_function(file: &SourceFile, function: &Function) -> Finding {
    let Function { name, line, lines } = function;
    let message = format!("`{name}` has {lines} lines, more than {FUNCTION_LINES}");
    Finding::at_line(&file.path, *line, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> SourceFile {
        SourceFile { path: path.to_owned(), text }
    }

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "f();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_may_have_a_hundred_lines_and_no_more() {
        assert_eq!(check(&[file("a.rs", function(100))]), []);
        let found = check(&[file("a.rs", function(101))]);
        assert_eq!(found[0].to_string(), "a.rs:1: `long` has 101 lines, more than 100");
    }

    #[test]
    fn tests_do_not_count_towards_a_file() {
        let code = "const A: () = ();\n".repeat(500);
        let tests = "#[cfg(test)]\nmod tests {\n\n\n}\n";
        assert_eq!(check(&[file("a.rs", format!("{code}{tests}"))]), []);
        assert_eq!(check(&[file("a.rs", format!("{code}\n{tests}"))]).len(), 1);
    }

    #[test]
    fn generated_files_and_tests_may_be_long() {
        let long = function(600);
        let generated = file("crates/b2-proto/src/generated/key.rs", long.clone());
        assert_eq!(check(&[generated, file("crates/b2/tests/a.rs", long)]), []);
    }

    #[test]
    fn an_exception_holds_and_must_be_needed() {
        let files = [file("a.rs", function(101))];
        assert_eq!(check_except(&files, &[("a.rs::long", "it is a table")]), []);
        let stale = check_except(&[], &[("a.rs::long", "it is a table")]);
        assert_eq!(stale[0].message, "no longer needs its exception");
    }
}
