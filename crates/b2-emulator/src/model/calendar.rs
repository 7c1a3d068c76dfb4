//! Milliseconds since 1970 as calendar dates, UTC.

/// A moment broken into the fields people write, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
    /// 0 is Sunday.
    weekday: u64,
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Moment {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) const fn from_millis(millis: u64) -> Self {
        let seconds = millis / 1000;
        let days = seconds / 86_400;
        let (year, month, day) = civil(days);
        Self {
            year,
            month,
            day,
            hour: seconds / 3600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            weekday: (days + 4) % 7,
        }
    }

    /// The form of the `Date` header, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub(crate) fn http_date(&self) -> String {
        format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
            WEEKDAYS[self.weekday as usize % 7],
            self.day,
            MONTHS[(self.month as usize + 11) % 12],
            self.year,
            self.hour,
            self.minute,
            self.second
        )
    }
}

/// Whether `text` is a date as HTTP writes it, such as [`Moment::http_date`] gives.
pub(crate) fn is_http_date(text: &str) -> bool {
    let fields: Vec<&str> = text.split(' ').collect();
    let [weekday, day, month, year, time, zone] = fields.as_slice() else {
        return false;
    };
    let number = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    weekday.strip_suffix(',').is_some_and(|name| WEEKDAYS.contains(&name))
        && number(day, 2)
        && MONTHS.contains(month)
        && number(year, 4)
        && time.split(':').count() == 3
        && time.split(':').all(|part| number(part, 2))
        && *zone == "GMT"
}

/// Days since 1970 to year, month, day.
///
/// Counts in 400-year cycles of 146 097 days that begin in March, so that the
/// leap day is the last of its year.
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let cycle = shifted / 146_097;
    let day_of_cycle = shifted % 146_097;
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_cycle + cycle * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(Moment::from_millis(0).http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(
            Moment::from_millis(784_111_777_000).http_date(),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert_eq!(
            Moment::from_millis(951_782_400_000).http_date(),
            "Tue, 29 Feb 2000 00:00:00 GMT"
        );
        assert_eq!(
            Moment::from_millis(1_795_281_312_999).http_date(),
            "Sat, 21 Nov 2026 17:15:12 GMT"
        );
    }

    #[test]
    fn http_dates_are_told_from_other_text() {
        assert!(is_http_date("Sun, 06 Nov 1994 08:49:37 GMT"));
        for other in
            ["", "tomorrow", "Sun 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT"]
        {
            assert!(!is_http_date(other), "{other}");
        }
    }
}
