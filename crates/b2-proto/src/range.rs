//! Byte ranges, as requests ask for them and answers report them.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A single range of bytes, such as `bytes=0-99`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange(Form);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// Both ends inclusive; the first is never past the last.
    Between(u64, u64),
    From(u64),
    Last(u64),
}

/// Text that is no range, or a range whose end lies before its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a single byte range")]
#[non_exhaustive]
pub struct InvalidRange;

impl ByteRange {
    /// From the byte `first` to the byte `last`, both inclusive and counted from 0.
    ///
    /// # Errors
    ///
    /// When `last` lies before `first`.
    pub fn inclusive(first: u64, last: u64) -> Result<Self, InvalidRange> {
        if last < first { Err(InvalidRange) } else { Ok(Self(Form::Between(first, last))) }
    }

    /// `len` bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// When `len` is 0, which no range can say, or the end does not fit.
    pub fn of_len(offset: u64, len: u64) -> Result<Self, InvalidRange> {
        let last = len.checked_sub(1).and_then(|less| offset.checked_add(less));
        last.map(|last| Self(Form::Between(offset, last))).ok_or(InvalidRange)
    }

    /// From the byte `first` to the end.
    pub fn starting_at(first: u64) -> Self {
        Self(Form::From(first))
    }

    /// The last `len` bytes. Whether the service takes this form is unconfirmed.
    pub fn suffix(len: u64) -> Self {
        Self(Form::Last(len))
    }

    /// A range as people write it: `first-last` or `first-`, both counted from 0.
    ///
    /// # Errors
    ///
    /// When the text has another form, or `last` lies before `first`.
    pub fn from_bounds(text: &str) -> Result<Self, InvalidRange> {
        match text.trim().split_once('-').ok_or(InvalidRange)? {
            ("", _) => Err(InvalidRange),
            (first, "") => Ok(Self::starting_at(number(first)?)),
            (first, last) => Self::inclusive(number(first)?, number(last)?),
        }
    }

    /// The range without its first `bytes` bytes, which are there already. A range of the last
    /// bytes stays as it is, as nobody knows where it begins.
    ///
    /// # Errors
    ///
    /// When nothing is left.
    pub fn advanced(self, bytes: u64) -> Result<Self, InvalidRange> {
        let beyond = |first: u64| first.checked_add(bytes).ok_or(InvalidRange);
        match self.0 {
            Form::Between(first, last) => Self::inclusive(beyond(first)?, last),
            Form::From(first) => Ok(Self::starting_at(beyond(first)?)),
            Form::Last(_) => Ok(self),
        }
    }

    /// The first byte, if the range names it.
    pub fn first(self) -> Option<u64> {
        match self.0 {
            Form::Between(first, _) | Form::From(first) => Some(first),
            Form::Last(_) => None,
        }
    }

    /// The last byte, inclusive, if the range names it.
    pub fn last(self) -> Option<u64> {
        match self.0 {
            Form::Between(_, last) => Some(last),
            Form::From(_) | Form::Last(_) => None,
        }
    }

    /// The bytes, end exclusive, that this means for content of `total` bytes. An end past the
    /// content is cut back; none where no byte is left.
    pub fn resolve(self, total: u64) -> Option<Range<u64>> {
        let range = match self.0 {
            Form::Between(first, last) => first..last.saturating_add(1).min(total),
            Form::From(first) => first..total,
            Form::Last(len) => total.saturating_sub(len)..total,
        };
        (range.start < range.end).then_some(range)
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Form::Between(first, last) => write!(f, "bytes={first}-{last}"),
            Form::From(first) => write!(f, "bytes={first}-"),
            Form::Last(len) => write!(f, "bytes=-{len}"),
        }
    }
}

impl FromStr for ByteRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let (first, last) = text
            .trim()
            .strip_prefix("bytes=")
            .and_then(|range| range.split_once('-'))
            .ok_or(InvalidRange)?;
        match (first, last) {
            ("", last) => Ok(Self::suffix(number(last)?)),
            (first, "") => Ok(Self::starting_at(number(first)?)),
            (first, last) => Self::inclusive(number(first)?, number(last)?),
        }
    }
}

impl Serialize for ByteRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What a partial answer holds, such as `bytes 0-99/1234`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentRange {
    /// Both ends inclusive; none where the range could not be satisfied.
    bounds: Option<(u64, u64)>,
    total: Option<u64>,
}

impl ContentRange {
    /// The bytes `range`, end exclusive, of content of `total` bytes.
    ///
    /// # Errors
    ///
    /// When the range is empty or goes past the content.
    pub fn new(range: Range<u64>, total: u64) -> Result<Self, InvalidRange> {
        if range.is_empty() || range.end > total {
            return Err(InvalidRange);
        }
        Ok(Self { bounds: Some((range.start, range.end - 1)), total: Some(total) })
    }

    /// No range could be satisfied for content of `total` bytes: `bytes */1234`.
    pub fn unsatisfied(total: u64) -> Self {
        Self { bounds: None, total: Some(total) }
    }

    /// The first byte, counted from 0.
    pub fn first(&self) -> Option<u64> {
        self.bounds.map(|(first, _)| first)
    }

    /// The last byte, inclusive.
    pub fn last(&self) -> Option<u64> {
        self.bounds.map(|(_, last)| last)
    }

    /// How many bytes the answer holds.
    pub fn len_bytes(&self) -> u64 {
        self.bounds.map_or(0, |(first, last)| (last - first).saturating_add(1))
    }

    /// The bytes of the whole content; none when the server does not tell.
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bounds {
            Some((first, last)) => write!(f, "bytes {first}-{last}/")?,
            None => f.write_str("bytes */")?,
        }
        match self.total {
            Some(total) => write!(f, "{total}"),
            None => f.write_str("*"),
        }
    }
}

impl FromStr for ContentRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let (bounds, total) = text
            .trim()
            .strip_prefix("bytes ")
            .and_then(|range| range.split_once('/'))
            .ok_or(InvalidRange)?;
        let total = if total == "*" { None } else { Some(number(total)?) };
        let bounds = if bounds == "*" { None } else { Some(inclusive(bounds, total)?) };
        if bounds.is_none() && total.is_none() {
            return Err(InvalidRange);
        }
        Ok(Self { bounds, total })
    }
}

fn inclusive(bounds: &str, total: Option<u64>) -> Result<(u64, u64), InvalidRange> {
    let (first, last) = bounds.split_once('-').ok_or(InvalidRange)?;
    let (first, last) = (number(first)?, number(last)?);
    let past = total.is_some_and(|total| last >= total);
    if last < first || past { Err(InvalidRange) } else { Ok((first, last)) }
}

/// Digits only: `parse` alone would also take a plus sign.
fn number(digits: &str) -> Result<u64, InvalidRange> {
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(InvalidRange);
    }
    digits.parse().map_err(|_| InvalidRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_and_write() {
        for text in ["bytes=0-0", "bytes=0-99", "bytes=500-", "bytes=-500"] {
            assert_eq!(text.parse::<ByteRange>().unwrap().to_string(), text);
        }
        for text in
            ["", "bytes=", "bytes=-", "bytes=9-8", "bytes=0-1,3-4", "0-1", "bytes=+1-2", "bytes=a-"]
        {
            assert_eq!(text.parse::<ByteRange>(), Err(InvalidRange), "{text}");
        }
    }

    #[test]
    fn ranges_resolve_against_the_content() {
        let resolve = |text: &str, total| text.parse::<ByteRange>().unwrap().resolve(total);
        assert_eq!(resolve("bytes=0-99", 1234), Some(0..100));
        assert_eq!(resolve("bytes=5-99", 10), Some(5..10));
        assert_eq!(resolve("bytes=5-", 10), Some(5..10));
        assert_eq!(resolve("bytes=-4", 10), Some(6..10));
        assert_eq!(resolve("bytes=-40", 10), Some(0..10));
        assert_eq!(resolve("bytes=10-", 10), None);
        assert_eq!(resolve("bytes=0-", 0), None);
        assert_eq!(resolve("bytes=-0", 10), None);
        assert_eq!(resolve("bytes=0-18446744073709551615", 3), Some(0..3));
    }

    #[test]
    fn bounds_are_ranges_that_can_be_advanced() {
        let bounds = |text: &str| ByteRange::from_bounds(text).map(|range| range.to_string());
        assert_eq!(bounds("5-").unwrap(), "bytes=5-");
        assert_eq!(bounds(" 5-9 ").unwrap(), "bytes=5-9");
        for bad in ["", "-", "-5", "5", "9-5", "a-", "bytes=5-9", "1-2,4-5"] {
            assert_eq!(bounds(bad), Err(InvalidRange), "{bad}");
        }
        let advanced = |text: &str, by| {
            text.parse::<ByteRange>().unwrap().advanced(by).map(|range| range.to_string())
        };
        assert_eq!(advanced("bytes=5-9", 4).unwrap(), "bytes=9-9");
        assert_eq!(advanced("bytes=5-9", 5), Err(InvalidRange));
        assert_eq!(advanced("bytes=5-", 7).unwrap(), "bytes=12-");
        assert_eq!(advanced("bytes=-5", 7).unwrap(), "bytes=-5");
        assert_eq!(advanced("bytes=5-", u64::MAX), Err(InvalidRange));
    }

    #[test]
    fn a_length_becomes_an_inclusive_end() {
        assert_eq!(ByteRange::of_len(10, 5).unwrap().to_string(), "bytes=10-14");
        assert_eq!(ByteRange::of_len(10, 0), Err(InvalidRange));
        assert_eq!(ByteRange::of_len(u64::MAX, 2), Err(InvalidRange));
    }

    #[test]
    fn content_ranges_read_and_write() {
        for text in ["bytes 0-99/1234", "bytes 5-8/10", "bytes */10", "bytes 0-4/*"] {
            assert_eq!(text.parse::<ContentRange>().unwrap().to_string(), text);
        }
        let range: ContentRange = "bytes 5-8/10".parse().unwrap();
        assert_eq!((range.first(), range.last(), range.total()), (Some(5), Some(8), Some(10)));
        assert_eq!(range.len_bytes(), 4);
        assert_eq!(ContentRange::new(5..9, 10), Ok(range));
        assert_eq!(ContentRange::new(5..11, 10), Err(InvalidRange));
        for text in ["bytes 0-10/10", "bytes 4-3/10", "bytes */*", "bytes=0-1/2", "bytes 0/1"] {
            assert_eq!(text.parse::<ContentRange>(), Err(InvalidRange), "{text}");
        }
    }
}
