//! Making application keys that may less than everything.

use std::sync::Arc;

use b2_core::call::Call;
use b2_core::endpoint;
use b2_proto::{AccountId, BucketId, Capability, CreateKeyRequest, CreateKeyResponse};

use crate::client::Client;
use crate::drive::Context;
use crate::run::Run;

impl Client {
    /// An application key to be configured. The capability is `writeKeys`.
    ///
    /// `name` is a remark for people, 1 to 100 letters, digits and `-`; it
    /// need not be unique.
    ///
    /// ```
    /// # use b2::{BucketType, Capability, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// let key = client
    ///     .new_key("reader-of-logs", vec![Capability::ListFiles, Capability::ReadFiles])
    ///     .with_buckets(vec![bucket.id().clone()])
    ///     .with_prefix("logs/")
    ///     .with_duration_seconds(7 * 86_400)
    ///     .run()
    ///     .await?;
    /// let reader = Credentials::new(key.application_key_id, key.application_key);
    /// # let reader = Client::builder(reader).with_realm(&emulator.base_url()).build()?;
    /// # assert_eq!(reader.authorize().await?.name_prefix.as_deref(), Some("logs/"));
    /// # Ok(()) }
    /// ```
    pub fn new_key(&self, name: &str, capabilities: Vec<Capability>) -> NewKey {
        let request = CreateKeyRequest::new(AccountId::from(""), capabilities, name.to_owned());
        NewKey { context: Arc::clone(&self.context), request }
    }
}

/// An application key to be made; [`run`](Self::run) makes it.
#[derive(Clone, Debug)]
#[must_use = "call `run` to make the key"]
pub struct NewKey {
    context: Arc<Context>,
    request: CreateKeyRequest,
}

impl NewKey {
    /// Restricts the key to these buckets, at least one; default: all. Such a
    /// key cannot have the capabilities that concern the whole account:
    /// `listKeys`, `writeKeys`, `deleteKeys`, `writeBuckets` and
    /// `deleteBuckets`.
    pub fn with_buckets(mut self, buckets: Vec<BucketId>) -> Self {
        self.request.bucket_ids = Some(buckets);
        self
    }

    /// Restricts the key to files whose names begin so.
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.request.name_prefix = Some(prefix.to_owned());
        self
    }

    /// Lets the key expire after this many seconds, 1 to 86,400,000 (1,000
    /// days); default: never.
    pub fn with_duration_seconds(mut self, seconds: u32) -> Self {
        self.request.valid_duration_in_seconds = Some(seconds);
        self
    }

    /// Makes the key; its secret is shown only in this answer.
    ///
    /// # Errors
    ///
    /// - [`Error::Request`](crate::Error::Request) with
    ///   [`OutOfRange`](crate::RequestError::OutOfRange) for a duration
    ///   outside the range: correct it; nothing was sent.
    /// - [`Error::Api`](crate::Error::Api) with `bad_request` if the name, a
    ///   capability or a combination is not allowed; B2's words say which.
    /// - [`Error::Unconfirmed`](crate::Error::Unconfirmed) if the answer was
    ///   lost: look with [`keys`](Client::keys) whether there is a key of this
    ///   name, delete it and make another, as its secret is lost.
    pub fn run(self) -> Run<Call<endpoint::CreateKey>, CreateKeyResponse> {
        Run::new(&self.context, Ok(Call::new(self.request)))
    }
}
