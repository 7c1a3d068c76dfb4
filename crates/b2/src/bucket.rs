//! One bucket and its files.

use std::fmt;
use std::sync::Arc;

use b2_core::call::Call;
use b2_core::download::Object;
use b2_core::endpoint::{self, Endpoint};
use b2_core::error::{Error, RequestError};
use b2_core::reconcile::Reconciled;
use b2_proto::{
    BucketId, BucketName, DeleteFileVersionRequest, DeleteFileVersionResponse, FileId, FileName,
    FileVersion, GetFileInfoRequest, HideFileRequest,
};

use crate::download::Download;
use crate::drive::Context;
use crate::list::{FileList, VersionList};
use crate::run::Run;
use crate::source::Source;
use crate::upload::Upload;

/// A bucket of an account.
///
/// Cheap to clone. Deleting the bucket makes later calls fail with
/// `bad_bucket_id`.
#[derive(Clone)]
pub struct Bucket {
    context: Arc<Context>,
    id: BucketId,
    name: BucketName,
}

impl Bucket {
    pub(crate) fn new(context: Arc<Context>, id: BucketId, name: BucketName) -> Self {
        Self { context, id, name }
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The bucket's id.
    #[must_use]
    pub fn id(&self) -> &BucketId {
        &self.id
    }

    /// The bucket's name.
    #[must_use]
    pub fn name(&self) -> &BucketName {
        &self.name
    }

    /// Uploads `source` as `name`. A file of that name gets a newer version.
    /// The capability is `writeFiles`.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// let uploaded = bucket.upload("notes/hello.txt", "hello world").await?;
    /// assert_eq!(uploaded.file.content_length, 11);
    /// let bytes = bucket.download("notes/hello.txt").to_bytes().await?;
    /// assert_eq!(bytes.content, "hello world");
    /// # Ok(()) }
    /// ```
    pub fn upload(&self, name: &str, source: impl Into<Source>) -> Upload {
        let name = file_name("b2_upload_file", name);
        Upload::new(&self.context, self.id.clone(), name, source.into())
    }

    /// Downloads the newest version of `name`. The capability is `readFiles`,
    /// unless the bucket is public.
    pub fn download(&self, name: &str) -> Download {
        Download::new(&self.context, self.object(name))
    }

    /// Downloads one version by its id, whichever bucket it is in.
    pub fn download_version(&self, id: FileId) -> Download {
        Download::new(&self.context, Ok(Object::Id(id)))
    }

    /// What B2 says about the newest version of `name`, from the headers of a
    /// download. The capability is `readFiles`, unless the bucket is public.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with status 404 if there is no such file or it is
    /// hidden.
    pub fn head(&self, name: &str) -> Run<b2_core::Download, b2_core::download::FileHeaders> {
        let operation = self.object(name).map(b2_core::Download::headers_only);
        Run::new(&self.context, operation).then(|downloaded, _| Ok(downloaded.headers))
    }

    /// What B2 says about one version. The capability is `readFiles`.
    pub fn file_info(&self, id: FileId) -> Run<Call<endpoint::GetFileInfo>, FileVersion> {
        Run::new(&self.context, Ok(Call::new(GetFileInfoRequest::new(id))))
    }

    /// Lists the visible files: the newest version of each name that is not
    /// hidden. The capability is `listFiles`.
    pub fn files(&self) -> FileList {
        FileList::new(&self.context, self.id.clone())
    }

    /// Lists every version of every file, hide markers and unfinished large
    /// files included. The capability is `listFiles`.
    pub fn versions(&self) -> VersionList {
        VersionList::new(&self.context, self.id.clone())
    }

    /// Hides a file: its versions stay, but it is not listed and not
    /// downloaded by name. Hiding a hidden file gives the marker that is
    /// there. The capability is `writeFiles`.
    pub fn hide(&self, name: &str) -> Run<Reconciled<endpoint::HideFile>, FileVersion> {
        let operation = file_name(endpoint::HideFile::NAME, name)
            .map(|name| Reconciled::new(HideFileRequest::new(self.id.clone(), name.to_string())));
        Run::new(&self.context, operation)
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

    /// Asks for a token that may download the files under a prefix by name,
    /// with [`DownloadAccess::with_token`](crate::DownloadAccess::with_token).
    /// `valid_for_seconds` is 1 to 604,800 (a week). The capability is
    /// `shareFiles`; a key that is restricted to a prefix shares names below
    /// it only. [`share`](Self::share) makes a link of it.
    ///
    /// # Errors
    ///
    /// - [`Error::Request`] with [`RequestError::OutOfRange`]: nothing is sent.
    /// - [`Error::Api`] with status 401: the key lacks `shareFiles`, or may
    ///   not read that prefix; [`Error::advice`] says which.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials, DownloadAccess};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// bucket.upload("public/notes.txt", "read me").await?;
    /// let token = bucket.download_authorization("public/", 3600).await?.authorization_token;
    /// let access = DownloadAccess::default().with_token(token);
    /// let notes = bucket.download("public/notes.txt").with_access(access).to_bytes().await?;
    /// assert_eq!(notes.content, "read me");
    /// # Ok(()) }
    /// ```
    pub fn download_authorization(
        &self,
        prefix: &str,
        valid_for_seconds: u32,
    ) -> Run<Call<endpoint::GetDownloadAuthorization>> {
        let request = b2_proto::GetDownloadAuthorizationRequest::new(
            self.id.clone(),
            prefix.to_owned(),
            valid_for_seconds,
        );
        Run::new(&self.context, Ok(Call::new(request)))
    }

    fn object(&self, name: &str) -> Result<Object, Error> {
        let file = file_name("b2_download_file_by_name", name)?;
        Ok(Object::Name { bucket: self.name.clone(), file })
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

pub(crate) fn file_name(operation: &'static str, name: &str) -> Result<FileName, Error> {
    FileName::new(name).map_err(|invalid| Error::Request {
        operation,
        source: Box::new(RequestError::FileName(invalid)),
    })
}
