//! Files reached without their bucket: by two names, or by an id.
//!
//! Whoever needs a [`Bucket`](crate::Bucket) asks for its id first, which
//! costs a call and may need `listBuckets`. None of these needs the id, so
//! keys that may only read, or only delete, can do that.

use b2_core::call::Call;
use b2_core::download::{FileHeaders, Object};
use b2_core::endpoint::{self, Endpoint};
use b2_core::error::{Error, RequestError};
use b2_proto::{
    AccountId, Bucket as BucketInfo, DeleteFileVersionRequest, DeleteFileVersionResponse, FileId,
    FileVersion, GetFileInfoRequest, ListBucketsRequest,
};

use crate::bucket::file_name;
use crate::client::{Client, bucket_name};
use crate::download::Download;
use crate::run::Run;

/// B2's name of a download by name.
const BY_NAME: &str = "b2_download_file_by_name";

impl Client {
    /// Downloads the newest version of a file without looking for its bucket
    /// first. The capability is `readFiles`, unless the bucket is public.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// bucket.upload("notes/hello.txt", "hello").await?;
    ///
    /// let download = client.download("example-bucket", "notes/hello.txt");
    /// assert_eq!(download.to_bytes().await?.content, "hello");
    /// let headers = client.head("example-bucket", "notes/hello.txt").await?;
    /// assert_eq!(client.file_info(headers.file_id).await?.content_length, 5);
    /// # Ok(()) }
    /// ```
    pub fn download(&self, bucket: &str, name: &str) -> Download {
        Download::new(&self.context, object(bucket, name))
    }

    /// Downloads one version by its id. The capability is `readFiles`.
    pub fn download_version(&self, id: FileId) -> Download {
        Download::new(&self.context, Ok(Object::Id(id)))
    }

    /// What B2 says about the newest version of a file, from the headers of a
    /// download. The capability is `readFiles`, unless the bucket is public.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with `not_found` if there is no such file or it is
    /// hidden. For any other refusal the code is unknown: an answer that is
    /// only a head carries none.
    pub fn head(&self, bucket: &str, name: &str) -> Run<b2_core::Download, FileHeaders> {
        let operation = object(bucket, name).map(b2_core::Download::headers_only);
        Run::new(&self.context, operation).then(|downloaded, _| Ok(downloaded.headers))
    }

    /// What B2 says about one version. The capability is `readFiles`.
    pub fn file_info(&self, id: FileId) -> Run<Call<endpoint::GetFileInfo>, FileVersion> {
        Run::new(&self.context, Ok(Call::new(GetFileInfoRequest::new(id))))
    }

    /// Deletes one version of a file; the next older one appears. The
    /// capability is `deleteFiles`.
    pub fn delete_version(
        &self,
        name: &str,
        id: FileId,
    ) -> Run<Call<endpoint::DeleteFileVersion>, DeleteFileVersionResponse> {
        let request = DeleteFileVersionRequest::new(id, name.to_owned());
        Run::new(&self.context, Ok(Call::new(request)))
    }

    /// What B2 says about one bucket. The capability is `listBuckets`; keys
    /// that are restricted to buckets may ask for theirs.
    ///
    /// # Errors
    ///
    /// [`RequestError::NoSuchBucket`] if the account has none of this name.
    pub fn bucket_info(&self, name: &str) -> Run<Call<endpoint::ListBuckets>, BucketInfo> {
        let operation = bucket_name(endpoint::ListBuckets::NAME, name).map(|name| {
            let everywhere = ListBucketsRequest::new(AccountId::from(""));
            Call::new(everywhere.with_bucket_name(name.to_string()))
        });
        let run: Run<Call<endpoint::ListBuckets>> = Run::new(&self.context, operation);
        let wanted = Box::<str>::from(name);
        run.then(|answer, _| {
            answer.buckets.into_iter().find(|bucket| *bucket.bucket_name == *wanted).ok_or_else(
                || Error::Request {
                    operation: endpoint::ListBuckets::NAME,
                    source: Box::new(RequestError::NoSuchBucket {
                        name: wanted,
                        restriction: None,
                    }),
                },
            )
        })
    }
}

fn object(bucket: &str, name: &str) -> Result<Object, Error> {
    let bucket = bucket_name(BY_NAME, bucket)?;
    let file = file_name(BY_NAME, name)?;
    Ok(Object::Name { bucket, file })
}
