//! Answers that say where to ask instead.

use ::http::header::{AUTHORIZATION, COOKIE, LOCATION, PROXY_AUTHORIZATION, USER_AGENT};
use ::http::uri::{Authority, PathAndQuery, Scheme};
use ::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use b2_core::error::{Sent, TransportError, TransportErrorKind};

use crate::error::failed;
use crate::settings::SettingError;
use crate::target::Target;

/// A body of at most this many bytes is kept while redirects are followed, so
/// that it can be sent again: 64 KiB, more than a JSON call has.
pub(crate) const REPLAYED: u64 = 64 * 1024;

/// Headers of customer keys begin with this.
const CUSTOMER_KEY: &str = "x-bz-server-side-encryption-customer-";

/// Which redirects are followed, and how many one after the other.
///
/// B2 sends none; a server in front of it may. Whatever is followed, headers
/// with credentials and keys (`Authorization`, `Cookie`, those of SSE-C, and
/// all that are marked as sensitive) go to the same scheme, host and port
/// only, and each new URL has to be allowed by the
/// [`UrlPolicy`](crate::UrlPolicy). No body goes to another scheme, host or
/// port at all, and one of more than 64 KiB is not sent twice.
///
/// ```
/// use b2_hyper::{HyperTransport, Redirects};
///
/// let redirects = Redirects::same_scheme().with_limit(3);
/// let transport = HyperTransport::builder().with_redirects(redirects).build()?;
/// # Ok::<(), b2_hyper::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Redirects {
    mode: Mode,
    limit: usize,
    get_on_302: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Never,
    Always,
    SameScheme,
}

impl Default for Redirects {
    fn default() -> Self {
        Self::never()
    }
}

impl Redirects {
    /// None: a redirect is an answer like any other. This is the default.
    pub fn never() -> Self {
        Self { mode: Mode::Never, limit: 20, get_on_302: false }
    }

    /// All of them, whatever the method and the new scheme; but to another
    /// scheme, host or port only those of GET and HEAD, and those that ask for
    /// a GET.
    pub fn always() -> Self {
        Self { mode: Mode::Always, ..Self::never() }
    }

    /// Those of GET and HEAD that stay with `http` or with `https`; others are
    /// an error.
    pub fn same_scheme() -> Self {
        Self { mode: Mode::SameScheme, ..Self::never() }
    }

    /// How many may follow one another; 20 unless told. One more is an error.
    pub fn with_limit(mut self, redirects: usize) -> Self {
        self.limit = redirects;
        self
    }

    /// Whether a status of 302 asks for a GET of the new URL; no unless told:
    /// then it is asked for with the same method and body. 303 always asks for
    /// a GET, 301, 307 and 308 never.
    pub fn with_get_on_302(mut self, get: bool) -> Self {
        self.get_on_302 = get;
        self
    }

    /// The mode of `FollowRedirects`: 0 never, 1 always, 2 the same scheme.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] for another number.
    pub fn from_number(number: u32) -> Result<Self, SettingError> {
        match number {
            0 => Ok(Self::never()),
            1 => Ok(Self::always()),
            2 => Ok(Self::same_scheme()),
            _ => {
                let expected = "0 never, 1 always or 2 the same scheme";
                Err(SettingError::Value { name: "FollowRedirects", expected })
            }
        }
    }

    pub(crate) fn follows(self) -> bool {
        self.mode != Mode::Never
    }

    /// Whether an answer with this status says that the request was carried out, and something to
    /// be fetched tells how.
    pub(crate) fn acted(self, method: &Method, status: StatusCode) -> bool {
        self.follows()
            && self.gets(status.as_u16())
            && ![Method::GET, Method::HEAD].contains(method)
    }

    fn gets(self, status: u16) -> bool {
        status == 303 || status == 302 && self.get_on_302
    }

    /// Where an answer to a request for `from` leads, if it is a redirect.
    pub(crate) fn next(
        self,
        method: &Method,
        from: &Uri,
        status: StatusCode,
        headers: &HeaderMap,
        followed: usize,
    ) -> Result<Option<Hop>, RedirectError> {
        if !self.follows() || !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let uri = location.and_then(|text| resolve(from, text)).ok_or(RedirectError::Location)?;
        if followed >= self.limit {
            return Err(RedirectError::TooMany { limit: self.limit });
        }
        if self.mode == Mode::SameScheme {
            if ![Method::GET, Method::HEAD].contains(method) {
                return Err(RedirectError::Method(method.clone()));
            }
            if uri.scheme() != from.scheme() {
                return Err(RedirectError::Scheme);
            }
        }
        let get = self.gets(status.as_u16()) && *method != Method::HEAD;
        let method = if get { Method::GET } else { method.clone() };
        let foreign = !same_origin(from, &uri);
        // Bodies have keys of customers, signing secrets, and files.
        if foreign && ![Method::GET, Method::HEAD].contains(&method) {
            return Err(RedirectError::Origin(method));
        }
        Ok(Some(Hop { uri, method, foreign }))
    }
}

/// Where to go next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) uri: Uri,
    pub(crate) method: Method,
    /// Whether it leads to another scheme, host or port.
    pub(crate) foreign: bool,
}

/// Why a redirect was not followed. Nothing that was asked for has happened, unless an answer of
/// status 303 said so: then the error is one of [`Sent::Maybe`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// The answer redirects, but does not say where to.
    #[error("the answer redirects, but to no http or https URL")]
    Location,
    /// More redirects than allowed: raise the limit, if they lead anywhere.
    #[error("more than {limit} redirects")]
    TooMany {
        /// How many are allowed.
        limit: usize,
    },
    /// It leads from `https` to `http` or the other way; allow all redirects
    /// if that is meant to be.
    #[error("the redirect leads to another scheme")]
    Scheme,
    /// Only redirects of GET and HEAD are followed: allow all if others are
    /// meant to be.
    #[error("a redirect of {0} is not followed")]
    Method(Method),
    /// It leads to another scheme, host or port, where no body is sent, for
    /// it may have keys in it: only GET and HEAD go there. Send the request to
    /// the new URL yourself if you trust it.
    #[error("a redirect of {0} to another server is not followed")]
    Origin(Method),
    /// The request was carried out, and what was to tell how answers with an
    /// error: look for what was asked for before you ask again.
    #[error("the request was carried out, but fetching what came of it gave the status {0}")]
    Answer(StatusCode),
    /// The body is too long to be kept and sent twice: send the request to the
    /// new URL yourself.
    #[error("the redirect asks for the body again, and it is not kept")]
    Body,
}

impl From<RedirectError> for TransportError {
    fn from(error: RedirectError) -> Self {
        // The server has answered, and what it said is that it did nothing, unless `follow` knows
        // better.
        failed(TransportErrorKind::Refused, Sent::Nothing, error)
    }
}

/// Takes away what another host must not see.
pub(crate) fn strip_secrets(headers: &mut HeaderMap) {
    let secret = |name: &HeaderName| {
        [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name)
            || name.as_str().starts_with(CUSTOMER_KEY)
    };
    let doomed: Vec<_> = headers
        .iter()
        .filter(|(name, value)| secret(name) || value.is_sensitive() && *name != USER_AGENT)
        .map(|(name, _)| name.clone())
        .collect();
    for name in doomed {
        headers.remove(name);
    }
}

fn same_origin(one: &Uri, other: &Uri) -> bool {
    matches!((Target::of(one), Target::of(other)), (Ok(one), Ok(other)) if one == other)
}

/// What `reference` means in an answer from `base` (RFC 3986, 5.2).
fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default().trim();
    let lower = reference.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        let uri: Uri = reference.parse().ok()?;
        return Target::of(&uri).ok().and_then(|_| without_user(uri));
    }
    let scheme = base.scheme()?.clone();
    if let Some(rest) = reference.strip_prefix("//") {
        return without_user(format!("{scheme}://{rest}").parse().ok()?);
    }
    // `mailto:x` and `javascript:x` are no paths.
    let colon = reference.find(':').unwrap_or(usize::MAX);
    if colon < reference.find(['/', '?']).unwrap_or(usize::MAX) {
        return None;
    }
    let path = base.path();
    let (target, query) = match reference.split_once('?') {
        Some((target, query)) => (target, Some(query)),
        None => (reference, None),
    };
    let target = match target {
        "" => path.to_owned(),
        absolute if absolute.starts_with('/') => without_dots(absolute),
        relative => without_dots(&format!("{}/{relative}", path.rsplit_once('/')?.0)),
    };
    let query = query.or_else(|| base.query().filter(|_| reference.is_empty()));
    let whole = query.map_or_else(|| target.clone(), |query| format!("{target}?{query}"));
    assemble(scheme, base.authority()?.clone(), &whole)
}

/// User and password have no place in the URL of a server.
fn without_user(uri: Uri) -> Option<Uri> {
    let authority = uri.authority()?.as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    assemble(uri.scheme()?.clone(), host.parse().ok()?, path)
}

fn assemble(scheme: Scheme, authority: Authority, path: &str) -> Option<Uri> {
    Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build().ok()
}

/// Without `.` and `..` (RFC 3986, 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut folder = false;
    for segment in path.split('/').skip(1) {
        folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let end = if folder && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(
        redirects: Redirects,
        status: u16,
        location: &str,
    ) -> Result<Option<Hop>, RedirectError> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().unwrap());
        let from = "https://a.example/b/c?d".parse().unwrap();
        redirects.next(&Method::POST, &from, StatusCode::from_u16(status).unwrap(), &headers, 0)
    }

    #[test]
    fn references_are_resolved_as_the_standard_says() {
        let base = "http://a:8080/b/c/d?q".parse().unwrap();
        for (reference, expected) in [
            ("https://x.example/y#z", "https://x.example/y"),
            ("HTTP://user:pw@x", "http://x/"),
            ("//x:1/y", "http://x:1/y"),
            ("/y?z", "http://a:8080/y?z"),
            ("y", "http://a:8080/b/c/y"),
            ("./y/../z", "http://a:8080/b/c/z"),
            ("../../../../y", "http://a:8080/y"),
            ("..", "http://a:8080/b/"),
            ("?z", "http://a:8080/b/c/d?z"),
            ("", "http://a:8080/b/c/d?q"),
            ("y:8", ""),
            ("ftp://x/", ""),
            ("javascript:alert(1)", ""),
            ("http://", ""),
        ] {
            let resolved = resolve(&base, reference).map(|uri| uri.to_string());
            assert_eq!(resolved.unwrap_or_default(), expected, "{reference}");
        }
    }

    #[test]
    fn methods_are_kept_unless_a_get_is_asked_for() {
        for (redirects, status, expected) in [
            (Redirects::always(), 301, Method::POST),
            (Redirects::always(), 302, Method::POST),
            (Redirects::always().with_get_on_302(true), 302, Method::GET),
            (Redirects::always(), 303, Method::GET),
            (Redirects::always(), 307, Method::POST),
        ] {
            let hop = next(redirects, status, "/x").unwrap().unwrap();
            assert_eq!((hop.method, hop.foreign), (expected, false), "{status}");
        }
        assert!(next(Redirects::never(), 302, "/x").unwrap().is_none());
        assert!(next(Redirects::always(), 304, "/x").unwrap().is_none());
    }

    #[test]
    fn what_is_not_followed_says_why() {
        let error = |redirects, location| next(redirects, 307, location).unwrap_err();
        assert_eq!(error(Redirects::same_scheme(), "/x"), RedirectError::Method(Method::POST));
        assert_eq!(error(Redirects::always(), "ftp://x"), RedirectError::Location);
        let none = Redirects::always().with_limit(0);
        assert_eq!(error(none, "/x"), RedirectError::TooMany { limit: 0 });
    }

    #[test]
    fn another_port_or_scheme_is_another_place_where_no_body_goes() {
        for (location, foreign) in [
            ("https://A.example:443/", false),
            ("https://a.example:444/", true),
            ("http://a.example/", true),
            ("https://b.example/", true),
        ] {
            let hop = next(Redirects::always(), 303, location).unwrap().unwrap();
            assert_eq!(hop.foreign, foreign, "{location}");
            for status in [301, 302, 307, 308] {
                let refused = next(Redirects::always(), status, location).err();
                assert_eq!(refused, foreign.then_some(RedirectError::Origin(Method::POST)));
            }
        }
    }
}
