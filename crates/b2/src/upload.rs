//! Uploading one file.

use std::future::IntoFuture;
use std::sync::Arc;

use b2_core::SmallUpload;
use b2_core::error::{Error, RequestError};
use b2_core::port::{BlockingTransport, BoxFuture};
use b2_core::upload::{UploadHeaders, Uploaded};
use b2_proto::{BucketId, FileName, InvalidFileInfo};

use crate::drive::{Context, Ends};
use crate::run::{Handle, Run};
use crate::source::Source;

/// An upload to be configured and then awaited, started, run or taken apart.
///
/// Memory: about 1 MiB, whatever the size of the file. The source is read
/// once, hashed while it is sent, and read again only if an attempt fails.
/// At present a file is at most 5,000,000,000 bytes long.
///
/// # Errors
///
/// - [`Error::Request`]: the name, the length or the file information breaks
///   B2's rules; nothing was sent.
/// - [`Error::Local`]: the source could not be read.
/// - [`Error::Api`]: B2 refused; [`Error::advice`] says what helps.
/// - [`Error::Exhausted`], [`Error::Transport`]: try again later.
/// - [`Error::Unconfirmed`]: the answer was lost and the file could not be
///   looked for; it may be there.
///
/// # Cancel safety
///
/// Dropping the future cuts the request; B2 stores only complete uploads.
#[derive(Debug)]
#[must_use = "nothing is sent before it is awaited, started or run"]
pub struct Upload {
    context: Arc<Context>,
    bucket: BucketId,
    headers: Result<UploadHeaders, Error>,
    source: Source,
}

impl Upload {
    pub(crate) fn new(
        context: &Arc<Context>,
        bucket: BucketId,
        name: Result<FileName, Error>,
        source: Source,
    ) -> Self {
        let modified_ms = source.modified_ms();
        let headers = name.map(UploadHeaders::new);
        let upload = Self { context: Arc::clone(context), bucket, headers, source };
        match modified_ms {
            Some(ms) => upload.with_last_modified_ms(ms),
            None => upload,
        }
    }

    fn map(mut self, change: impl FnOnce(UploadHeaders) -> UploadHeaders) -> Self {
        self.headers = self.headers.map(change);
        self
    }

    fn try_map(
        mut self,
        change: impl FnOnce(UploadHeaders) -> Result<UploadHeaders, InvalidFileInfo>,
    ) -> Self {
        self.headers = self.headers.and_then(|headers| {
            change(headers).map_err(|rule| Error::Request {
                operation: "b2_upload_file",
                source: Box::new(RequestError::FileInfo(rule)),
            })
        });
        self
    }

    /// The content type to store; default: B2 chooses by the extension.
    pub fn with_content_type(self, content_type: &str) -> Self {
        self.map(|headers| headers.with_content_type(content_type))
    }

    /// Adds one entry of file information; at most 10 in all.
    pub fn with_file_info(self, name: &str, value: &str) -> Self {
        self.try_map(|headers| headers.with_file_info(name, value))
    }

    /// When the source was last changed, in ms since 1970; default: what the
    /// file system says, nothing for other sources.
    pub fn with_last_modified_ms(self, ms: i64) -> Self {
        self.try_map(|headers| headers.with_last_modified_ms(ms))
    }

    /// The upload time to store, in ms since 1970; the account has to be
    /// enabled for it.
    pub fn with_custom_upload_timestamp(self, ms: i64) -> Self {
        self.map(|headers| headers.with_custom_upload_timestamp(ms))
    }

    fn into_run(self) -> Run<SmallUpload, Uploaded> {
        let (bucket, len) = (self.bucket, self.source.len());
        let operation = self.headers.and_then(|headers| SmallUpload::new(bucket, headers, len));
        let ends = Ends { source: Some(self.source.into_bytes()), ..Ends::default() };
        ends.meter.set_total(len);
        Run::new(&self.context, operation).with_ends(ends).then(|uploaded, ends| {
            ends.meter.acknowledged(uploaded.file.content_length);
            Ok(uploaded)
        })
    }

    /// Uploads in the background.
    pub fn start(self) -> Handle<Uploaded> {
        self.into_run().start()
    }

    /// Uploads on this thread.
    ///
    /// # Errors
    ///
    /// As the [type](Self) says.
    pub fn run_blocking(self, transport: &dyn BlockingTransport) -> Result<Uploaded, Error> {
        self.into_run().run_blocking(transport)
    }

    /// The protocol machine, to be driven by your own loop.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] as the [type](Self) says.
    pub fn into_operation(self) -> Result<SmallUpload, Error> {
        self.into_run().into_operation()
    }
}

impl IntoFuture for Upload {
    type Output = Result<Uploaded, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.into_run().into_future()
    }
}
