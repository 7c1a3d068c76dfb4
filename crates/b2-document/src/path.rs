//! The syntax of paths.

use std::str::FromStr;

use crate::error::PathError;

/// A path: see the [crate documentation](crate) for its syntax.
///
/// ```
/// let path: b2_document::Path = "/json/files/[last()-1]".parse()?;
/// assert!("/json/files/[0]".parse::<b2_document::Path>().is_err());
/// # let _ = path;
/// # Ok::<(), b2_document::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub(crate) absolute: bool,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Stay,
    Up,
    /// A child; no name means any.
    Down {
        name: Option<Box<str>>,
        which: Which,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Counted from 0.
    FromFirst(usize),
    /// Counted from 0 at the last.
    FromLast(usize),
    With {
        attribute: Box<str>,
        value: Box<str>,
    },
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let absolute = text.starts_with('/');
        let rest = text.strip_prefix('/').unwrap_or(text);
        if rest.is_empty() && absolute {
            return Ok(Self { absolute, steps: Vec::new() });
        }
        let steps = split(rest).into_iter().map(step).collect::<Result<_, _>>()?;
        Ok(Self { absolute, steps })
    }
}

/// Splits at `/`, except inside quotes within brackets.
fn split(text: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    let (mut begin, mut bracket, mut quote) = (0, false, None);
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) if bracket => quote = Some(letter),
            ('[', None) => bracket = true,
            (']', None) => bracket = false,
            ('/', None) => {
                steps.push(text.get(begin..at).unwrap_or_default());
                begin = at + 1;
            }
            _ => {}
        }
    }
    steps.push(text.get(begin..).unwrap_or_default());
    steps
}

fn step(text: &str) -> Result<Step, PathError> {
    match text {
        "." => return Ok(Step::Stay),
        ".." => return Ok(Step::Up),
        _ => {}
    }
    let syntax = || PathError::Syntax { step: text.into() };
    let (name, which) = match text.split_once('[') {
        None => (text, Which::FromFirst(0)),
        Some((name, rest)) => {
            let inner = rest.strip_suffix(']').ok_or_else(syntax)?;
            (name, which(inner).map_err(|zero| if zero { PathError::ZeroIndex } else { syntax() })?)
        }
    };
    if name.contains(']') || (name.is_empty() && !text.starts_with('[')) {
        return Err(syntax());
    }
    let name = Some(name).filter(|name| !matches!(*name, "" | "*")).map(Box::from);
    Ok(Step::Down { name, which })
}

/// What stands in brackets; the error says whether it is an index of zero.
fn which(text: &str) -> Result<Which, bool> {
    if let Some(attribute) = text.strip_prefix('@') {
        return with(attribute).ok_or(false);
    }
    if let Some(rest) = text.strip_prefix("last()") {
        let before = match rest.trim() {
            "" => Some(0),
            rest => rest.strip_prefix('-').and_then(|number| index(number.trim())),
        };
        return before.map(Which::FromLast).ok_or(false);
    }
    let index = index(text).ok_or(false)?;
    index.checked_sub(1).map(Which::FromFirst).ok_or(true)
}

/// Digits only: the standard parser takes a sign too.
fn index(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn with(text: &str) -> Option<Which> {
    let (attribute, value) = text.split_once('=')?;
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let value = value.strip_prefix(quote)?.strip_suffix(quote)?;
    let valid = !attribute.is_empty() && !value.contains(quote);
    valid.then(|| Which::With { attribute: attribute.into(), value: value.into() })
}
