//! The percent-encoding of names in headers and URLs.

/// Why an encoded string was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadEncoding {
    #[error("Bad character in percent-encoded string: {0}")]
    Character(u8),
    #[error("Bad percent escape in percent-encoded string")]
    Escape,
    #[error("Percent-encoded string is not UTF-8")]
    Utf8,
}

/// Decodes `%XX` and turns `+` into a space.
pub(crate) fn decode(encoded: &[u8]) -> Result<String, BadEncoding> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<&u8>| byte.and_then(|b| (*b as char).to_digit(16));
                match (digit(rest.next()), digit(rest.next())) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(BadEncoding::Escape),
                }
            }
            0x21..=0x7e => byte,
            _ => return Err(BadEncoding::Character(byte)),
        });
    }
    String::from_utf8(decoded).map_err(|_| BadEncoding::Utf8)
}

/// Encodes every byte that is not among those B2 lets stand for themselves.
pub(crate) fn encode(plain: &str) -> String {
    let mut encoded = String::with_capacity(plain.len());
    for byte in plain.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => encoded.push(byte as char),
            _ if b"._-/~!$'()*;=:@".contains(&byte) => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plain text and every encoding that must decode to it; the first is ours.
    const VECTORS: [(&str, &[&str]); 14] = [
        (" ", &["%20", "+"]),
        ("+", &["%2B", "%2b"]),
        (",", &["%2C"]),
        ("&", &["%26"]),
        ("/", &["/", "%2F"]),
        ("=", &["=", "%3D"]),
        ("~", &["~", "%7E"]),
        ("#", &["%23"]),
        ("%", &["%25"]),
        ("\"", &["%22"]),
        ("[]", &["%5B%5D"]),
        ("\u{7f}", &["%7F"]),
        ("自由", &["%E8%87%AA%E7%94%B1"]),
        ("\u{10400}", &["%F0%90%90%80"]),
    ];

    #[test]
    fn vectors() {
        for (plain, encodings) in VECTORS {
            assert_eq!(encode(plain), encodings[0]);
            for encoded in encodings {
                assert_eq!(decode(encoded.as_bytes()).as_deref(), Ok(plain), "{encoded}");
            }
        }
    }

    #[test]
    fn illegal_input_is_named() {
        assert_eq!(
            decode(b"a b").unwrap_err().to_string(),
            "Bad character in percent-encoded string: 32"
        );
        assert_eq!(decode("é".as_bytes()), Err(BadEncoding::Character(0xc3)));
        assert_eq!(decode(b"100%"), Err(BadEncoding::Escape));
        assert_eq!(decode(b"%4"), Err(BadEncoding::Escape));
        assert_eq!(decode(b"%+1"), Err(BadEncoding::Escape));
        assert_eq!(decode(b"%FF"), Err(BadEncoding::Utf8));
    }

    proptest::proptest! {
        #[test]
        fn decoding_undoes_encoding(plain in ".*") {
            proptest::prop_assert_eq!(decode(encode(&plain).as_bytes()), Ok(plain));
        }
    }
}
