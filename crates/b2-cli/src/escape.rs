//! Names come from strangers: none may steer a terminal.

use std::borrow::Cow;

/// Writes control characters, and those that reverse the direction of text,
/// as escapes such as `\u{1b}`.
pub(crate) fn controls(text: &str) -> Cow<'_, str> {
    replaced(text, |character| character.escape_default().to_string())
}

/// As [`controls`], for JSON: control characters can only be inside strings,
/// where `\u001b` means the same.
pub(crate) fn controls_in_json(json: &str) -> Cow<'_, str> {
    // All of them are below 0x10000, so one escape is enough.
    replaced(json, |character| format!("\\u{:04x}", u32::from(character)))
}

fn replaced(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let parts = text.chars().map(|character| match steers(character) {
        true => Cow::Owned(escape(character)),
        false => Cow::Owned(character.to_string()),
    });
    Cow::Owned(parts.collect())
}

fn steers(character: char) -> bool {
    let reverses = matches!(character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || reverses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(controls("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(controls("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert_eq!(controls("c1 \u{9b}31m"), "c1 \\u{9b}31m");
        assert_eq!(controls("plain äöü 🦀"), "plain äöü 🦀");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let name = "a\u{9b}\u{202e}b\u{7f}";
        let json = serde_json::to_string(name).unwrap();
        let escaped = controls_in_json(&json);
        assert!(!escaped.contains(steers), "{escaped}");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), name);
    }
}
