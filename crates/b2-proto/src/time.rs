//! Dates in headers, without a clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A date as headers write it: `Sun, 22 Nov 2026 09:30:44 GMT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate {
    /// Seconds since the Unix epoch, in the years 1970 to 9999.
    seconds: u64,
}

/// Text that is no date of a header, or a time outside the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date in the form of HTTP headers")]
#[non_exhaustive]
pub struct InvalidHttpDate;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The epoch was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const DAY_SECONDS: u64 = 86_400;
/// The first second of the year 10000.
const END_SECONDS: u64 = 253_402_300_800;

impl HttpDate {
    /// The date that many seconds after the Unix epoch.
    ///
    /// # Errors
    ///
    /// When the date lies past the year 9999, which the form cannot write.
    pub fn from_unix_seconds(seconds: u64) -> Result<Self, InvalidHttpDate> {
        if seconds < END_SECONDS { Ok(Self { seconds }) } else { Err(InvalidHttpDate) }
    }

    /// Seconds since the Unix epoch.
    pub fn unix_seconds(self) -> u64 {
        self.seconds
    }
}

impl FromStr for HttpDate {
    type Err = InvalidHttpDate;

    fn from_str(text: &str) -> Result<Self, InvalidHttpDate> {
        let mut words = text.trim().split(' ');
        let mut next = || words.next().ok_or(InvalidHttpDate);
        let weekday = next()?.strip_suffix(',').ok_or(InvalidHttpDate)?;
        let day = digits(next()?, 2)?;
        let month = position(&MONTHS, next()?)? + 1;
        let year = digits(next()?, 4)?;
        let seconds_of_day = time_of_day(next()?)?;
        if next()? != "GMT" || words.next().is_some() {
            return Err(InvalidHttpDate);
        }
        let days = days_from_date(year, month, day)?;
        // The weekday carries nothing new, but a wrong one shows that the text is not a date.
        if position(&WEEKDAYS, weekday)? != days % 7 {
            return Err(InvalidHttpDate);
        }
        Ok(Self { seconds: days * DAY_SECONDS + seconds_of_day })
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.seconds / DAY_SECONDS, self.seconds % DAY_SECONDS);
        let (year, month, day) = date_from_days(days);
        let name = |names: &[&'static str], index: u64| {
            usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or("")
        };
        write!(
            f,
            "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
            name(&WEEKDAYS, days % 7),
            name(&MONTHS, month - 1),
            rest / 3600,
            rest / 60 % 60,
            rest % 60
        )
    }
}

/// How long `Retry-After` asks to wait: whole seconds, or a date read against the answer's own
/// `Date` header, so that no clock is needed. A date in the past means no wait; none where the
/// value makes no sense.
pub fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let until: HttpDate = value.parse().ok()?;
    let now: HttpDate = date?.parse().ok()?;
    Some(Duration::from_secs(until.seconds.saturating_sub(now.seconds)))
}

fn position(names: &[&str], name: &str) -> Result<u64, InvalidHttpDate> {
    let index = names.iter().position(|known| *known == name).ok_or(InvalidHttpDate)?;
    u64::try_from(index).map_err(|_| InvalidHttpDate)
}

fn digits(text: &str, len: usize) -> Result<u64, InvalidHttpDate> {
    if text.len() != len || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(InvalidHttpDate);
    }
    text.parse().map_err(|_| InvalidHttpDate)
}

fn time_of_day(text: &str) -> Result<u64, InvalidHttpDate> {
    let mut parts = text.split(':');
    let mut next = || digits(parts.next().ok_or(InvalidHttpDate)?, 2);
    let (hour, minute, second) = (next()?, next()?, next()?);
    // 60 is a leap second, which Unix time folds into the next one.
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return Err(InvalidHttpDate);
    }
    Ok(hour * 3600 + minute * 60 + second)
}

/// Days since the epoch of a date of the Gregorian calendar.
fn days_from_date(year: u64, month: u64, day: u64) -> Result<u64, InvalidHttpDate> {
    if year < 1970 || day == 0 || day > days_of_month(year, month) {
        return Err(InvalidHttpDate);
    }
    let months: u64 = (1..month).map(|month| days_of_month(year, month)).sum();
    Ok(days_before_year(year) + months + day - 1)
}

fn date_from_days(days: u64) -> (u64, u64, u64) {
    // 366 days a year is too few years, never too many; the loop makes up for the rest.
    let mut year = 1970 + days / 366;
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let mut day = days - days_before_year(year);
    let mut month = 1;
    while day >= days_of_month(year, month) {
        day -= days_of_month(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

/// Days from the epoch to the first of January of `year`, which is 1970 or later.
fn days_before_year(year: u64) -> u64 {
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_dates() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_339_844, "Sun, 22 Nov 2026 09:30:44 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let date = HttpDate::from_unix_seconds(seconds).unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(text.parse(), Ok(date));
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "Sun, 22 Nov 2026 09:30:44",
            "Mon, 22 Nov 2026 09:30:44 GMT",
            "Sunday, 22-Nov-26 09:30:44 GMT",
            "Sun, 22 Nov 2026 24:30:44 GMT",
            "Mon, 29 Feb 2027 09:30:44 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Sun, 22 Nov 2026 09:30:44 GMT x",
        ] {
            assert_eq!(text.parse::<HttpDate>(), Err(InvalidHttpDate), "{text}");
        }
        assert!(HttpDate::from_unix_seconds(253_402_300_800).is_err());
    }

    #[test]
    fn waiting_needs_no_clock() {
        let date = Some("Sun, 22 Nov 2026 09:30:44 GMT");
        assert_eq!(retry_after(" 5 ", None), Some(Duration::from_secs(5)));
        let later = "Sun, 22 Nov 2026 09:31:00 GMT";
        assert_eq!(retry_after(later, date), Some(Duration::from_secs(16)));
        assert_eq!(retry_after(later, None), None);
        let earlier = "Sun, 22 Nov 2026 09:00:00 GMT";
        assert_eq!(retry_after(earlier, date), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-3", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after(nonsense, date), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn dates_round_trip(seconds in 0..END_SECONDS) {
            let date = HttpDate::from_unix_seconds(seconds).unwrap();
            prop_assert_eq!(date.to_string().parse(), Ok(date));
        }
    }
}
