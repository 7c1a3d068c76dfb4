//! The names and values a file carries beside its bytes.

use std::collections::BTreeMap;

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, EXPIRES,
};
use http::{HeaderMap, HeaderName};

use super::calendar::is_http_date;
use super::percent;
use super::refusal::{Outcome, bad_request};

/// Info names that come back as ordinary headers, with the query parameter
/// that overrides each.
pub(crate) const STANDARD: [(&str, &str, HeaderName); 5] = [
    ("b2-cache-control", "b2CacheControl", CACHE_CONTROL),
    ("b2-content-disposition", "b2ContentDisposition", CONTENT_DISPOSITION),
    ("b2-content-encoding", "b2ContentEncoding", CONTENT_ENCODING),
    ("b2-content-language", "b2ContentLanguage", CONTENT_LANGUAGE),
    ("b2-expires", "b2Expires", EXPIRES),
];

const PREFIX: &str = "x-bz-info-";
const MOST_ENTRIES: usize = 10;
const LARGEST: usize = 7_000;
const LARGEST_WHEN_ENCRYPTED_OR_LOCKED: usize = 2_048;

/// The `X-Bz-Info-*` headers of an upload, decoded, names in lower case.
pub(crate) fn from_headers(headers: &HeaderMap) -> Outcome<BTreeMap<String, String>> {
    let mut info = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else {
            continue;
        };
        let value =
            percent::decode(value.as_bytes()).map_err(|error| bad_request(error.to_string()))?;
        info.insert(name.to_owned(), value);
    }
    Ok(info)
}

/// Checks names, grammar and size, and puts names into lower case.
pub(crate) fn check(
    info: BTreeMap<String, String>,
    file_name: &str,
    is_encrypted_or_locked: bool,
) -> Outcome<BTreeMap<String, String>> {
    if info.len() > MOST_ENTRIES {
        return Err(bad_request(format!("more than {MOST_ENTRIES} file info entries")));
    }
    let limit = if is_encrypted_or_locked { LARGEST_WHEN_ENCRYPTED_OR_LOCKED } else { LARGEST };
    let entries: usize = info.iter().map(|(name, value)| name.len() + value.len()).sum();
    if file_name.len() + entries > limit {
        return Err(bad_request(format!("file name and file info exceed {limit} bytes")));
    }
    info.into_iter()
        .map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            check_name(&name)?;
            if name.starts_with("b2-") {
                check_standard(&name, &value)?;
            }
            Ok((name, value))
        })
        .collect()
}

/// An HTTP token of at most 50 characters; of the names B2 reserves only the
/// five it gives a meaning to.
fn check_name(name: &str) -> Outcome<()> {
    let is_reserved = name.starts_with("b2-") && !STANDARD.iter().any(|(known, ..)| *known == name);
    if (1..=50).contains(&name.len()) && name.bytes().all(is_token_byte) && !is_reserved {
        Ok(())
    } else {
        Err(bad_request(format!("invalid file info name: {name}")))
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^~`|".contains(&byte)
}

/// Checks a value that will become an ordinary response header.
pub(crate) fn check_standard(name: &str, value: &str) -> Outcome<()> {
    let invalid = |why: String| bad_request(format!("invalid {name}: {why}"));
    if let Some(position) =
        value.bytes().position(|byte| byte != b'\t' && !(32..127).contains(&byte))
    {
        return Err(invalid(format!("illegal character at {position}")));
    }
    match name {
        "b2-content-disposition" => check_disposition(value).map_err(invalid),
        "b2-expires" if !is_http_date(value) => Err(invalid("expected an HTTP date".to_owned())),
        "b2-content-language" | "b2-content-encoding" if !is_token_list(value) => {
            Err(invalid("expected tokens separated by commas".to_owned()))
        }
        _ => Ok(()),
    }
}

fn is_token_list(value: &str) -> bool {
    value.split(',').all(|item| {
        let item = item.trim();
        !item.is_empty() && item.bytes().all(is_token_byte)
    })
}

/// `type *( ";" name "=" ( token | quoted-string ) )`.
fn check_disposition(value: &str) -> Result<(), String> {
    let mut scan = Scan { bytes: value.as_bytes(), at: 0 };
    scan.token()?;
    loop {
        scan.spaces();
        if scan.at == value.len() {
            return Ok(());
        }
        scan.expect(b';')?;
        scan.spaces();
        scan.token()?;
        scan.spaces();
        scan.expect(b'=')?;
        scan.spaces();
        if scan.peek() == Some(b'"') { scan.quoted()? } else { scan.token()? }
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn token(&mut self) -> Result<(), String> {
        let start = self.at;
        while self.peek().is_some_and(is_token_byte) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.expected("a token character")) }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.expected(&format!("'{}'", byte as char)))
        }
    }

    fn quoted(&mut self) -> Result<(), String> {
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(self.expected("'\"'")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
    }

    fn expected(&self, what: &str) -> String {
        let got = self.peek().map_or_else(|| "the end".to_owned(), |b| format!("'{}'", b as char));
        format!("expected {what} at {}, but got {got}", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn names_become_lower_case_and_unknown_reserved_ones_are_refused() {
        let checked = check(info(&[("Color", "red"), ("B2-Expires", DATE)]), "a", false).unwrap();
        assert_eq!(checked, info(&[("color", "red"), ("b2-expires", DATE)]));
        assert!(check(info(&[("b2-other", "x")]), "a", false).is_err());
        assert!(check(info(&[("with space", "x")]), "a", false).is_err());
        assert!(check(info(&[(&"x".repeat(51), "x")]), "a", false).is_err());
    }

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn entries_and_bytes_are_limited() {
        let many: BTreeMap<_, _> = (0..11).map(|n| (format!("n{n}"), String::new())).collect();
        assert!(check(many, "a", false).is_err());
        let big = info(&[("n", &"x".repeat(2_046))]);
        assert!(check(big.clone(), "a", true).is_ok());
        assert!(check(big.clone(), "ab", true).is_err());
        assert!(check(big, "ab", false).is_ok());
        assert!(check(info(&[("n", &"x".repeat(6_999))]), "a", false).is_err());
    }

    #[test]
    fn grammar_of_standard_headers() {
        let good = [
            ("b2-content-disposition", "attachment; filename=\"a; b.txt\""),
            ("b2-content-disposition", "inline"),
            ("b2-content-language", "de, en-GB"),
            ("b2-content-encoding", "gzip"),
            ("b2-cache-control", "public, max-age=300"),
            ("b2-expires", DATE),
        ];
        for (name, value) in good {
            assert!(check_standard(name, value).is_ok(), "{name}: {value}");
        }
        let bad = [
            ("b2-content-disposition", "attachment; filename=a(1).txt"),
            ("b2-content-disposition", "attachment; filename=\"a"),
            ("b2-content-disposition", ""),
            ("b2-content-language", "de;en"),
            ("b2-content-encoding", ""),
            ("b2-cache-control", "a\nb"),
            ("b2-expires", "soon"),
        ];
        for (name, value) in bad {
            assert!(check_standard(name, value).is_err(), "{name}: {value}");
        }
        assert_eq!(
            check_disposition("attachment; filename=a(1)"),
            Err("expected ';' at 22, but got '('".to_owned())
        );
    }
}
