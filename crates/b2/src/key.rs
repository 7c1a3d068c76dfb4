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
    /// Restricts the key to these buckets; default: all.
    pub fn with_buckets(mut self, buckets: Vec<BucketId>) -> Self {
        self.request.bucket_ids = Some(buckets);
        self
    }

    /// Restricts the key to files whose names begin so. Needs buckets.
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
    /// [`RequestError::OutOfRange`](crate::RequestError::OutOfRange) for a
    /// duration outside the range; nothing is sent then.
    pub fn run(self) -> Run<Call<endpoint::CreateKey>, CreateKeyResponse> {
        Run::new(&self.context, Ok(Call::new(self.request)))
    }
}
