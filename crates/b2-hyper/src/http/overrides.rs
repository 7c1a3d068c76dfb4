//! Headers that are said once for all requests.

use ::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, IF_MODIFIED_SINCE, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING, USER_AGENT,
};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::settings::SettingError;

/// Headers that every request gets, in place of its own of the same name.
///
/// `Host`, `Content-Length` and `Transfer-Encoding` belong to the transport
/// and cannot be given.
///
/// ```
/// use b2_hyper::HeaderOverrides;
///
/// let headers = HeaderOverrides::new().with_user_agent("backup/1.0")?.with_lines("X-Site: 7\r\n")?;
/// # Ok::<(), b2_hyper::settings::SettingError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct HeaderOverrides {
    headers: Vec<(HeaderName, HeaderValue)>,
    unindexed: Vec<HeaderName>,
    if_modified_since: Option<HeaderValue>,
    close: bool,
}

impl HeaderOverrides {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The program that says it is asking.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if it cannot be the value of a header.
    pub fn with_user_agent(self, text: &str) -> Result<Self, SettingError> {
        self.with(USER_AGENT, text, "UserAgent")
    }

    /// The value of `Authorization`, in place of B2's own. Every host that a
    /// request goes to sees it.
    ///
    /// # Errors
    ///
    /// As [`with_user_agent`](Self::with_user_agent).
    pub fn with_authorization(self, text: &str) -> Result<Self, SettingError> {
        self.with(AUTHORIZATION, text, "Authorization")
    }

    /// Further headers, each on a line of its own, such as
    /// `X-Site: 7\r\nX-Part: 3`.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if a line is no header, or one that belongs to
    /// the transport, or `Proxy-Authorization`, which is given with the
    /// [proxy](crate::proxy::Proxy::with_token).
    pub fn with_lines(mut self, lines: &str) -> Result<Self, SettingError> {
        const EXPECTED: &str = "lines of the form `Name: value`, but not Host, Content-Length, \
                                Transfer-Encoding or Connection";
        let wrong = || SettingError::Value { name: "OtherHeaders", expected: EXPECTED };
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(wrong)?;
            let name = HeaderName::try_from(name.trim()).map_err(|_| wrong())?;
            if name == PROXY_AUTHORIZATION {
                let expected = "Proxy-Authorization is no header of requests, and no server is \
                                to see it; use ProxyAuthorization";
                return Err(SettingError::Value { name: "OtherHeaders", expected });
            }
            if [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name) {
                return Err(wrong());
            }
            self = self.with(name, value.trim(), "OtherHeaders")?;
        }
        Ok(self)
    }

    /// Whether connections may be used again; yes unless told. Otherwise each
    /// request says `Connection: close`.
    pub fn with_keep_alive(mut self, keep_alive: bool) -> Self {
        self.close = !keep_alive;
        self
    }

    /// Headers of HTTP/2 that are never put into the table by which both ends
    /// shorten them, separated by commas. Those with secrets never are,
    /// whether they are named or not. Over HTTP/1 it has no effect.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if one cannot be the name of a header.
    pub fn with_unindexed(mut self, names: &str) -> Result<Self, SettingError> {
        let expected = "names of headers separated by commas";
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let name = HeaderName::try_from(name).map_err(|_| SettingError::Value {
                name: "HTTP2HeadersWithoutIndexing",
                expected,
            })?;
            self.unindexed.push(name);
        }
        Ok(self)
    }

    /// Gets what was changed since this date only: GET and HEAD say
    /// `If-Modified-Since`, unless the request itself does. A server that
    /// heeds it answers 304, which is an answer like any other; B2 does not
    /// promise to.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if it is no date of HTTP, such as
    /// `Sat, 29 Oct 2017 19:43:31 GMT`.
    pub fn with_if_modified_since(mut self, date: &str) -> Result<Self, SettingError> {
        let expected = "a date of HTTP, such as Sun, 06 Nov 1994 08:49:37 GMT";
        let wrong = || SettingError::Value { name: "IfModifiedSince", expected };
        let date = date.trim();
        httpdate::parse_http_date(date).map_err(|_| wrong())?;
        self.if_modified_since = Some(HeaderValue::try_from(date).map_err(|_| wrong())?);
        Ok(self)
    }

    fn with(
        mut self,
        name: HeaderName,
        text: &str,
        of: &'static str,
    ) -> Result<Self, SettingError> {
        let expected = "text without line breaks";
        let wrong = |_| SettingError::Value { name: of, expected };
        let mut value = HeaderValue::try_from(text).map_err(wrong)?;
        // Anything may be a secret here.
        value.set_sensitive(true);
        self.headers.retain(|(known, _)| *known != name || of == "OtherHeaders");
        self.headers.push((name, value));
        Ok(self)
    }

    pub(crate) fn apply(&self, method: &Method, headers: &mut HeaderMap) {
        if let Some(date) = &self.if_modified_since
            && [Method::GET, Method::HEAD].contains(method)
            && !headers.contains_key(IF_MODIFIED_SINCE)
        {
            headers.insert(IF_MODIFIED_SINCE, date.clone());
        }
        for (name, _) in &self.headers {
            headers.remove(name);
        }
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        for name in &self.unindexed {
            // hyper writes such values so that no table keeps them.
            if let ::http::header::Entry::Occupied(mut entry) = headers.entry(name) {
                entry.iter_mut().for_each(|value| value.set_sensitive(true));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_transport_is_refused() {
        for lines in [
            "Host: x",
            "content-length: 5",
            "Transfer-Encoding: chunked",
            "nonsense",
            "a b: c",
            "Connection: x",
        ] {
            assert!(HeaderOverrides::new().with_lines(lines).is_err(), "{lines}");
        }
        assert!(HeaderOverrides::new().with_user_agent("a\r\nX: b").is_err());
        let error =
            HeaderOverrides::new().with_lines("X: 1\nproxy-authorization: canary").unwrap_err();
        assert!(error.to_string().contains("ProxyAuthorization"), "{error}");
        assert!(!format!("{error:?}").contains("canary"));
        let given = HeaderOverrides::new().with_authorization("canary").unwrap();
        assert!(!format!("{given:?}").contains("canary"));
    }
}
