//! Addresses of files, and links that open one file for a while.

use std::fmt;
use std::sync::Arc;

use b2_core::ShareFiles;
use b2_core::download::Override;
use b2_core::endpoint::{Endpoint as _, GetDownloadAuthorization};
use b2_core::error::Error;
use b2_core::session::Authorize;
use b2_proto::{AuthToken, BucketName, FileName, GetDownloadAuthorizationRequest, encoding};

use crate::bucket::{Bucket, file_name};
use crate::client::{Client, bucket_name};
use crate::drive::Context;
use crate::run::Run;

/// How long a link works unless something else is said: a day, in seconds.
const DAY: u32 = 86_400;

impl Client {
    /// The address of the newest version of a file. Everyone can open it if
    /// the bucket is public; otherwise [`Bucket::share`] makes one that opens.
    /// No capability is needed, and whether the file exists is not looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] for a name that B2 does not allow: correct it.
    ///
    /// ```
    /// # use b2::{Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// let url = client.file_url("my-website", "a page.html").await?;
    /// assert!(url.ends_with("/file/my-website/a%20page.html"));
    /// # Ok(()) }
    /// ```
    pub fn file_url(&self, bucket: &str, name: &str) -> Run<Authorize, String> {
        const OPERATION: &str = "b2_download_file_by_name";
        let parsed = bucket_name(OPERATION, bucket)
            .and_then(|bucket| file_name(OPERATION, name).map(|file| (bucket, file)));
        let operation = parsed.as_ref().map(|_| Authorize::new()).map_err(Error::clone);
        Run::new(&self.context, operation).then(move |session, _| {
            let (bucket, file) = parsed?;
            Ok(address(&session.download_url, &bucket, &file))
        })
    }
}

impl Bucket {
    /// A link to a file of a private bucket, to be configured. The capability
    /// is `shareFiles`; whether the file exists is not looked up.
    ///
    /// The link opens every file whose name begins with that of this one, if
    /// its reader changes it so: B2 knows tokens for prefixes only.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials, Override};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// bucket.upload("report.pdf", "%PDF").await?;
    /// let link = bucket
    ///     .share("report.pdf")
    ///     .with_duration_seconds(3600)
    ///     .with_override(Override::ContentDisposition, "attachment; filename=\"report.pdf\"")
    ///     .run()
    ///     .await?;
    /// println!("{}", link.expose());
    /// # Ok(()) }
    /// ```
    pub fn share(&self, name: &str) -> Share {
        let request = GetDownloadAuthorizationRequest::new(self.id().clone(), name.to_owned(), DAY);
        Share {
            context: Arc::clone(self.context()),
            bucket: self.name().clone(),
            file: file_name(GetDownloadAuthorization::NAME, name),
            overrides: Vec::new(),
            request,
        }
    }
}

/// A link to be made; [`run`](Self::run) makes it.
#[derive(Clone, Debug)]
#[must_use = "call `run` to make the link"]
pub struct Share {
    context: Arc<Context>,
    bucket: BucketName,
    file: Result<FileName, Error>,
    overrides: Vec<(Override, Box<str>)>,
    request: GetDownloadAuthorizationRequest,
}

impl Share {
    /// For how long it opens, 1 to 604,800 seconds (a week); default: a day.
    pub fn with_duration_seconds(mut self, seconds: u32) -> Self {
        self.request.valid_duration_in_seconds = seconds;
        self
    }

    /// Lets the answer carry another value of a header, such as a
    /// `Content-Disposition` that names the file to save. The link opens only
    /// with this value in it.
    pub fn with_override(mut self, header: Override, value: &str) -> Self {
        let request = &mut self.request;
        let field = match header {
            Override::ContentDisposition => &mut request.b2_content_disposition,
            Override::ContentLanguage => &mut request.b2_content_language,
            Override::Expires => &mut request.b2_expires,
            Override::CacheControl => &mut request.b2_cache_control,
            Override::ContentEncoding => &mut request.b2_content_encoding,
            Override::ContentType => &mut request.b2_content_type,
            // One that is not known here cannot be asked for either.
            _ => return self,
        };
        *field = Some(value.to_owned());
        self.overrides.retain(|(other, _)| *other != header);
        self.overrides.push((header, value.into()));
        self
    }

    /// Makes the link.
    ///
    /// # Errors
    ///
    /// - [`Error::Request`] for a name that B2 does not allow, or a duration
    ///   outside the range: correct it; nothing was sent.
    /// - [`Error::Api`] with status 401: the key lacks `shareFiles`, or may
    ///   not read names that begin so; [`Error::advice`] says which.
    pub fn run(self) -> Run<ShareFiles, SharedLink> {
        let Self { context, bucket, file, overrides, request } = self;
        let operation = file.as_ref().map(|_| ShareFiles::new(request)).map_err(Error::clone);
        Run::new(&context, operation).then(move |(answer, session), _| {
            let token = encoding::encode_query(answer.authorization_token.expose());
            let mut url = address(&session.download_url, &bucket, &file?);
            url.push_str(&format!("?Authorization={token}"));
            for (header, value) in overrides {
                let value = encoding::encode_query(&value);
                url.push_str(&format!("&{}={value}", header.as_str()));
            }
            Ok(SharedLink { url: AuthToken::from(url) })
        })
    }
}

/// A link that opens a file. It contains a token, so `Debug` does not print
/// it, and memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedLink {
    url: AuthToken,
}

impl SharedLink {
    /// The link itself. Whoever has it can read the file until it expires.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.url.expose()
    }
}

impl fmt::Debug for SharedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedLink(..)")
    }
}

fn address(download_url: &str, bucket: &BucketName, file: &FileName) -> String {
    format!("{download_url}/file/{bucket}/{}", file.encoded())
}
