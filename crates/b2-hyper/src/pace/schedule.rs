//! Rates by the time of the week.

use crate::settings::SettingError;

const DAY: i64 = 24 * 60 * 60;
const WEEK: i64 = 7 * DAY;
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// The first second of 1970 was one of a Thursday.
const FIRST: i64 = 4 * DAY;

/// Rates by the time of the week, in the form that rclone has:
/// `08:00,512k 12:00,10M 23:00,off`, with days too,
/// `Mon-00:00,512k Sat-10:00,10M:1M`. A time without a day is one of every day.
/// A rate holds until the next time; before the first one of the week that of
/// the last holds. `k`, `M`, `G`, `T`, `P` and `E`, with or without `i` or `iB`
/// behind them, are powers of 1024, a number without a letter is in KiB, `B`
/// stands for bytes, and `off` is no limit; `1.5M` is fine. Of two rates with a
/// colon between them the first is for what is sent and the second
/// [for what is received](Self::for_receiving). A rate without a time always
/// holds.
///
/// ```
/// use b2_hyper::pace::{RateLimit, RateSchedule};
///
/// let nights = RateSchedule::parse("07:00,1M:4M 22:00,off")?;
/// let one_hour_ahead_of_utc = 3600;
/// let sent = RateLimit::scheduled(nights.clone(), one_hour_ahead_of_utc);
/// let received = RateLimit::scheduled(nights.for_receiving(), one_hour_ahead_of_utc);
/// # Ok::<(), b2_hyper::settings::SettingError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateSchedule {
    /// In the order of their times.
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    /// Seconds after the midnight before Sunday.
    time: i64,
    /// Bytes each second.
    sent: u64,
    received: u64,
}

impl RateSchedule {
    /// Reads a schedule.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if it is none.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let read = text.split_whitespace().map(entries).collect::<Option<Vec<_>>>();
        let mut entries = read.unwrap_or_default().concat();
        if entries.is_empty() {
            return Err(SettingError::Value {
                name: "the schedule of the rate",
                expected: "times and rates such as `08:00,512k Sat-23:00,off`, or one rate",
            });
        }
        // A stable sort: of two entries for one time the later one holds.
        entries.sort_by_key(|entry| entry.time);
        Ok(Self { entries })
    }

    /// The same with the rates of what is received.
    #[must_use]
    pub fn for_receiving(mut self) -> Self {
        self.entries.iter_mut().for_each(|entry| entry.sent = entry.received);
        self
    }

    /// Bytes each second at a time in seconds after the beginning of 1970 by
    /// the clock on the wall, of which only the part of the week counts; 0 is
    /// no limit.
    #[must_use]
    pub fn rate_at(&self, seconds: i64) -> u64 {
        let of_week = (seconds + FIRST).rem_euclid(WEEK);
        let current = self.entries.iter().rev().find(|entry| entry.time <= of_week);
        current.or_else(|| self.entries.last()).map_or(0, |entry| entry.sent)
    }
}

/// One entry for each day on which its time is.
fn entries(text: &str) -> Option<Vec<Entry>> {
    let Some((when, rates)) = text.split_once(',') else {
        return Some(vec![entry(0, text)?]);
    };
    let (days, time) = match when.split_once('-') {
        Some((day, time)) => {
            let day = DAYS.iter().position(|known| known.eq_ignore_ascii_case(day))?;
            (day..=day, time)
        }
        None => (0..=6, when),
    };
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return None;
    }
    let at = |day: usize| entry(i64::try_from(day).ok()? * DAY + hour * 3600 + minute * 60, rates);
    days.map(at).collect()
}

fn entry(time: i64, rates: &str) -> Option<Entry> {
    let (sent, received) = rates.split_once(':').unwrap_or((rates, rates));
    Some(Entry { time, sent: rate(sent)?, received: rate(received)? })
}

fn rate(text: &str) -> Option<u64> {
    if text == "off" {
        return Some(0);
    }
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match text[number.len()..].to_ascii_lowercase().as_str() {
        "" | "k" | "ki" | "kib" => 10,
        "b" => 0,
        "m" | "mi" | "mib" => 20,
        "g" | "gi" | "gib" => 30,
        "t" | "ti" | "tib" => 40,
        "p" | "pi" | "pib" => 50,
        "e" | "ei" | "eib" => 60,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Nobody needs more digits, and these fit.
    if number.len() > 18 || whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction)
    {
        return None;
    }
    let all: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    // 0 would be no limit at all.
    let least = u128::from(all > 0);
    u64::try_from(((all << shift) / scale).max(least)).ok()
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

    /// Those of rclone's `SizeSuffix`.
    #[test]
    fn rates_have_fractions_and_every_suffix() {
        for (text, expected) in [
            ("1.5M", 3 << 19),
            ("0.5", 512),
            (".5k", 512),
            ("2.k", 2048),
            ("1T", 1 << 40),
            ("1p", 1 << 50),
            ("1E", 1 << 60),
            ("3Ki", 3072),
            ("3MiB", 3 << 20),
            ("1.75B", 1),
            ("0.5B", 1),
            ("0", 0),
        ] {
            let schedule = RateSchedule::parse(text).unwrap();
            assert_eq!(schedule.rate_at(5), expected, "{text}");
        }
        for text in ["", ".", "M", "1.2.3M", "-1M", "+1M", "1e3", "16E", "1MB", "1Q", "1 M", "٣M"]
        {
            assert!(RateSchedule::parse(text).is_err(), "{text:?}");
        }
    }

    /// The example of rclone's manual, and one that mixes both kinds of times.
    #[test]
    fn days_have_rates_of_their_own() {
        // 2026-11-22 was a Sunday.
        let sunday = 1_795_305_600;
        let at = |schedule: &RateSchedule, day: i64, hour: i64| {
            schedule.rate_at(sunday + day * DAY + hour * 3600)
        };
        let week = RateSchedule::parse("Mon-00:00,512 Fri-23:59,10M Sat-10:00,1M Sun-20:00,off");
        let week = week.unwrap();
        for (day, hour, rate) in [
            (0, 0, 1 << 20),
            (0, 20, 0),
            (0, 23, 0),
            (1, 0, 512 << 10),
            (5, 23, 512 << 10),
            (6, 0, 10 << 20),
            (6, 10, 1 << 20),
            (7, 19, 1 << 20),
        ] {
            assert_eq!(at(&week, day, hour), rate, "{day}, {hour}");
        }
        let mixed = RateSchedule::parse("Mon-00:00,512 12:00,1M sun-20:00,off").unwrap();
        for (day, hour, rate) in
            [(0, 12, 1 << 20), (0, 20, 0), (1, 0, 512 << 10), (1, 12, 1 << 20), (3, 0, 1 << 20)]
        {
            assert_eq!(at(&mixed, day, hour), rate, "{day}, {hour}");
        }
    }

    #[test]
    fn both_directions_have_rates_of_their_own() {
        let both = RateSchedule::parse("08:00,1M:off 20:00,10M:100k 22:00,7").unwrap();
        let received = both.clone().for_receiving();
        for (hour, rates) in [(8, (1 << 20, 0)), (20, (10 << 20, 100 << 10)), (22, (7168, 7168))] {
            let seconds = hour * 3600;
            assert_eq!((both.rate_at(seconds), received.rate_at(seconds)), rates);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "24:00,1M",
            "8,1M",
            "08:60,1",
            "x",
            "08:00,",
            "1X",
            "99999999999G",
            "Mo-08:00,1",
            "Mon-,1",
            "Mon-8,1",
            "-08:00,1",
            "08:00,1:",
            "08:00,1:2:3",
            "1:x",
        ] {
            assert!(RateSchedule::parse(text).is_err(), "{text}");
        }
    }
}
