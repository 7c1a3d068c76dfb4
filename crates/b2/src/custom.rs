//! Requests that no typed call covers.

use b2_core::CustomCall;
use b2_core::custom::{CustomAnswer, CustomRequest};

use crate::client::Client;
use crate::run::Run;

impl Client {
    /// Makes any request to the API host with the account's token; gives head
    /// and body of the answer as they came. Typed calls are safer: see
    /// [`call`](Self::call).
    ///
    /// # Errors
    ///
    /// - [`Error::Request`](crate::Error::Request): the operation is neither
    ///   the name of a call nor a path; nothing was sent.
    /// - [`Error::Api`](crate::Error::Api): B2 refused.
    /// - [`Error::Unconfirmed`](crate::Error::Unconfirmed): the answer to a
    ///   request that [may not be repeated](CustomRequest::with_repeat) was
    ///   lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cuts the request; it may have taken effect.
    #[cfg_attr(
        feature = "document",
        doc = r#"
The answer is a document; [`document`](crate::document) finds its way through it:

```
# use b2::{BucketType, Client, Credentials, CustomRequest};
use b2::document::Document;
# #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
# let emulator = b2_emulator::Emulator::start().await?;
# let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
# let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
# client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
let account = client.authorize().await?.account_id.clone();
let request = CustomRequest::get("b2_list_buckets").with_query("accountId", account.as_str());
let answer = client.custom(request).await?;
let document = Document::from_json(&answer.body)?;
assert_eq!(document.find("/json/buckets/[1]/bucketName")?.text(), "example-bucket");
# Ok(()) }
```
"#
    )]
    pub fn custom(&self, request: CustomRequest) -> Run<CustomCall, CustomAnswer> {
        Run::new(&self.context, CustomCall::new(request))
    }
}
