//! The small type language of the notes: `u64`, `Vec<Part>`, `Map<String>`, `Readable<LegalHold>`.

use std::fmt;

/// A type of the wire, without `Option`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Integer(Integer),
    String,
    /// A generated or hand-written type.
    Named(String),
    Vec(Box<Self>),
    /// A map; its keys and values are strings or newtypes over them.
    Map(Box<Self>, Box<Self>),
    Readable(Box<Self>),
}

/// The width of a number, which JSON does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integer {
    I64,
    U64,
    U32,
    U16,
}

impl Type {
    /// Parses a hint, or tells what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some((outer, rest)) = text.split_once('<') else {
            return Self::parse_plain(text);
        };
        let inner = rest.strip_suffix('>').ok_or_else(|| format!("`{text}` lacks its `>`"))?;
        match outer {
            "Vec" => Ok(Self::Vec(Box::new(Self::parse(inner)?))),
            "Readable" => Ok(Self::Readable(Box::new(Self::parse(inner)?))),
            "Map" => Self::parse_map(inner),
            _ => Err(format!("`{outer}` takes no parameters")),
        }
    }

    fn parse_plain(text: &str) -> Result<Self, String> {
        Ok(match text {
            "bool" => Self::Bool,
            "i64" => Self::Integer(Integer::I64),
            "u64" => Self::Integer(Integer::U64),
            "u32" => Self::Integer(Integer::U32),
            "u16" => Self::Integer(Integer::U16),
            "String" => Self::String,
            name if super::names::is_identifier(name) => Self::Named(name.to_owned()),
            _ => return Err(format!("`{text}` is not a type")),
        })
    }

    fn parse_map(inner: &str) -> Result<Self, String> {
        let (key, value) = inner.split_once(',').unwrap_or(("String", inner));
        Ok(Self::Map(Box::new(Self::parse(key)?), Box::new(Self::parse(value)?)))
    }

    /// The names this type mentions.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Named(name) => vec![name],
            Self::Vec(inner) => inner.names(),
            Self::Readable(inner) => [vec!["Readable"], inner.names()].concat(),
            Self::Map(key, value) => [vec!["BTreeMap"], key.names(), value.names()].concat(),
            Self::Bool | Self::Integer(_) | Self::String => Vec::new(),
        }
    }

    /// Whether the type has an empty value to stand in for a missing member.
    pub(crate) fn is_collection(&self) -> bool {
        matches!(self, Self::Vec(_) | Self::Map(..))
    }
}

impl Integer {
    /// Whether the type can hold this JSON number.
    pub(crate) fn holds(self, number: &serde_json::Number) -> bool {
        match self {
            Self::I64 => number.as_i64().is_some(),
            Self::U64 => number.as_u64().is_some(),
            Self::U32 => number.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
            Self::U16 => number.as_u64().is_some_and(|number| u16::try_from(number).is_ok()),
        }
    }
}

/// Written as Rust.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Integer(Integer::I64) => f.write_str("i64"),
            Self::Integer(Integer::U64) => f.write_str("u64"),
            Self::Integer(Integer::U32) => f.write_str("u32"),
            Self::Integer(Integer::U16) => f.write_str("u16"),
            Self::String => f.write_str("String"),
            Self::Named(name) => f.write_str(name),
            Self::Vec(inner) => write!(f, "Vec<{inner}>"),
            Self::Map(key, value) => write!(f, "BTreeMap<{key}, {value}>"),
            Self::Readable(inner) => write!(f, "Readable<{inner}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_print_as_rust() {
        for (hint, rust) in [
            ("u64", "u64"),
            ("Map<String>", "BTreeMap<String, String>"),
            ("Map<FileId, BucketId>", "BTreeMap<FileId, BucketId>"),
            ("Readable<LegalHold>", "Readable<LegalHold>"),
            ("Vec<Vec<bool>>", "Vec<Vec<bool>>"),
        ] {
            assert_eq!(Type::parse(hint).map(|hint| hint.to_string()), Ok(rust.to_owned()));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for hint in ["", "float", "Vec<u64", "Box<u64>", "Vec<>"] {
            assert!(Type::parse(hint).is_err(), "{hint}");
        }
    }
}
