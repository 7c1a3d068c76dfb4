//! Bytes for people: text as text, anything else in hexadecimal digits.

use std::fmt::Write;

use super::mask::shown_text;

/// So much of what is no text is shown.
const HEX_BYTES: usize = 256;

/// The beginning of a body, of which there were `total` bytes.
pub(super) fn shown_body(bytes: &[u8], total: u64) -> String {
    let (mut shown, of) = match text_of(bytes) {
        Some(text) => (shown_text(text), bytes.len()),
        None => (hex(&bytes[..bytes.len().min(HEX_BYTES)]), bytes.len().min(HEX_BYTES)),
    };
    let more = total.saturating_sub(of as u64);
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
    let readable = |character: char| !character.is_control() || "\r\n\t".contains(character);
    text.chars().all(readable).then_some(text)
}

/// Lines of an offset, 16 bytes, and their letters.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (index, line) in bytes.chunks(16).enumerate() {
        let between = if index == 0 { "" } else { "\n" };
        let _ = write!(text, "{between}{:06x} ", index * 16);
        for byte in line {
            let _ = write!(text, " {byte:02x}");
        }
        let letters: String = line.iter().map(|byte| letter(*byte)).collect();
        let _ = write!(text, "{:gap$}  {letters}", "", gap = (16 - line.len()) * 3);
    }
    text
}

fn letter(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_and_the_rest_is_hexadecimal() {
        assert_eq!(shown_body("grün".as_bytes(), 5), "grün");
        assert_eq!(shown_body(&"grün".as_bytes()[..3], 5), "gr\n(and 2 bytes more)");
        let shown = shown_body(b"\0\x01binary content.", 1000);
        let expected = "000000  00 01 62 69 6e 61 72 79 20 63 6f 6e 74 65 6e 74  ..binary content\n\
                        000010  2e                                               .\n\
                        (and 983 bytes more)";
        assert_eq!(shown, expected);
    }
}
