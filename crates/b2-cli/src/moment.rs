//! Times, as B2 counts them and as people write them.

use jiff::Timestamp;

/// Ms since 1970 as a date and a time in UTC.
pub(crate) fn shown(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| at.to_string())
}

/// Ms since 1970, from such a number or from a date and a time such as
/// `2030-01-31T12:00:00Z`.
pub(crate) fn parsed(text: &str) -> Result<i64, String> {
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    let at = text.parse::<Timestamp>().map(Timestamp::as_millisecond);
    at.map_err(|_| "a time such as 2030-01-31T12:00:00Z, or ms since 1970, is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_time_are_read() {
        assert_eq!(parsed("1893456000000"), Ok(1_893_456_000_000));
        assert_eq!(parsed("2030-01-01T00:00:00Z"), Ok(1_893_456_000_000));
        assert_eq!(shown(1_893_456_000_000), "2030-01-01T00:00:00Z");
        assert!(parsed("tomorrow").is_err());
    }
}
