//! What every tool can do, each in its own words.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::failure::Failure;

/// A row of a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// In bytes.
    pub(crate) size: u64,
}

/// A client of B2.
pub(crate) trait Tool {
    fn name(&self) -> &'static str;
    fn authorize(&self) -> Result<(), Failure>;
    fn create_bucket(&self, bucket: &str) -> Result<(), Failure>;
    fn delete_bucket(&self, bucket: &str) -> Result<(), Failure>;
    fn buckets(&self) -> Result<Vec<String>, Failure>;
    fn upload(&self, bucket: &str, path: &Path, name: &str) -> Result<(), Failure>;
    fn download(&self, bucket: &str, name: &str, to: &Path) -> Result<(), Failure>;
    /// All files of a bucket, folders and hidden files left out.
    fn list(&self, bucket: &str) -> Result<Vec<Entry>, Failure>;
    /// Deletes the only version of a file.
    fn delete(&self, bucket: &str, name: &str) -> Result<(), Failure>;
}

/// A client that shows what is special about B2: versions, markers, and file information.
pub(crate) trait Historian: Tool {
    fn upload_with_info(
        &self,
        bucket: &str,
        path: &Path,
        name: &str,
        info: (&str, &str),
    ) -> Result<(), Failure>;
    fn info(&self, bucket: &str, name: &str) -> Result<BTreeMap<String, String>, Failure>;
    fn hide(&self, bucket: &str, name: &str) -> Result<(), Failure>;
    /// Action and size of every version in a bucket, newest first.
    fn versions(&self, bucket: &str) -> Result<Vec<(String, u64)>, Failure>;
    fn delete_versions(&self, bucket: &str, name: &str) -> Result<(), Failure>;
}

/// The JSON values that a command printed, whether in one array or one after the other.
pub(crate) fn values(command: &str, text: &str) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let unreadable = |source| Failure::Answer { command: command.to_owned(), source };
        match value.map_err(unreadable)? {
            Value::Array(values) => found.extend(values),
            value => found.push(value),
        }
    }
    Ok(found)
}

/// A member that is text; empty if it is not there, which no comparison takes for right.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The first of these members that is a size; no file is as large as what stands for none.
pub(crate) fn size(value: &Value, members: [&str; 2]) -> u64 {
    members.iter().find_map(|member| value.get(member)?.as_u64()).unwrap_or(u64::MAX)
}

/// The file information in what a command printed about a file.
pub(crate) fn file_info(value: &Value) -> BTreeMap<String, String> {
    let info = value.get("fileInfo").and_then(Value::as_object);
    let pairs = info.into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_lines_are_read_alike() {
        let rows = values("b2 ls", "[{\"fileName\": \"a\", \"size\": 1}\n,{\"fileName\": \"b\"}]");
        let lines = values("b2 ls", "{\"fileName\":\"a\",\"size\":1}\n{\"fileName\":\"b\"}\n");
        assert_eq!(rows.unwrap(), lines.unwrap());
        assert!(values("b2 ls", "{\"fileName\":").is_err());
    }

    #[test]
    fn what_is_missing_is_never_right() {
        let value = serde_json::json!({ "fileName": "a", "contentLength": 3 });
        assert_eq!(text(&value, "fileName"), "a");
        assert_eq!(text(&value, "name"), "");
        assert_eq!(size(&value, ["size", "contentLength"]), 3);
        assert_eq!(size(&value, ["size", "Size"]), u64::MAX);
    }
}
