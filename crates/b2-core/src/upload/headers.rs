//! What is said about a file when it is uploaded.

use b2_proto::{
    BucketId, Capability, CustomerKey, EncryptionRequest, FileInfo, FileName, FileRetention,
    InvalidFileInfo, LegalHold, header,
};

use crate::account::Session;
use crate::encryption;
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
    encryption: Option<EncryptionRequest>,
    retention: Option<FileRetention>,
    legal_hold: Option<LegalHold>,
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
            encryption: None,
            retention: None,
            legal_hold: None,
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

    /// How B2 encrypts the file; default: as the bucket says. With a key of
    /// the customer's own (SSE-C) every later download needs that key.
    #[must_use]
    pub fn with_encryption(mut self, encryption: EncryptionRequest) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// How long the version must be kept; default: as the bucket says. The
    /// bucket must have file lock, the key `writeFileRetentions`.
    #[must_use]
    pub fn with_retention(mut self, retention: FileRetention) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Whether the version is held until the hold is lifted. The bucket must
    /// have file lock, the key `writeFileLegalHolds`.
    #[must_use]
    pub fn with_legal_hold(mut self, hold: LegalHold) -> Self {
        self.legal_hold = Some(hold);
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

    /// How B2 encrypts the file; `None`: as the bucket says.
    #[must_use]
    pub fn encryption(&self) -> Option<&EncryptionRequest> {
        self.encryption.as_ref()
    }

    pub(crate) fn retention(&self) -> Option<&FileRetention> {
        self.retention.as_ref()
    }

    pub(crate) fn legal_hold(&self) -> Option<&LegalHold> {
        self.legal_hold.as_ref()
    }

    /// The customer's own key, if B2 encrypts with one: each part of a large
    /// file, and whoever reads it, needs it again.
    #[must_use]
    pub fn customer_key(&self) -> Option<&CustomerKey> {
        self.encryption.as_ref()?.customer_key.as_ref()
    }

    /// The capability that the file lock needs and the key lacks.
    fn lacking(&self, session: &Session) -> Option<Capability> {
        let needed = [
            self.retention.as_ref().map(|_| Capability::WriteFileRetentions),
            self.legal_hold.as_ref().map(|_| Capability::WriteFileLegalHolds),
        ];
        needed.into_iter().flatten().find(|capability| !session.can(capability))
    }

    /// Whether the key may store such a file in a bucket. B2 would refuse it
    /// too late, and in the words that mean a worn-out upload URL.
    pub(crate) fn allowed(&self, session: &Session, bucket: &BucketId) -> Result<(), RequestError> {
        let writes = Some(Capability::WriteFiles).filter(|writes| !session.can(writes));
        if let Some(lacking) = writes.or_else(|| self.lacking(session)) {
            return Err(RequestError::Lacking(lacking));
        }
        let Some(restriction) = session.restriction() else { return Ok(()) };
        if !session.reaches(bucket) {
            return Err(RequestError::OutsideBuckets { bucket_id: bucket.clone(), restriction });
        }
        let name = self.file_name.as_str();
        match session.covers(name) {
            true => Ok(()),
            false => Err(RequestError::OutsideRestriction { name: name.into(), restriction }),
        }
    }

    /// Checks B2's rules before anything is sent.
    pub(crate) fn check(&self, operation: &'static str) -> Result<(), Error> {
        self.checked().map_err(|rule| Error::Request { operation, source: Box::new(rule) })
    }

    fn checked(&self) -> Result<(), RequestError> {
        if let Some(encryption) = &self.encryption {
            encryption::upload_headers(encryption, &mut http::HeaderMap::new())?;
        }
        if let Some(retention) = &self.retention
            && retention.mode.is_some() != retention.retain_until_timestamp.is_some()
        {
            return Err(RequestError::Contradiction(
                "a retention needs both a mode and the time until which it holds",
            ));
        }
        // B2 allows less for encrypted files; where the bucket's default
        // decides, only B2 knows which those are.
        let encrypted =
            self.encryption.as_ref().is_some_and(|encryption| encryption.mode.is_some());
        let limit = if encrypted {
            FileInfo::MAX_HEADER_BYTES_ENCRYPTED
        } else {
            FileInfo::MAX_HEADER_BYTES
        };
        Ok(self.file_info.check(&self.file_name, limit)?)
    }

    pub(crate) fn apply(&self, mut builder: RequestBuilder) -> Result<RequestBuilder, Error> {
        builder = builder
            .header(header::FILE_NAME, self.file_name.encoded())?
            .header(http::header::CONTENT_TYPE.as_str(), &self.content_type)?;
        for (name, value) in self.file_info.headers() {
            builder = builder.header(&name, &value)?;
        }
        if let Some(ms) = self.custom_upload_timestamp {
            builder = builder.header(header::CUSTOM_UPLOAD_TIMESTAMP, &ms.to_string())?;
        }
        if let Some(encryption) = &self.encryption {
            builder = builder.headers(|headers| encryption::upload_headers(encryption, headers))?;
        }
        self.apply_lock(builder)
    }

    fn apply_lock(&self, mut builder: RequestBuilder) -> Result<RequestBuilder, Error> {
        if let Some(FileRetention {
            mode: Some(mode), retain_until_timestamp: Some(until), ..
        }) = &self.retention
        {
            builder = builder
                .header(header::FILE_RETENTION_MODE, mode.as_str())?
                .header(header::FILE_RETENTION_RETAIN_UNTIL_TIMESTAMP, &until.to_string())?;
        }
        match &self.legal_hold {
            Some(hold) => builder.header(header::FILE_LEGAL_HOLD, hold.as_str()),
            None => Ok(builder),
        }
    }
}
