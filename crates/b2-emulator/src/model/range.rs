//! The `Range` header of a download.

use super::refusal::{Outcome, refuse};

/// A stretch of a file, within its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

impl ByteRange {
    /// As `Content-Range` writes it.
    pub(crate) fn content_range(self, total: u64) -> String {
        format!("bytes {}-{}/{total}", self.offset, self.offset + self.len - 1)
    }
}

/// The stretch of a file of `total` bytes that `header` asks for.
///
/// `None` when it is not a single byte range: such a header is ignored.
/// A range that begins past the end is refused.
pub(crate) fn parse(header: &str, total: u64) -> Outcome<Option<ByteRange>> {
    let Some((first, last)) = header.trim().strip_prefix("bytes=").and_then(split) else {
        return Ok(None);
    };
    let (offset, end) = match (first, last) {
        (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(total)),
        (Some(first), None) => (first, total),
        (None, Some(len)) => (total - len.min(total), total),
        _ => return Ok(None),
    };
    if offset >= end {
        let message = format!("Range {header} is not satisfiable, the file has {total} bytes");
        return Err(refuse(416, "range_not_satisfiable", message));
    }
    Ok(Some(ByteRange { offset, len: end - offset }))
}

fn split(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (first, last) = text.split_once('-')?;
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok().map(Some),
        _ => None,
    };
    Some((number(first)?, number(last)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_clamped_to_the_file() {
        let range = |offset, len| Some(ByteRange { offset, len });
        assert_eq!(parse("bytes=0-4", 10).unwrap(), range(0, 5));
        assert_eq!(parse("bytes=5-", 10).unwrap(), range(5, 5));
        assert_eq!(parse("bytes=5-99", 10).unwrap(), range(5, 5));
        assert_eq!(parse("bytes=-3", 10).unwrap(), range(7, 3));
        assert_eq!(parse("bytes=-99", 10).unwrap(), range(0, 10));
        assert_eq!(parse("bytes=9-18446744073709551615", 10).unwrap(), range(9, 1));
        assert_eq!(range(5, 4).unwrap().content_range(10), "bytes 5-8/10");
    }

    #[test]
    fn starts_past_the_end_are_refused() {
        for (header, total) in
            [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=0-", 0), ("bytes=-0", 9)]
        {
            assert!(parse(header, total).is_err(), "{header} of {total}");
        }
    }

    #[test]
    fn anything_else_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=4-2",
            "bytes=a-b",
            "lines=1-2",
            "bytes=0-1,3-4",
            "bytes=0-18446744073709551616",
        ] {
            assert_eq!(parse(header, 10).unwrap(), None, "{header}");
        }
    }
}
