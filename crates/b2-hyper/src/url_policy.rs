//! Which URLs requests may go to.

use crate::error::Refusal;
use crate::target::Target;

/// Which URLs requests may go to, whoever gave them.
///
/// B2 says in its answers where to send the next request with credentials. An
/// answer that does not come from B2, or comes from one that was taken over,
/// could name any place; this is what it may name.
///
/// ```
/// use b2_hyper::UrlPolicy;
///
/// let policy = UrlPolicy::https_only().with_host("backblazeb2.com").with_host("b2.example");
/// assert!(policy.allows("https://pod-000-1000-00.backblaze.com/b2api/v4/x") == false);
/// assert!(policy.allows("https://api005.backblazeb2.com/b2api/v4/x"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct UrlPolicy {
    https_only: bool,
    hosts: Vec<Box<str>>,
}

impl UrlPolicy {
    /// Every `http` and `https` URL.
    pub fn any() -> Self {
        Self::default()
    }

    /// Every `https` URL.
    pub fn https_only() -> Self {
        Self { https_only: true, hosts: Vec::new() }
    }

    /// The hosts of B2, over `https`.
    pub fn backblaze() -> Self {
        Self::https_only().with_host("backblazeb2.com").with_host("backblaze.com")
    }

    /// Allows this host and what is below it; without any, every host is
    /// allowed.
    pub fn with_host(mut self, host: &str) -> Self {
        self.hosts.push(host.to_ascii_lowercase().into());
        self
    }

    /// Whether requests to `url` may be sent.
    #[must_use]
    pub fn allows(&self, url: &str) -> bool {
        let target = url.parse().ok().and_then(|url| Target::of(&url).ok());
        target.is_some_and(|target| self.check(&target).is_ok())
    }

    pub(crate) fn check(&self, target: &Target) -> Result<(), Refusal> {
        let below = |host: &str| {
            let rest = target.host.strip_suffix(host);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let host = self.hosts.is_empty() || self.hosts.iter().any(|host| below(host));
        if host && (target.tls || !self.https_only) { Ok(()) } else { Err(Refusal::Policy) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_named_is_allowed() {
        let policy = UrlPolicy::backblaze();
        for url in [
            "https://api.backblazeb2.com/x",
            "https://backblazeb2.com",
            "https://A.BACKBLAZE.com:8443/",
        ] {
            assert!(policy.allows(url), "{url}");
        }
        for url in [
            "http://api.backblazeb2.com/x",
            "https://backblazeb2.com.evil.example/",
            "https://evilbackblazeb2.com/",
            "https://backblazeb2.com@evil.example/",
            "https://127.0.0.1/",
            "/relative",
        ] {
            assert!(!policy.allows(url), "{url}");
        }
        assert!(UrlPolicy::any().allows("http://127.0.0.1:8080/"));
    }
}
