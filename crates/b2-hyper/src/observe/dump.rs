//! Bytes for people: text without its secrets, and of anything else no more
//! than its length.

use std::borrow::Cow;
use std::fmt::Write;

use super::mask::shown_text;

/// The beginning of a body, of which there were `total` bytes.
///
/// What is no text is not shown at all, not even as digits: it may be a
/// compressed document, or one in another code, in which no secret is found.
pub(super) fn shown_body(bytes: &[u8], total: u64) -> String {
    let Some(text) = text_of(bytes) else { return format!("({total} bytes that are no text)") };
    let mut shown = shown_text(&readable(text));
    let more = total.saturating_sub(bytes.len() as u64);
    if more > 0 {
        let _ = write!(shown, "\n(and {more} bytes more)");
    }
    shown
}

/// If it is a text for people, perhaps cut off in the middle of a character.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    // Texts have no zero bytes, but every other byte of UTF-16 is one.
    (!text.contains('\0')).then_some(text)
}

/// With control characters as JSON writes them: a terminal would obey them.
fn readable(text: &str) -> Cow<'_, str> {
    let control = |character: char| character.is_control() && !"\r\n\t".contains(character);
    if !text.contains(control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if control(character) {
            let _ = write!(shown, "\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_and_of_the_rest_only_the_length_is_told() {
        assert_eq!(shown_body("grün".as_bytes(), 5), "grün");
        assert_eq!(shown_body(&"grün".as_bytes()[..3], 5), "gr\n(and 2 bytes more)");
        for hidden in [&b"\x1f\x8b\x08 canary"[..], b"{\0\"\0c\0a\0n\0", b"\xffcanary"] {
            assert_eq!(shown_body(hidden, 1000), "(1000 bytes that are no text)");
        }
    }

    #[test]
    fn control_characters_do_not_lift_the_mask() {
        let text = "{\"fileName\":\"a\u{7f}\u{85}b\",\"applicationKey\":\"canary\"}";
        let expected = r#"{"fileName":"a\u007f\u0085b","applicationKey":".."}"#;
        assert_eq!(shown_body(text.as_bytes(), text.len() as u64), expected);
    }
}
