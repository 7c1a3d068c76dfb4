//! What is a secret, and how it is shown.

use std::borrow::Cow;

use ::http::uri::Uri;
use ::http::{HeaderName, HeaderValue};

/// What stands in the place of a secret.
const MASK: &str = "..";

/// Parts of names, in small letters, whose values are secrets.
const SECRET: &[&str] = &[
    "authorization",
    "token",
    "secret",
    "password",
    "cookie",
    "customer-key",
    "customerkey",
    "uploadurl",
];

/// Names whose values are secrets, though what contains them need not be:
/// `applicationKeyId` is none. `value` is that of a header for webhooks.
const SECRET_NAMES: &[&str] = &["applicationkey", "value"];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|part| name.contains(part)) || SECRET_NAMES.contains(&&*name)
}

/// Whether a JSON string with its quotes is the name of a secret in disguise.
fn hides_secret(name: &str) -> bool {
    let plain = |name| serde_json::from_str::<String>(name).map_or(true, |name| is_secret(&name));
    name.contains('\\') && plain(name)
}

pub(super) fn shown_header<'a>(name: &HeaderName, value: &'a HeaderValue) -> Cow<'a, str> {
    if value.is_sensitive() || is_secret(name.as_str()) {
        return Cow::Borrowed(MASK);
    }
    if name == ::http::header::LOCATION {
        let text = String::from_utf8_lossy(value.as_bytes());
        return Cow::Owned(without_query(&text).into_owned());
    }
    String::from_utf8_lossy(value.as_bytes())
}

/// A URL for people. Its query may have a token, and its user a password.
pub(crate) fn shown_url(uri: &Uri) -> String {
    let text = uri.to_string();
    without_query(&text).into_owned()
}

fn without_query(url: &str) -> Cow<'_, str> {
    let (base, query) = match url.split_once('?') {
        Some((base, _)) => (base, true),
        None => (url, false),
    };
    let user = base.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.split('/').next().unwrap_or_default();
        let host = authority.rsplit_once('@')?.1;
        Some(format!("{scheme}://{MASK}@{host}{}", &rest[authority.len()..]))
    });
    match (user, query) {
        (None, false) => Cow::Borrowed(base),
        (None, true) => Cow::Owned(format!("{base}?{MASK}")),
        (Some(url), query) => Cow::Owned(if query { format!("{url}?{MASK}") } else { url }),
    }
}

/// A text without the values of JSON strings that are secrets. One that is cut
/// off in the middle of a secret loses that, too.
pub(super) fn shown_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next_string(rest) {
        shown.push_str(before);
        shown.push_str(name);
        rest = after;
        let unquoted = name.trim_matches('"');
        let Some((between, value)) = value_of(after) else { continue };
        if is_secret(unquoted) || hides_secret(name) {
            shown.push_str(between);
            shown.push('"');
            shown.push_str(MASK);
            shown.push('"');
            rest = end_of_string(value).map_or("", |end| &value[end..]);
        }
    }
    shown.push_str(rest);
    shown
}

/// What is before the next string, the string with its quotes, and the rest.
fn next_string(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find('"')?;
    let string = &text[begin..];
    let end = end_of_string(string)?;
    Some((&text[..begin], &string[..end], &string[end..]))
}

/// The length of the string that `text` begins with, quotes included.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// If a colon and a string follow: what is before the string, and from it on.
fn value_of(text: &str) -> Option<(&str, &str)> {
    let after = text.trim_start().strip_prefix(':')?.trim_start();
    after.starts_with('"').then(|| text.split_at(text.len() - after.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_documents_are_masked_and_nothing_else() {
        for (text, expected) in [
            (
                r#"{"accountId":"a","authorizationToken" : "canary\"x","apiUrl":"u"}"#,
                r#"{"accountId":"a","authorizationToken" : "..","apiUrl":"u"}"#,
            ),
            (
                r#"{"applicationKey":"canary","applicationKeyId":"k"}"#,
                r#"{"applicationKey":"..","applicationKeyId":"k"}"#,
            ),
            (r#"{"uploadUrl":"https://canary"}"#, r#"{"uploadUrl":".."}"#),
            (
                r#"{"customerKey":"canary","customerKeyMd5":"canary"}"#,
                r#"{"customerKey":"..","customerKeyMd5":".."}"#,
            ),
            (r#"{"token":"canary is cut o"#, r#"{"token":"..""#),
            (r#"{"hmacSha256SigningSecret":"canary"}"#, r#"{"hmacSha256SigningSecret":".."}"#),
            (r#"{"name":"token","value":"canary"}"#, r#"{"name":"token","value":".."}"#),
            (r#"{"\u0074oken":"canary"}"#, r#"{"\u0074oken":".."}"#),
            (r#"{"a\"b":"shown"}"#, r#"{"a\"b":"shown"}"#),
            (r#"["token","a"] "#, r#"["token","a"] "#),
            (r#"{"token":7} no "quote"#, r#"{"token":7} no "quote"#),
        ] {
            assert_eq!(shown_text(text), expected);
        }
    }

    #[test]
    fn urls_lose_query_and_user() {
        for (url, expected) in [
            ("https://a/b?Authorization=canary", "https://a/b?.."),
            ("https://canary:canary@a/b", "https://..@a/b"),
            ("http://a/b@c", "http://a/b@c"),
            ("/b?canary", "/b?.."),
        ] {
            assert_eq!(without_query(url), expected);
        }
    }

    #[test]
    fn headers_with_secrets_are_masked() {
        let shown = |name: &'static str, sensitive| {
            let mut value = HeaderValue::from_static("canary");
            value.set_sensitive(sensitive);
            shown_header(&HeaderName::from_static(name), &value).into_owned()
        };
        for name in ["authorization", "x-bz-server-side-encryption-customer-key-md5", "set-cookie"]
        {
            assert_eq!(shown(name, false), "..", "{name}");
        }
        assert_eq!(shown("x-site", true), "..");
        assert_eq!(shown("x-site", false), "canary");
    }
}
