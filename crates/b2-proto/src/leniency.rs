//! Forms that are read although they are never written.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// Null where a collection belongs means an empty one.
pub(crate) fn null_as_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A number, its decimal digits in a string, or null.
pub(crate) fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(Decimal)
}

struct Decimal;

impl<'de> Visitor<'de> for Decimal {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, or a string of its digits")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        i64::try_from(number).map(Some).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<Self::Value, E> {
        digits.parse().map(Some).map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Bucket, StartLargeFileRequest};

    fn start(timestamp: &str) -> Result<StartLargeFileRequest, serde_json::Error> {
        serde_json::from_str(&format!(
            r#"{{"bucketId":"b","fileName":"f","contentType":"t","customUploadTimestamp":{timestamp}}}"#
        ))
    }

    #[test]
    fn numbers_may_be_text() {
        assert_eq!(
            start("1795330000123").unwrap().custom_upload_timestamp,
            Some(1_795_330_000_123)
        );
        assert_eq!(start("\"17\"").unwrap().custom_upload_timestamp, Some(17));
        assert_eq!(start("null").unwrap().custom_upload_timestamp, None);
        assert!(start("\"soon\"").is_err());
        assert!(start("18446744073709551615").is_err());
    }

    #[test]
    fn collections_may_be_null_or_missing() {
        let wrapper = r#"{"isClientAuthorizedToRead":false,"value":null}"#;
        let bucket: Bucket = serde_json::from_str(&format!(
            r#"{{"accountId":"a","bucketId":"b","bucketName":"n","bucketType":"allPrivate",
                "corsRules":null,"defaultServerSideEncryption":{wrapper},
                "fileLockConfiguration":{wrapper},"revision":2}}"#
        ))
        .unwrap();
        assert!(bucket.cors_rules.is_empty() && bucket.options.is_empty());
    }
}
