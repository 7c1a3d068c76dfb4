//! Large files that nobody finished: their parts are billed until cancelled.

use b2_core::call::Call;
use b2_core::{Pager, endpoint};
use b2_proto::{CancelLargeFileResponse, LargeFileId, ListUnfinishedLargeFilesRequest};

use crate::bucket::Bucket;
use crate::client::Client;
use crate::list::Listing;
use crate::run::Run;

impl Bucket {
    /// Lists the unfinished large files by id, 100 rows a page, each page one
    /// transaction of class C. The capability is `listFiles`; a key that is
    /// restricted to a prefix sees those below it.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with status 401: the key lacks
    /// `listFiles`, or is restricted to other buckets;
    /// [`Error::advice`](crate::Error::advice) says which.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// let mut unfinished = bucket.unfinished();
    /// while let Some(file) = unfinished.next().await {
    ///     let Some(id) = file?.file_id else { continue };
    ///     client.cancel_unfinished(id.into()).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn unfinished(&self) -> Listing<endpoint::ListUnfinishedLargeFiles> {
        Listing::new(self.context(), Ok(Pager::new(self.request_for_unfinished())))
    }

    /// As [`unfinished`](Self::unfinished), of files whose names begin so.
    pub fn unfinished_under(&self, prefix: &str) -> Listing<endpoint::ListUnfinishedLargeFiles> {
        let request = self.request_for_unfinished().with_name_prefix(prefix.to_owned());
        Listing::new(self.context(), Ok(Pager::new(request)))
    }

    fn request_for_unfinished(&self) -> ListUnfinishedLargeFilesRequest {
        ListUnfinishedLargeFilesRequest::new(self.id().clone()).with_max_file_count(100)
    }
}

impl Client {
    /// Lists the parts of an unfinished large file by number, 1,000 rows a
    /// page, each page one transaction of class C. The capability is
    /// `writeFiles`.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with `bad_request`: no large file of
    /// this id is unfinished; it may have been finished or cancelled.
    pub fn parts(&self, id: LargeFileId) -> Listing<endpoint::ListParts> {
        self.large_file(id).parts()
    }

    /// Gives up an unfinished large file and removes its parts; an upload
    /// that still runs fails. The capability is `writeFiles`.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with `bad_request`: no large file of
    /// this id is unfinished; it may have been finished or cancelled.
    pub fn cancel_unfinished(
        &self,
        id: LargeFileId,
    ) -> Run<Call<endpoint::CancelLargeFile>, CancelLargeFileResponse> {
        self.large_file(id).cancel()
    }
}
