//! Notes to oneself and half-done code.

use crate::finding::Finding;
use crate::workspace::SourceFile;

/// Put together, so that this file does not find itself.
const WORDS: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
];

/// Every line with one of the words.
pub(crate) fn check(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            for word in WORDS.iter().filter(|word| has_word(line, word)) {
                findings.push(Finding::at_line(&file.path, index + 1, format!("says {word}")));
            }
        }
    }
    findings
}

/// Whether the word stands in the line and is no part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let cut = word.ends_with('!') || !after.is_some_and(is_part);
        cut && !before.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_where_it_stands() {
        for word in WORDS {
            let text = format!("fn f() {{\n    {word}(now) // later\n}}\n");
            let found = check(&[SourceFile { path: "a.rs".to_owned(), text }]);
            assert_eq!(found, [Finding::at_line("a.rs", 2, format!("says {word}"))]);
        }
    }

    #[test]
    fn longer_words_are_other_words() {
        let [note, _, _, _, debug] = WORDS;
        assert!(!has_word(&format!("MASTO{note}N"), note));
        assert!(!has_word(&format!("my_{debug}()"), debug));
    }
}
