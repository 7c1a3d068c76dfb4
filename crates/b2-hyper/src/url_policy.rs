//! Which URLs requests may go to.

use std::net::IpAddr;

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
    places: Vec<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A host and what is below it.
    Below { host: Box<str>, https_only: bool },
    /// This machine.
    Loopback,
}

impl Place {
    fn has(&self, target: &Target) -> bool {
        match self {
            Self::Below { host, https_only } => {
                let rest = target.host.strip_suffix(&**host);
                let below = rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                below && (target.tls || !https_only)
            }
            Self::Loopback => is_loopback(&target.host),
        }
    }
}

impl UrlPolicy {
    /// Every `http` and `https` URL.
    pub fn any() -> Self {
        Self::default()
    }

    /// Every `https` URL.
    pub fn https_only() -> Self {
        Self { https_only: true, places: Vec::new() }
    }

    /// The hosts of B2, over `https`.
    pub fn backblaze() -> Self {
        Self::https_only().with_host("backblazeb2.com").with_host("backblaze.com")
    }

    /// What the server at `endpoint` may name. If `endpoint` is `https`,
    /// nothing else is allowed; and
    ///
    /// - if it is on this machine, only this machine is;
    /// - if it is another address, only that address is;
    /// - if it has a name, all hosts of its domain are (if strangers may have
    ///   names there, which is known of the usual places only, give a policy
    ///   of your own), that is of what is
    ///   behind the first dot: `f.b2.example` for `api.b2.example`. So are the
    ///   hosts of B2 over `https`, whichever server stands before them.
    ///
    /// ```
    /// use b2_hyper::UrlPolicy;
    ///
    /// let policy = UrlPolicy::around("https://api.backblazeb2.com");
    /// assert!(policy.allows("https://pod-000-1000-00.backblaze.com/b2api/v4/x"));
    /// assert!(!policy.allows("http://f000.backblazeb2.com/file/a/b"));
    /// assert!(!policy.allows("https://backblazeb2.com.evil.example/"));
    ///
    /// let local = UrlPolicy::around("http://127.0.0.1:8080");
    /// assert!(local.allows("http://localhost:9000/") && !local.allows("http://10.0.0.1/"));
    /// ```
    pub fn around(endpoint: &str) -> Self {
        let target = endpoint.parse().ok().and_then(|uri| Target::of(&uri).ok());
        let Some(target) = target else { return Self::backblaze() };
        let mut policy = Self { https_only: target.tls, places: Vec::new() };
        if is_loopback(&target.host) {
            policy.places.push(Place::Loopback);
            return policy;
        }
        if target.host.parse::<IpAddr>().is_ok() {
            return policy.with_host(&target.host);
        }
        for host in ["backblazeb2.com", "backblaze.com"] {
            policy.places.push(Place::Below { host: host.into(), https_only: true });
        }
        policy.with_host(domain_of(&target.host))
    }

    /// Allows this host and what is below it; without any, every host is
    /// allowed.
    pub fn with_host(mut self, host: &str) -> Self {
        let host = host.to_ascii_lowercase().into();
        self.places.push(Place::Below { host, https_only: false });
        self
    }

    /// Whether requests to `url` may be sent.
    #[must_use]
    pub fn allows(&self, url: &str) -> bool {
        let target = url.parse().ok().and_then(|url| Target::of(&url).ok());
        target.is_some_and(|target| self.check(&target).is_ok())
    }

    pub(crate) fn check(&self, target: &Target) -> Result<(), Refusal> {
        let place = self.places.is_empty() || self.places.iter().any(|place| place.has(target));
        if place && (target.tls || !self.https_only) { Ok(()) } else { Err(Refusal::Policy) }
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Domains in which anyone may have a name; there are more.
const SHARED: &[&str] = &[
    "appspot.com",
    "azurewebsites.net",
    "cloudfront.net",
    "duckdns.org",
    "fly.dev",
    "github.io",
    "herokuapp.com",
    "netlify.app",
    "ngrok.app",
    "ngrok.io",
    "ngrok-free.app",
    "onrender.com",
    "pages.dev",
    "run.app",
    "vercel.app",
    "workers.dev",
];

/// What is behind the first dot of a name, unless anyone could have a name
/// there: a country and what it calls its companies, as in `co.uk`.
fn domain_of(host: &str) -> &str {
    let Some((_, domain)) = host.split_once('.') else { return host };
    let shared = match domain.split_once('.') {
        None => true,
        Some((second, top)) => {
            let country = !top.contains('.') && top.len() == 2;
            country && (second.len() <= 3 || second == "info") || SHARED.contains(&domain)
        }
    };
    if shared { host } else { domain }
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

    #[test]
    fn a_server_may_name_its_neighbours_and_b2() {
        for (endpoint, allowed, refused) in [
            (
                "https://api.backblazeb2.com",
                &[
                    "https://f005.backblazeb2.com/",
                    "https://pod-1.backblaze.com/",
                    "https://s3.us-west-000.backblazeb2.com/",
                ][..],
                &["http://f005.backblazeb2.com/", "https://evil.example/", "https://127.0.0.1/"][..],
            ),
            (
                "http://127.0.0.1:8080",
                &["http://127.0.0.1:9/", "http://[::1]/", "https://localhost/"],
                &[
                    "http://10.0.0.1/",
                    "https://api.backblazeb2.com/",
                    "http://localhost.evil.example/",
                ],
            ),
            ("https://localhost:1", &["https://localhost:2/"], &["http://localhost:1/"]),
            (
                "http://10.0.0.5:8080",
                &["http://10.0.0.5/"],
                &["http://10.0.0.6/", "http://110.0.0.5/"],
            ),
            (
                "http://api.b2.example",
                &["http://f.b2.example/", "https://f000.backblazeb2.com/"],
                &["http://f000.backblazeb2.com/", "http://example/", "http://other.example/"],
            ),
            ("https://b2.co.uk", &["https://b2.co.uk/"], &["https://evil.co.uk/"]),
            ("https://b2.info.pl", &["https://b2.info.pl/"], &["https://evil.info.pl/"]),
            ("https://b2.workers.dev", &["https://b2.workers.dev/"], &["https://x.workers.dev/"]),
            ("https://storage", &["https://storage/"], &["https://evil/"]),
            ("https://b2.example", &["https://b2.example/"], &["https://evil.example/"]),
        ] {
            let policy = UrlPolicy::around(endpoint);
            for url in allowed {
                assert!(policy.allows(url), "{endpoint}: {url}");
            }
            for url in refused {
                assert!(!policy.allows(url), "{endpoint}: {url}");
            }
        }
    }
}
