//! What a file may be called.

use super::refusal::{Outcome, bad_request};

/// 1 to 1024 bytes without control characters, slashes where they belong.
pub(crate) fn check_file_name(name: &str, is_strict: bool) -> Outcome<()> {
    match problem(name).or_else(|| is_strict.then(|| strict_problem(name)).flatten()) {
        None => Ok(()),
        Some(problem) => Err(bad_request(format!("File names must not {problem}"))),
    }
}

fn problem(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("be empty")
    } else if name.len() > 1024 {
        Some("be longer than 1024 bytes")
    } else if name.bytes().any(|byte| byte < 32 || byte == 127) {
        Some("contain control characters")
    } else if name.starts_with('/') {
        Some("start with '/'")
    } else if name.ends_with('/') {
        Some("end with '/'")
    } else if name.contains("//") {
        Some("contain '//'")
    } else {
        None
    }
}

/// Rules of older documentation that the service may no longer enforce.
fn strict_problem(name: &str) -> Option<&'static str> {
    if name.contains('\\') {
        Some("contain '\\'")
    } else if name.split('/').any(|segment| segment.len() > 250) {
        Some("contain a segment longer than 250 bytes")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let long = "x".repeat(1024);
        for name in ["a", "a/b c/ζ", "a\\b", ".", "\u{10400}", &long] {
            assert!(check_file_name(name, false).is_ok(), "{name}");
        }
        let longer = "x".repeat(1025);
        for name in ["", "/a", "a/", "a//b", "a\u{1f}", "a\u{7f}", &longer] {
            assert!(check_file_name(name, false).is_err(), "{name}");
        }
        assert!(check_file_name("a\\b", true).is_err());
        assert!(check_file_name(&long, true).is_err());
    }
}
