//! Rust source as tokens: what a file mentions, and how long its functions are.
//!
//! Comments, docs and text in quotes are no tokens, so a scan never stumbles over prose. What is
//! only compiled for tests is left out.

use proc_macro2::{Delimiter, Group, Ident, LexError, Spacing, TokenStream, TokenTree};

/// A path in the source, such as `std::fs::read` or `println!`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// A function that has a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// From the line of `fn` to the line of the closing brace, both included.
    pub(crate) lines: usize,
}

/// A source file without its tests.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    shipped: Vec<TokenTree>,
    /// Lines of the tests that were left out.
    pub(crate) test_lines: usize,
}

impl Mention {
    /// Whether these segments follow each other somewhere in the path; `*` stands for any one.
    pub(crate) fn contains(&self, pattern: &str) -> bool {
        let wanted: Vec<&str> = pattern.split("::").collect();
        let fits = |found: &[String]| {
            found.iter().zip(&wanted).all(|(found, wanted)| *wanted == "*" || found == wanted)
        };
        self.segments.windows(wanted.len()).any(fits)
    }
}

impl Tokens {
    pub(crate) fn parse(source: &str) -> Result<Self, LexError> {
        let (shipped, test_lines) = split(source.parse::<TokenStream>()?);
        Ok(Self { shipped, test_lines })
    }

    /// Every path, with the groups of `use` written out.
    pub(crate) fn mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        collect_mentions(&self.shipped, &[], &mut found);
        found
    }

    /// Every function, nested ones after the one around them.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        collect_functions(&self.shipped, &mut found);
        found
    }
}

/// The tokens of one level without the items that only tests see, and the lines those take.
fn split(stream: TokenStream) -> (Vec<TokenTree>, usize) {
    let mut kept = Vec::new();
    let mut lines = 0;
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_punct(&token, '#') && tokens.peek().is_some_and(is_test_attribute) {
            let last = tokens.by_ref().find(ends_item);
            let last = last.map_or_else(|| token.span(), |last| last.span());
            lines += last.end().line - token.span().start().line + 1;
        } else {
            kept.push(token);
        }
    }
    (kept, lines)
}

fn shipped(stream: TokenStream) -> Vec<TokenTree> {
    split(stream).0
}

fn is_test_attribute(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let text: String = group.stream().to_string().split_whitespace().collect();
    group.delimiter() == Delimiter::Bracket && (text == "cfg(test)" || text == "test")
}

/// An item ends with its body or with a semicolon.
fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is_punct(other, ';'),
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// `prefix` is the path in front of a group of `use`.
fn collect_mentions(tokens: &[TokenTree], prefix: &[String], found: &mut Vec<Mention>) {
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = match token {
            TokenTree::Ident(first) => collect_path(first, after, prefix, found),
            TokenTree::Group(group) => {
                collect_mentions(&shipped(group.stream()), &[], found);
                after
            }
            _ => after,
        };
    }
}

/// Reads the path that begins with `first` and gives the tokens behind it.
fn collect_path<'a>(
    first: &Ident,
    mut rest: &'a [TokenTree],
    prefix: &[String],
    found: &mut Vec<Mention>,
) -> &'a [TokenTree] {
    let line = first.span().start().line;
    let mut segments = prefix.to_vec();
    segments.push(first.to_string());
    while let [one, two, next, after @ ..] = rest
        && is_punct(one, ':')
        && is_punct(two, ':')
    {
        match next {
            TokenTree::Ident(segment) => segments.push(segment.to_string()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                collect_mentions(&shipped(group.stream()), &segments, found);
                return after;
            }
            _ => break,
        }
        rest = after;
    }
    if let (Some(last), [TokenTree::Punct(bang), ..]) = (segments.last_mut(), rest)
        && bang.as_char() == '!'
        && bang.spacing() == Spacing::Alone
    {
        last.push('!');
    }
    found.push(Mention { segments, line });
    rest
}

fn collect_functions(tokens: &[TokenTree], found: &mut Vec<Function>) {
    for (index, token) in tokens.iter().enumerate() {
        match (token, tokens.get(index + 1)) {
            (TokenTree::Ident(keyword), Some(TokenTree::Ident(name))) if keyword == "fn" => {
                let body = tokens.iter().skip(index).find(|token| ends_item(token));
                if let Some(TokenTree::Group(body)) = body {
                    found.push(function(keyword, name, body));
                }
            }
            (TokenTree::Group(group), _) => collect_functions(&shipped(group.stream()), found),
            _ => {}
        }
    }
}

fn function(keyword: &Ident, name: &Ident, body: &Group) -> Function {
    let line = keyword.span().start().line;
    Function { name: name.to_string(), line, lines: body.span_close().end().line - line + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        let mentions = Tokens::parse(source).unwrap().mentions();
        mentions.into_iter().map(|mention| mention.segments.join("::")).collect()
    }

    #[test]
    fn prose_and_tests_are_not_mentioned() {
        let source = r#"
            //! Docs of std::fs.
            /// More of std::fs.
            const A: &str = "std::fs"; // and std::fs
            #[cfg(test)]
            mod tests { use std::fs; }
            #[test]
            fn reads() { std::fs::read("x"); }
        "#;
        assert!(!paths(source).iter().any(|path| path.contains("fs")));
        assert_eq!(Tokens::parse(source).unwrap().test_lines, 4);
    }

    #[test]
    fn groups_of_use_are_written_out() {
        let found = paths("use std::{fs::{self, File}, net}; use a::*;");
        for path in ["std::fs::self", "std::fs::File", "std::net", "a"] {
            assert!(found.iter().any(|found| found == path), "{path} is not in {found:?}");
        }
    }

    #[test]
    fn macros_are_told_from_comparisons_and_searched_inside() {
        let found = paths("fn f() { if a != b { println!(\"{}\", std::env::args()); } }");
        assert!(found.contains(&"println!".to_owned()));
        assert!(found.contains(&"std::env::args".to_owned()));
        assert!(found.contains(&"a".to_owned()));
    }

    #[test]
    fn patterns_match_whole_segments() {
        let segments = ["std", "time", "Instant", "now"].map(str::to_owned).to_vec();
        let mention = Mention { segments, line: 1 };
        assert!(mention.contains("Instant::now"));
        assert!(mention.contains("Instant::*"));
        assert!(!mention.contains("now::*"));
        assert!(!mention.contains("tan"));
    }

    #[test]
    fn functions_are_measured_from_their_keyword_to_their_brace() {
        let source = "\
            impl A {\n\
                fn outer<T>(a: T)\n\
                where T: B {\n\
                    fn inner() {}\n\
                }\n\
                fn declared();\n\
            }\n";
        let functions = Tokens::parse(source).unwrap().functions();
        let told: Vec<_> = functions.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(told, [("outer", 2, 4), ("inner", 4, 1)]);
    }
}
