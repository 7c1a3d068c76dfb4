//! Rates by the time of day.

use crate::settings::SettingError;

const DAY: i64 = 24 * 60 * 60;

/// Rates by the time of day, in the form that rclone has:
/// `08:00,512k 12:00,10M 23:00,off`. A rate holds until the next time; before
/// the first one that of the last holds. `k`, `M` and `G` are powers of 1024,
/// a number without a letter is in KiB, `B` stands for bytes, and `off` is no
/// limit. A rate without a time holds all day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateSchedule {
    /// Seconds after midnight and bytes each second, in order.
    entries: Vec<(i64, u64)>,
}

impl RateSchedule {
    /// Reads a schedule.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if it is none.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let mut entries = text.split_whitespace().map(entry).collect::<Option<Vec<_>>>();
        entries = entries.filter(|entries| !entries.is_empty());
        let mut entries = entries.ok_or(SettingError::Value {
            name: "the schedule of the rate",
            expected: "times and rates such as `08:00,512k 23:00,off`, or one rate",
        })?;
        entries.sort_by_key(|(time, _)| *time);
        Ok(Self { entries })
    }

    /// Bytes each second at a time in seconds, of which only the part of the
    /// day counts; 0 is no limit.
    #[must_use]
    pub fn rate_at(&self, seconds: i64) -> u64 {
        let of_day = seconds.rem_euclid(DAY);
        let current = self.entries.iter().rev().find(|(time, _)| *time <= of_day);
        current.or_else(|| self.entries.last()).map_or(0, |(_, rate)| *rate)
    }
}

fn entry(text: &str) -> Option<(i64, u64)> {
    let Some((time, value)) = text.split_once(',') else { return Some((0, rate(text)?)) };
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    let valid = (0..24).contains(&hour) && (0..60).contains(&minute);
    valid.then_some((hour * 3600 + minute * 60, rate(value)?))
}

fn rate(text: &str) -> Option<u64> {
    if text == "off" {
        return Some(0);
    }
    let (number, shift) = match text.strip_suffix(|letter: char| letter.is_ascii_alphabetic()) {
        None => (text, 10),
        Some(number) => match text.as_bytes()[number.len()] {
            b'B' | b'b' => (number, 0),
            b'K' | b'k' => (number, 10),
            b'M' | b'm' => (number, 20),
            b'G' | b'g' => (number, 30),
            _ => return None,
        },
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_holds_until_the_next_time() {
        let day = RateSchedule::parse("12:00,10M 08:00,512k 23:30,off").unwrap();
        let at = |hour: i64, minute: i64| day.rate_at(hour * 3600 + minute * 60);
        assert_eq!(at(8, 0), 512 << 10);
        assert_eq!(at(11, 59), 512 << 10);
        assert_eq!(at(12, 0), 10 << 20);
        assert_eq!((at(23, 30), at(0, 0), at(7, 59)), (0, 0, 0));
        assert_eq!(day.rate_at(-DAY + 8 * 3600), 512 << 10);
        assert_eq!(RateSchedule::parse("100").unwrap().rate_at(5), 100 << 10);
        assert_eq!(RateSchedule::parse("7B").unwrap().rate_at(5), 7);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "24:00,1M", "8,1M", "08:60,1", "x", "08:00,", "1X", "99999999999G"] {
            assert!(RateSchedule::parse(text).is_err(), "{text}");
        }
    }
}
