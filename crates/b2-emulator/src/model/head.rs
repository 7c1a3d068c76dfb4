//! The part of a request that comes before its body, and where it leads.

use http::{HeaderMap, Method, Uri};

use super::operation::Operation;
use super::percent::{self, BadEncoding};
use super::refusal::{Outcome, bad_request, not_found, refuse};

/// Method, target and headers of one request.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// Scheme and host the client used, without a trailing slash. Answers
    /// that hand out URLs are built from it.
    pub(crate) base: String,
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Headers and query may hold tokens.
        f.debug_struct("Head")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}

/// What a request target names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/b2api/v{version}/{operation}`.
    Api { version: u8, operation: Operation },
    /// `/file/{bucket}/{name}`, both decoded.
    File { bucket: String, name: String },
}

impl Route {
    pub(crate) const fn operation(&self) -> Operation {
        match self {
            Self::Api { operation, .. } => *operation,
            Self::File { .. } => Operation::DownloadFileByName,
        }
    }

    pub(crate) const fn version(&self) -> u8 {
        match self {
            Self::Api { version, .. } => *version,
            Self::File { .. } => 4,
        }
    }
}

impl Head {
    /// The value of a header, if it is there once and readable.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Path and query exactly as sent.
    pub(crate) fn target(&self) -> &str {
        self.uri.path_and_query().map_or("/", |target| target.as_str())
    }

    /// One decoded query parameter; an undecodable one counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(crate) fn query_pairs(&self) -> impl Iterator<Item = (String, String)> {
        self.checked_query_pairs().filter_map(Result::ok)
    }

    /// The decoded parameters, and errors in the place of undecodable ones.
    pub(super) fn checked_query_pairs(
        &self,
    ) -> impl Iterator<Item = Result<(String, String), BadEncoding>> {
        let query = self.uri.query().unwrap_or_default();
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((percent::decode(key.as_bytes())?, percent::decode(value.as_bytes())?))
        })
    }

    /// Where the request leads.
    pub(crate) fn route(&self) -> Outcome<Route> {
        let path = self.uri.path();
        if let Some(rest) = path.strip_prefix("/b2api/") {
            return api_route(rest);
        }
        path.strip_prefix("/file/")
            .map_or_else(|| Err(not_found(format!("unknown path: {path}"))), file_route)
    }
}

fn api_route(rest: &str) -> Outcome<Route> {
    // Upload URLs carry more segments after the operation.
    let mut segments = rest.split('/');
    let version = match segments.next() {
        Some("v1") => 1,
        Some("v2") => 2,
        Some("v3") => 3,
        Some("v4") => 4,
        other => {
            let version = other.unwrap_or_default();
            return Err(bad_request(format!("invalid API version: {version}")));
        }
    };
    let name = segments.next().unwrap_or_default();
    match Operation::parse(name) {
        Some(Operation::DownloadFileByName) | None => {
            Err(bad_request(format!("invalid operation: {name}")))
        }
        Some(operation) => Ok(Route::Api { version, operation }),
    }
}

fn file_route(rest: &str) -> Outcome<Route> {
    let Some((bucket, name)) = rest.split_once('/') else {
        return Err(not_found("a file name is missing"));
    };
    // The front end of B2 refuses an encoded slash before any rule sees it.
    if name.to_ascii_lowercase().contains("%2f") {
        return Err(refuse(400, ENCODED_SLASH, "encoded slash in path"));
    }
    let decode = |text: &str| percent::decode(text.as_bytes());
    let bucket = decode(bucket).map_err(|error| bad_request(error.to_string()))?;
    let name = decode(name).map_err(|error| bad_request(error.to_string()))?;
    Ok(Route::File { bucket, name })
}

/// Marks the one refusal that is not answered in JSON.
pub(crate) const ENCODED_SLASH: &str = "encoded_slash";

#[cfg(test)]
mod tests {
    use super::*;

    fn route(target: &str) -> Outcome<Route> {
        let uri = target.parse().unwrap();
        let (headers, base) = (HeaderMap::new(), String::new());
        Head { method: Method::GET, uri, headers, base }.route()
    }

    #[test]
    fn api_paths_name_version_and_operation() {
        for version in 1..=4 {
            let path = format!("/b2api/v{version}/b2_list_buckets");
            let operation = Operation::ListBuckets;
            assert_eq!(route(&path).unwrap(), Route::Api { version, operation });
        }
        let upload = route("/b2api/v2/b2_upload_part/4_z1_f2/0018").unwrap();
        assert_eq!(upload.operation(), Operation::UploadPart);
        assert!(route("/b2api/v5/b2_list_buckets").is_err());
        assert!(route("/b2api/v4/b2_fly").is_err());
        assert!(route("/b2api/v4/b2_download_file_by_name").is_err());
        assert!(route("/").is_err());
    }

    #[test]
    fn file_paths_are_split_once_and_decoded_but_not_normalised() {
        let file = |bucket: &str, name: &str| Route::File {
            bucket: bucket.to_owned(),
            name: name.to_owned(),
        };
        assert_eq!(route("/file/pets/a/b.jpg").unwrap(), file("pets", "a/b.jpg"));
        assert_eq!(route("/file/pets/a+b%2Bc").unwrap(), file("pets", "a b+c"));
        assert_eq!(route("/file/pets/a//b/../c").unwrap(), file("pets", "a//b/../c"));
        assert_eq!(route("/file/pets//x?Authorization=1").unwrap(), file("pets", "/x"));
        assert!(route("/file/pets").is_err());
        assert!(route("/file/pets/a%2Fb").is_err());
        assert!(route("/file/pets/100%").is_err());
    }
}
