//! Percent-encoding, for headers, paths and queries. JSON is never percent-encoded.
//!
//! The service reads `+` as a space in all three places, so a plus is always written `%2B` and a
//! space always `%20`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text that cannot be percent-decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEncoding {
    /// A byte that must not stand for itself, such as a space or a byte above 126.
    #[error("bad character in percent-encoded string: {0}")]
    BadCharacter(u8),
    /// A percent sign without two hexadecimal digits behind it.
    #[error("a percent sign lacks its two digits")]
    BadEscape,
    /// The decoded bytes are not UTF-8.
    #[error("the decoded bytes are not UTF-8")]
    NotUtf8,
}

/// Encodes a file name or a file-info value for a header or a URL path. `/` stays as it is: a path
/// with `%2F` in it is refused.
pub fn encode(text: &str) -> Cow<'_, str> {
    encode_except(text, is_literal)
}

/// Encodes a value for a query string: everything but letters, digits, `.`, `_`, `-` and `~`.
pub fn encode_query(text: &str) -> Cow<'_, str> {
    encode_except(text, is_unreserved)
}

/// Decodes a header value, a path or a query value; `+` becomes a space.
///
/// # Errors
///
/// When a percent sign lacks its digits, when a byte that has to be encoded is not, or when the
/// result is not UTF-8.
pub fn decode(text: &str) -> Result<String, InvalidEncoding> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = rest.next().and_then(nibble).ok_or(InvalidEncoding::BadEscape)?;
                let low = rest.next().and_then(nibble).ok_or(InvalidEncoding::BadEscape)?;
                high << 4 | low
            }
            33..=126 => byte,
            _ => return Err(InvalidEncoding::BadCharacter(byte)),
        });
    }
    String::from_utf8(bytes).map_err(|_| InvalidEncoding::NotUtf8)
}

fn encode_except(text: &str, literal: fn(u8) -> bool) -> Cow<'_, str> {
    if text.bytes().all(literal) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if literal(byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Cow::Owned(encoded)
}

/// What the service's documentation lists as safe to leave as it is.
fn is_literal(byte: u8) -> bool {
    is_unreserved(byte) || b"/!$'()*;=:@".contains(&byte)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-~".contains(&byte)
}

fn nibble(digit: u8) -> Option<u8> {
    // A hexadecimal digit is below 16.
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Plain text, how it is encoded here, and another form that means the same.
    const VECTORS: &[(&str, &str, &str)] = &[
        (" ", "%20", "+"),
        ("!", "!", "%21"),
        ("\"", "%22", "%22"),
        ("#", "%23", "%23"),
        ("$", "$", "%24"),
        ("%", "%25", "%25"),
        ("&", "%26", "%26"),
        ("'", "'", "%27"),
        ("(", "(", "%28"),
        (")", ")", "%29"),
        ("*", "*", "%2A"),
        ("+", "%2B", "%2b"),
        (",", "%2C", "%2c"),
        ("-", "-", "%2D"),
        (".", ".", "%2E"),
        ("/", "/", "%2F"),
        (":", ":", "%3A"),
        (";", ";", "%3B"),
        ("<", "%3C", "%3c"),
        ("=", "=", "%3D"),
        (">", "%3E", "%3e"),
        ("?", "%3F", "%3f"),
        ("@", "@", "%40"),
        ("[", "%5B", "%5b"),
        ("\\", "%5C", "%5c"),
        ("]", "%5D", "%5d"),
        ("^", "%5E", "%5e"),
        ("_", "_", "%5F"),
        ("`", "%60", "%60"),
        ("{", "%7B", "%7b"),
        ("|", "%7C", "%7c"),
        ("}", "%7D", "%7d"),
        ("~", "~", "%7E"),
        ("\u{7f}", "%7F", "%7f"),
        ("自由", "%E8%87%AA%E7%94%B1", "%e8%87%aa%e7%94%b1"),
        ("\u{10400}", "%F0%90%90%80", "%f0%90%90%80"),
    ];

    #[test]
    fn vectors() {
        for (plain, encoded, other) in VECTORS {
            assert_eq!(encode(plain), *encoded);
            assert_eq!(decode(encoded).as_deref(), Ok(*plain));
            assert_eq!(decode(other).as_deref(), Ok(*plain));
        }
    }

    #[test]
    fn queries_encode_what_has_a_meaning_there() {
        assert_eq!(encode_query("4_z/a+b=&"), "4_z%2Fa%2Bb%3D%26");
    }

    #[test]
    fn bad_text_is_refused() {
        assert_eq!(decode("a b"), Err(InvalidEncoding::BadCharacter(32)));
        assert_eq!(decode("é"), Err(InvalidEncoding::BadCharacter(0xc3)));
        for text in ["%", "%2", "%zz", "%é"] {
            assert_eq!(decode(text), Err(InvalidEncoding::BadEscape), "{text}");
        }
        assert_eq!(decode("%ff"), Err(InvalidEncoding::NotUtf8));
    }

    proptest! {
        #[test]
        fn text_survives_a_round_trip(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), Ok(text.clone()));
            prop_assert_eq!(decode(&encode_query(&text)), Ok(text.clone()));
            prop_assert!(encode(&text).bytes().all(|byte| (33..=126).contains(&byte)));
        }

        #[test]
        fn decoding_never_panics(text in any::<String>()) {
            let _ = decode(&text);
        }
    }
}
