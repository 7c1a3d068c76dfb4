//! Copies made inside B2: no byte passes through this machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use b2_core::call::Call;
use b2_core::endpoint;
use b2_proto::{
    ByteRange, CopyFileRequest, EncryptionRequest, FileId, FileVersion, MetadataDirective,
};

use crate::bucket::{Bucket, file_name};
use crate::drive::Context;
use crate::run::Run;

impl Bucket {
    /// Copies the version `source` of any bucket of the account to `name` in
    /// this one, up to 5 GB. The capabilities are `writeFiles`, and
    /// `readFiles` for the source.
    ///
    /// # Errors
    ///
    /// [`Error::Unconfirmed`](crate::Error::Unconfirmed) if the answer is
    /// lost: look with [`versions`](Self::versions) whether the copy is there.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// bucket.upload("a.txt", "hello").await?;
    /// let source = bucket.head("a.txt").await?.file_id;
    /// let copy = bucket.copy(source, "b.txt").run().await?;
    /// assert_eq!(copy.content_length, 5);
    /// # Ok(()) }
    /// ```
    pub fn copy(&self, source: FileId, name: &str) -> CopyFile {
        let request = CopyFileRequest::new(name.to_owned(), source)
            .with_destination_bucket_id(self.id().clone());
        CopyFile { context: Arc::clone(self.context()), request }
    }
}

/// A copy to be configured; [`run`](Self::run) makes it.
#[derive(Clone, Debug)]
#[must_use = "call `run` to make the copy"]
pub struct CopyFile {
    context: Arc<Context>,
    request: CopyFileRequest,
}

impl CopyFile {
    /// Copies these bytes only; default: all.
    pub fn with_range(mut self, range: ByteRange) -> Self {
        self.request = self.request.with_range(range);
        self
    }

    /// Gives the copy a content type and file information of its own, in
    /// place of all that the source has; default: those of the source.
    pub fn with_metadata(mut self, content_type: &str, info: BTreeMap<String, String>) -> Self {
        self.request = self
            .request
            .with_metadata_directive(MetadataDirective::Replace)
            .with_content_type(content_type.to_owned())
            .with_file_info(info);
        self
    }

    /// How the copy is encrypted; default: as the bucket says.
    pub fn with_encryption(mut self, encryption: EncryptionRequest) -> Self {
        self.request = self.request.with_destination_server_side_encryption(encryption);
        self
    }

    /// The key of a source that is under SSE-C.
    pub fn with_source_encryption(mut self, encryption: EncryptionRequest) -> Self {
        self.request = self.request.with_source_server_side_encryption(encryption);
        self
    }

    /// Makes the copy.
    pub fn run(self) -> Run<Call<endpoint::CopyFile>, FileVersion> {
        let name = file_name("b2_copy_file", &self.request.file_name);
        let request = self.request;
        Run::new(&self.context, name.map(|_| Call::new(request)))
    }
}
