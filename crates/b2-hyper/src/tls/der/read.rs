//! Reading.

/// Reads one element after the other. Nothing that is wrong panics or is
/// guessed at: it is `None`.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Reader<'a> {
    rest: &'a [u8],
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Element<'a> {
    pub(in super::super) tag: u8,
    pub(in super::super) content: &'a [u8],
    /// With its tag and length.
    pub(in super::super) whole: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(in super::super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next element, whatever it is.
    pub(in super::super) fn any(&mut self) -> Option<Element<'a>> {
        let (&tag, after_tag) = self.rest.split_first()?;
        // Tags of more than one byte are in none of the formats read here.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, mut after) = after_tag.split_first()?;
        let len = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x84 => {
                let (digits, rest) = after.split_at_checked(usize::from(first & 0x7f))?;
                after = rest;
                let len = digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit));
                // A length has no more digits than it needs.
                let least = if digits.len() == 1 { 0x80 } else { 1 << (8 * (digits.len() - 1)) };
                (len >= least).then_some(len)?
            }
            _ => return None,
        };
        let (content, rest) = after.split_at_checked(len)?;
        let whole = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        Some(Element { tag, content, whole })
    }

    /// The next element if it has this tag; otherwise it stays.
    pub(in super::super) fn element(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let found = ahead.any().filter(|found| found.tag == tag)?;
        *self = ahead;
        Some(found)
    }

    /// The content of the next element if it has this tag; otherwise it stays.
    pub(in super::super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element(tag).map(|found| found.content)
    }

    /// As [`take`](Self::take), to be read on.
    pub(in super::super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self::new)
    }

    /// The bytes of a bit string that has whole bytes.
    pub(in super::super) fn bits(&mut self) -> Option<&'a [u8]> {
        self.take(super::BIT_STRING)?.strip_prefix(&[0])
    }
}

/// Seconds since 1970 of a `GeneralizedTime` in UTC.
pub(in super::super) fn unix_time(text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z").filter(|digits| digits.len() == 14)?;
    let number = |from: usize, len: usize| {
        let part = str::from_utf8(&digits[from..from + len]).ok()?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(4, 2)?, number(6, 2)?);
    let (hour, minute, second) = (number(8, 2)?, number(10, 2)?, number(12, 2)?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day);
    if !in_range || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // The year begins in March, so that its odd day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
        - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}
