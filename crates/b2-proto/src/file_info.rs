//! File info: the user's own pairs beside the content.

use std::collections::BTreeMap;

use crate::encoding;
use crate::header::INFO_PREFIX;
use crate::name::FileName;

/// The pairs of a file, with checked names in lower case.
///
/// Values are any text: JSON carries them plain, headers percent-encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileInfo(BTreeMap<String, String>);

/// Why file info cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFileInfo {
    /// The name is empty, or has a character that no header name can have.
    #[error("`{0}` cannot name file info")]
    Name(String),
    /// More than [`FileInfo::MAX_ENTRIES`] pairs.
    #[error("file info has {0} entries, more than 10")]
    TooMany(usize),
    /// Names and values do not fit the headers.
    #[error("file name and file info take {bytes} bytes of headers, more than {limit}")]
    TooLarge {
        /// What they take.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
}

impl FileInfo {
    /// The most pairs, by the rule "File info".
    pub const MAX_ENTRIES: usize = 10;
    /// The most bytes of file name and file info, by the rule "HTTP header size limit".
    pub const MAX_HEADER_BYTES: usize = 7_000;
    /// The most bytes when the file is encrypted or its bucket has object lock, by the same rule.
    pub const MAX_HEADER_BYTES_ENCRYPTED: usize = 2_048;

    /// When the source was last modified, in decimal milliseconds since the Unix epoch.
    pub const SRC_LAST_MODIFIED_MILLIS: &str = "src_last_modified_millis";
    /// SHA-1 of the whole of a large file, in 40 hexadecimal digits.
    pub const LARGE_FILE_SHA1: &str = "large_file_sha1";
    /// Becomes `Content-Disposition` of downloads.
    pub const CONTENT_DISPOSITION: &str = "b2-content-disposition";
    /// Becomes `Content-Language` of downloads.
    pub const CONTENT_LANGUAGE: &str = "b2-content-language";
    /// Becomes `Content-Encoding` of downloads.
    pub const CONTENT_ENCODING: &str = "b2-content-encoding";
    /// Becomes `Cache-Control` of downloads.
    pub const CACHE_CONTROL: &str = "b2-cache-control";
    /// Becomes `Expires` of downloads.
    pub const EXPIRES: &str = "b2-expires";

    /// No pairs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pair, replacing the one of that name. The name is put in lower case, as it would
    /// come back.
    ///
    /// # Errors
    ///
    /// When the name is empty or has a character that no header name can have.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Result<Self, InvalidFileInfo> {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(InvalidFileInfo::Name(name.to_owned()));
        }
        self.0.insert(name.to_ascii_lowercase(), value.into());
        Ok(self)
    }

    /// The value of a name, in any letter case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// The pairs by name, as JSON carries them.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The pairs by name, as JSON carries them.
    pub fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }

    /// The pairs as header names in lower case and percent-encoded values.
    pub fn headers(&self) -> impl Iterator<Item = (String, String)> {
        let header = |(name, value): (&String, &String)| {
            (format!("{INFO_PREFIX}{name}"), encoding::encode(value).into_owned())
        };
        self.0.iter().map(header)
    }

    /// Reads the pairs out of the headers of a download or an upload. Other headers are skipped; a
    /// value that cannot be decoded is kept as it is, for whoever stored it may not have encoded
    /// it.
    pub fn from_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let pairs = headers.into_iter().filter_map(|(header, value)| {
            let name = info_name(header)?;
            Some((name, encoding::decode(value).unwrap_or_else(|_| value.to_owned())))
        });
        Self(pairs.collect())
    }

    /// How many bytes file name and pairs count against the limit of headers.
    ///
    /// The sum of the names and of the encoded values, without separators. How exactly the
    /// service counts is unconfirmed.
    pub fn header_bytes(&self, file_name: &FileName) -> usize {
        let pairs: usize = self.headers().map(|(name, value)| name.len() + value.len()).sum();
        crate::header::FILE_NAME.len() + file_name.encoded().len() + pairs
    }

    /// Checks number and size against the limits.
    ///
    /// `limit` is [`MAX_HEADER_BYTES`](Self::MAX_HEADER_BYTES) or
    /// [`MAX_HEADER_BYTES_ENCRYPTED`](Self::MAX_HEADER_BYTES_ENCRYPTED).
    ///
    /// # Errors
    ///
    /// When there are too many pairs, or they are too large together with the name.
    pub fn check(&self, file_name: &FileName, limit: usize) -> Result<(), InvalidFileInfo> {
        if self.0.len() > Self::MAX_ENTRIES {
            return Err(InvalidFileInfo::TooMany(self.0.len()));
        }
        let bytes = self.header_bytes(file_name);
        if bytes > limit { Err(InvalidFileInfo::TooLarge { bytes, limit }) } else { Ok(()) }
    }
}

/// The name in a header of file info, in lower case.
fn info_name(header: &str) -> Option<String> {
    let header = header.to_ascii_lowercase();
    header.strip_prefix(INFO_PREFIX).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The characters of an HTTP token.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^~`|".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tokens_in_lower_case() {
        let info = FileInfo::new().with("Author", "M. & Söhne").unwrap();
        assert_eq!(info.get("AUTHOR"), Some("M. & Söhne"));
        assert_eq!(info.as_map().keys().collect::<Vec<_>>(), ["author"]);
        for bad in ["", "a b", "a:b", "ä", "a/b"] {
            let error = FileInfo::new().with(bad, "").unwrap_err();
            assert_eq!(error, InvalidFileInfo::Name(bad.to_owned()));
        }
    }

    #[test]
    fn headers_round_trip() {
        let info = FileInfo::new()
            .with(FileInfo::SRC_LAST_MODIFIED_MILLIS, "1795330000123")
            .and_then(|info| info.with(FileInfo::CACHE_CONTROL, "public, max-age=300"))
            .unwrap();
        let headers: Vec<_> = info.headers().collect();
        assert_eq!(headers[0].0, "x-bz-info-b2-cache-control");
        assert_eq!(headers[0].1, "public%2C%20max-age=300");
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        assert_eq!(FileInfo::from_headers(pairs), info);
    }

    #[test]
    fn foreign_headers_are_read_with_patience() {
        let headers =
            [("Content-Type", "text/plain"), ("X-Bz-Info-Odd", "100%"), ("X-Bz-Info-", "x")];
        let info = FileInfo::from_headers(headers);
        assert_eq!(info, FileInfo::new().with("odd", "100%").unwrap());
    }

    #[test]
    fn limits_count_names_and_encoded_values() {
        let name = FileName::new("a b").unwrap();
        let info = FileInfo::new().with("k", "é").unwrap();
        let bytes = "x-bz-file-name".len() + "a%20b".len() + "x-bz-info-k".len() + "%C3%A9".len();
        assert_eq!(info.header_bytes(&name), bytes);
        assert_eq!(info.check(&name, bytes), Ok(()));
        let limit = bytes - 1;
        assert_eq!(info.check(&name, limit), Err(InvalidFileInfo::TooLarge { bytes, limit }));
        let many = (0..11).try_fold(FileInfo::new(), |info, n| info.with(&format!("k{n}"), ""));
        let error = many.unwrap().check(&name, FileInfo::MAX_HEADER_BYTES);
        assert_eq!(error, Err(InvalidFileInfo::TooMany(11)));
    }
}
