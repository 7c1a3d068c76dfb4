//! The server's own words may repeat a secret.

use std::borrow::Cow;

/// B2 names the token of an upload URL in words when two uploads use it.
const BEFORE_A_TOKEN: &str = "auth token ";

/// Text of a server or a library without the tokens it may repeat.
pub(crate) fn tokens(text: &str) -> Cow<'_, str> {
    let Some(at) = text.find(BEFORE_A_TOKEN) else {
        return Cow::Borrowed(text);
    };
    let (before, rest) = text.split_at(at + BEFORE_A_TOKEN.len());
    let after = rest.find(char::is_whitespace).map_or("", |end| &rest[end..]);
    Cow::Owned(format!("{before}(..){}", tokens(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_out() {
        let said = "bad_request: more than one upload using auth token 4_005c_upld= (again)";
        let told = "bad_request: more than one upload using auth token (..) (again)";
        assert_eq!(tokens(said), told);
        assert_eq!(tokens("auth token a, auth token b"), "auth token (..) auth token (..)");
        assert_eq!(tokens("no token at all"), "no token at all");
    }
}
