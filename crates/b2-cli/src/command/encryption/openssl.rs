//! Where `openssl enc` makes another key of the same digits.

/// Names that stand for ciphers of OpenSSL, its name for them, and how many bytes the keys of its
/// command line have. With the others a key of another length is an error.
const FIXED: &[(&str, &str, usize)] = &[
    ("blowfish-cbc", "bf-cbc", 16),
    ("bf-cbc", "bf-cbc", 16),
    ("cast5-cbc", "cast5-cbc", 16),
    ("cast-cbc", "cast5-cbc", 16),
    ("rc2-cbc", "rc2-cbc", 16),
    ("rc4", "rc4", 16),
    ("tripledes-cbc", "des-ede3-cbc", 24),
];

/// What to say of a key of this length.
pub(super) fn warning(suite: &str, key_len: usize) -> Option<String> {
    let suite = suite.to_ascii_lowercase();
    let (_, name, fixed) = FIXED.iter().find(|(known, ..)| *known == suite)?;
    let (makes, advice) = match key_len {
        // CAST-128 itself puts zeros behind those of more than 80 bits (RFC 2144).
        11..16 if *name == "cast5-cbc" => return None,
        len if len < *fixed => ("zeros behind it", "add them"),
        len if len > *fixed => ("only its beginning", "cut it"),
        _ => return None,
    };
    Some(format!(
        "warning: this key has {key_len} bytes, and with openssl's {name} a key has {fixed}: it \
         would take {makes}; {advice} if openssl has made the file or is to read it"
    ))
}
