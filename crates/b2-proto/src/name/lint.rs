//! Doubts about a file name that is valid as far as is known.

/// A rule that older documentation or other clients state, and that the service may not enforce.
/// A client that refused such a name might refuse what the service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileNameLint {
    /// The name starts with a slash.
    #[error("the file name starts with a slash")]
    LeadingSlash,
    /// The name ends with a slash.
    #[error("the file name ends with a slash")]
    TrailingSlash,
    /// Two slashes follow each other.
    #[error("the file name has two slashes in a row")]
    DoubleSlash,
    /// The name has a backslash.
    #[error("the file name has a backslash")]
    Backslash,
    /// The text between two slashes is longer than 250 bytes.
    #[error("a segment of the file name has more than 250 bytes")]
    LongSegment,
    /// The whole name is `.` or `..`.
    #[error("the file name is a dot or two")]
    Dots,
}

impl FileNameLint {
    /// The most bytes between two slashes, by the rule "File names" of older documentation.
    pub const MAX_SEGMENT_BYTES: usize = 250;

    /// Every doubt about a name.
    pub(super) fn all(name: &str) -> Vec<Self> {
        let long = |segment: &str| segment.len() > Self::MAX_SEGMENT_BYTES;
        [
            (name.starts_with('/'), Self::LeadingSlash),
            (name.ends_with('/'), Self::TrailingSlash),
            (name.contains("//"), Self::DoubleSlash),
            (name.contains('\\'), Self::Backslash),
            (name.split('/').any(long), Self::LongSegment),
            (matches!(name, "." | ".."), Self::Dots),
        ]
        .into_iter()
        .filter_map(|(doubtful, lint)| doubtful.then_some(lint))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_doubt_is_named() {
        assert_eq!(FileNameLint::all("a/b.txt"), []);
        assert_eq!(FileNameLint::all("/a"), [FileNameLint::LeadingSlash]);
        assert_eq!(FileNameLint::all("a/"), [FileNameLint::TrailingSlash]);
        assert_eq!(FileNameLint::all("a//b"), [FileNameLint::DoubleSlash]);
        assert_eq!(FileNameLint::all("a\\b"), [FileNameLint::Backslash]);
        assert_eq!(FileNameLint::all(".."), [FileNameLint::Dots]);
        let segment = "x".repeat(250);
        assert_eq!(FileNameLint::all(&format!("{segment}/{segment}")), []);
        assert_eq!(FileNameLint::all(&format!("{segment}x")), [FileNameLint::LongSegment]);
    }
}
