//! What is said about a file when it is uploaded.

use b2_proto::{FileInfo, FileName, InvalidFileInfo, header};

use crate::error::{Error, RequestError};
use crate::request::RequestBuilder;

/// Name, type and information of a file to upload.
///
/// ```
/// use b2_core::upload::UploadHeaders;
/// use b2_proto::FileName;
///
/// let headers = UploadHeaders::new(FileName::new("notes/hello there.txt")?)
///     .with_content_type("text/plain")
///     .with_last_modified_ms(1_763_700_000_000)?;
/// assert_eq!(headers.file_info().get("src_last_modified_millis"), Some("1763700000000"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UploadHeaders {
    file_name: FileName,
    content_type: Box<str>,
    file_info: FileInfo,
    custom_upload_timestamp: Option<i64>,
}

impl UploadHeaders {
    /// A file of this name, whose content type B2 chooses by its extension.
    #[must_use]
    pub fn new(file_name: FileName) -> Self {
        Self {
            file_name,
            content_type: header::CONTENT_TYPE_AUTO.into(),
            file_info: FileInfo::new(),
            custom_upload_timestamp: None,
        }
    }

    /// The content type to store.
    #[must_use]
    pub fn with_content_type(mut self, content_type: &str) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Adds one entry of file information; at most 10 in all. Names are
    /// stored in lower case.
    ///
    /// # Errors
    ///
    /// If the name has a character that no header name can have.
    pub fn with_file_info(mut self, name: &str, value: &str) -> Result<Self, InvalidFileInfo> {
        self.file_info = self.file_info.with(name, value)?;
        Ok(self)
    }

    /// When the source was last changed, in ms since 1970, stored as
    /// `src_last_modified_millis`.
    ///
    /// # Errors
    ///
    /// None at present; the signature is that of
    /// [`with_file_info`](Self::with_file_info).
    pub fn with_last_modified_ms(self, ms: i64) -> Result<Self, InvalidFileInfo> {
        self.with_file_info(FileInfo::SRC_LAST_MODIFIED_MILLIS, &ms.to_string())
    }

    /// The upload time to store instead of B2's own, in ms since 1970. The
    /// account has to be enabled for it.
    #[must_use]
    pub fn with_custom_upload_timestamp(mut self, ms: i64) -> Self {
        self.custom_upload_timestamp = Some(ms);
        self
    }

    /// The file's name.
    #[must_use]
    pub fn file_name(&self) -> &FileName {
        &self.file_name
    }

    /// The file information.
    #[must_use]
    pub fn file_info(&self) -> &FileInfo {
        &self.file_info
    }

    /// The content type; `b2/x-auto` lets B2 choose.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    pub(crate) fn custom_upload_timestamp(&self) -> Option<i64> {
        self.custom_upload_timestamp
    }

    /// Headers that each part of a large file needs beside its own.
    pub(crate) fn part_headers(&self) -> Vec<(&'static str, Box<str>)> {
        Vec::new()
    }

    /// Checks B2's rules before anything is sent.
    pub(crate) fn check(&self, operation: &'static str) -> Result<(), Error> {
        // B2 allows less for encrypted files; it knows best which those are.
        let checked = self.file_info.check(&self.file_name, FileInfo::MAX_HEADER_BYTES);
        checked.map_err(|rule| Error::Request {
            operation,
            source: Box::new(RequestError::FileInfo(rule)),
        })
    }

    pub(crate) fn apply(&self, mut builder: RequestBuilder) -> Result<RequestBuilder, Error> {
        builder = builder
            .header(header::FILE_NAME, self.file_name.encoded())?
            .header(http::header::CONTENT_TYPE.as_str(), &self.content_type)?;
        for (name, value) in self.file_info.headers() {
            builder = builder.header(&name, &value)?;
        }
        match self.custom_upload_timestamp {
            Some(ms) => builder.header(header::CUSTOM_UPLOAD_TIMESTAMP, &ms.to_string()),
            None => Ok(builder),
        }
    }
}
