//! How an object is asked for: with which token, where, and as what.

use b2_proto::{AuthToken, Capability, CustomerKey, encoding};

use crate::account::Session;
use crate::encryption;
use crate::error::Error;
use crate::request::RequestBuilder;

/// Everything about a download request beside the object and the range.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DownloadAccess {
    pub(crate) token: Option<AuthToken>,
    pub(crate) download_url: Option<Box<str>>,
    overrides: Vec<(&'static str, Box<str>)>,
    headers: Vec<(&'static str, Box<str>)>,
    customer_key: Option<CustomerKey>,
}

/// What a download may be told to answer in place of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Override {
    /// `Content-Disposition`.
    ContentDisposition,
    /// `Content-Language`.
    ContentLanguage,
    /// `Expires`.
    Expires,
    /// `Cache-Control`.
    CacheControl,
    /// `Content-Encoding`.
    ContentEncoding,
    /// `Content-Type`.
    ContentType,
}

impl Override {
    /// The name of the query parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContentDisposition => "b2ContentDisposition",
            Self::ContentLanguage => "b2ContentLanguage",
            Self::Expires => "b2Expires",
            Self::CacheControl => "b2CacheControl",
            Self::ContentEncoding => "b2ContentEncoding",
            Self::ContentType => "b2ContentType",
        }
    }
}

impl DownloadAccess {
    /// Uses a download authorization token instead of the account's. It opens
    /// files by name only, below its prefix.
    #[must_use]
    pub fn with_token(mut self, token: AuthToken) -> Self {
        self.token = Some(token);
        self
    }

    /// Another base URL than the one that B2 names, such as that of a content
    /// delivery network in front of it; without a trailing slash. The token is
    /// sent there too.
    #[must_use]
    pub fn with_download_url(mut self, url: &str) -> Self {
        self.download_url = Some(url.trim_end_matches('/').into());
        self
    }

    /// Asks for another value of a header of the answer. Needs a token even
    /// in a public bucket.
    #[must_use]
    pub fn with_override(mut self, header: Override, value: &str) -> Self {
        self.overrides.push((header.as_str(), value.into()));
        self
    }

    /// Fetches the file only if it was changed since; an HTTP date. B2 does
    /// not promise to heed it.
    #[must_use]
    pub fn with_if_modified_since(mut self, date: &str) -> Self {
        self.headers.push(("if-modified-since", date.into()));
        self
    }

    /// The key of a file that is under SSE-C. B2 refuses to give the file
    /// without it, or with another.
    #[must_use]
    pub fn with_customer_key(mut self, key: CustomerKey) -> Self {
        self.customer_key = Some(key);
        self
    }

    /// The customer key of `other`, if there is none here.
    #[must_use]
    pub fn or_customer_key_of(mut self, other: &Self) -> Self {
        self.customer_key = self.customer_key.or_else(|| other.customer_key.clone());
        self
    }

    /// Whether a version may be asked for by its id: a token of the caller's
    /// own opens names only, and another place may know nothing else.
    #[must_use]
    pub fn opens_ids(&self) -> bool {
        self.token.is_none() && self.download_url.is_none()
    }

    /// Whether the account need not be authorized for it.
    pub(crate) fn stands_alone(&self) -> bool {
        self.token.is_some() && self.download_url.is_some()
    }

    /// The query to add to the URL of an object.
    pub(crate) fn complete(&self, mut url: String) -> String {
        for (name, value) in &self.overrides {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&format!("{name}={}", encoding::encode(value)));
        }
        url
    }

    pub(crate) fn apply(&self, mut builder: RequestBuilder) -> Result<RequestBuilder, Error> {
        for (name, value) in &self.headers {
            builder = builder.header(name, value)?;
        }
        match &self.customer_key {
            Some(key) => builder.headers(|headers| encryption::download_headers(key, headers)),
            None => Ok(builder),
        }
    }
}

/// Adds to a refusal what the application key lacks.
pub(crate) fn lacking(mut error: Error, session: &Session) -> Error {
    if let Error::Api { source, .. } = &mut error
        && source.status == http::StatusCode::UNAUTHORIZED.as_u16()
    {
        source.lacking = Some(Capability::ReadFiles).filter(|needed| !session.can(needed));
        source.restriction = session.restriction();
    }
    error
}
