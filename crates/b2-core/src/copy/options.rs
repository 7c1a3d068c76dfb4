//! Choices about a copy.

use std::collections::BTreeMap;

use b2_proto::{
    BucketId, ByteRange, CopyFileRequest, CustomerKey, EncryptionRequest, FileId, FileName,
    FileRetention, LegalHold, MetadataDirective,
};

use crate::upload::{LargeOptions, UploadHeaders};

/// What is copied, where to, and as what.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CopyOptions {
    pub(crate) bucket: Option<BucketId>,
    pub(crate) range: Option<ByteRange>,
    pub(crate) metadata: Option<(Box<str>, BTreeMap<String, String>)>,
    pub(crate) changed_info: BTreeMap<String, String>,
    pub(crate) encryption: Option<EncryptionRequest>,
    pub(crate) source_encryption: Option<EncryptionRequest>,
    pub(crate) retention: Option<FileRetention>,
    pub(crate) legal_hold: Option<LegalHold>,
    pub(crate) simple_limit: Option<u64>,
    pub(crate) large: LargeOptions,
}

impl CopyOptions {
    /// The bucket to copy to; default: that of the source.
    #[must_use]
    pub fn with_bucket(mut self, bucket: BucketId) -> Self {
        self.bucket = Some(bucket);
        self
    }

    /// Copies these bytes only; default: all.
    #[must_use]
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }

    /// A content type and file information of the copy's own, in place of all
    /// that the source has; default: those of the source.
    #[must_use]
    pub fn with_metadata(mut self, content_type: &str, info: BTreeMap<String, String>) -> Self {
        // As B2 stores them.
        let info = info.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        self.metadata = Some((content_type.into(), info.collect()));
        self
    }

    /// Gives one entry of the file information another value, or adds it; all
    /// the others, and the content type, stay what they are.
    #[must_use]
    pub fn with_changed_info(mut self, name: &str, value: &str) -> Self {
        self.changed_info.insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// How B2 encrypts the copy; default: as its bucket says.
    #[must_use]
    pub fn with_encryption(mut self, encryption: EncryptionRequest) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// The key of a source that is under SSE-C.
    #[must_use]
    pub fn with_source_encryption(mut self, encryption: EncryptionRequest) -> Self {
        self.source_encryption = Some(encryption);
        self
    }

    /// How long the copy must be kept; default: as its bucket says.
    #[must_use]
    pub fn with_retention(mut self, retention: FileRetention) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Whether the copy is held until the hold is lifted.
    #[must_use]
    pub fn with_legal_hold(mut self, hold: LegalHold) -> Self {
        self.legal_hold = Some(hold);
        self
    }

    /// Longest file in bytes that is copied in one request; default and
    /// maximum: [`SIMPLE_COPY_LIMIT`](super::SIMPLE_COPY_LIMIT).
    #[must_use]
    pub fn with_simple_limit(mut self, bytes: u64) -> Self {
        self.simple_limit = Some(bytes);
        self
    }

    /// How a longer one is copied: part size, parts at a time, resumption.
    /// Its digest of the whole is that of the source, if it has one.
    #[must_use]
    pub fn with_large(mut self, options: LargeOptions) -> Self {
        self.large = options;
        self
    }

    /// The byte of the source with which the copy begins.
    #[must_use]
    pub fn first_byte(&self) -> u64 {
        self.range.and_then(ByteRange::first).unwrap_or(0)
    }

    /// The customer's key with which B2 encrypts the copy, if it is one.
    #[must_use]
    pub fn customer_key(&self) -> Option<&CustomerKey> {
        self.encryption.as_ref()?.customer_key.as_ref()
    }

    /// How a longer one is copied.
    #[must_use]
    pub fn large(&self) -> &LargeOptions {
        &self.large
    }

    pub(super) fn request(
        &self,
        name: &FileName,
        source: &FileId,
        metadata: Option<(Box<str>, BTreeMap<String, String>)>,
    ) -> CopyFileRequest {
        let mut request = CopyFileRequest::new(name.to_string(), source.clone());
        request.destination_bucket_id.clone_from(&self.bucket);
        request.range = self.range;
        request.destination_server_side_encryption.clone_from(&self.encryption);
        request.source_server_side_encryption.clone_from(&self.source_encryption);
        request.file_retention.clone_from(&self.retention);
        request.legal_hold.clone_from(&self.legal_hold);
        match metadata {
            Some((content_type, info)) => request
                .with_metadata_directive(MetadataDirective::Replace)
                .with_content_type(content_type.into())
                .with_file_info(info),
            None => request,
        }
    }

    pub(super) fn complete(&self, mut headers: UploadHeaders) -> UploadHeaders {
        if let Some(encryption) = &self.encryption {
            headers = headers.with_encryption(encryption.clone());
        }
        if let Some(retention) = &self.retention {
            headers = headers.with_retention(retention.clone());
        }
        match &self.legal_hold {
            Some(hold) => headers.with_legal_hold(hold.clone()),
            None => headers,
        }
    }
}
