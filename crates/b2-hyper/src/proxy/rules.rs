//! Which requests go through which proxy.

use super::environment;
use super::exceptions::Exceptions;
use super::introduction::Introduction;
#[cfg(feature = "pac")]
use super::pac::ProxyScript;
use super::server::Proxy;
use crate::error::BuildError;

/// Which requests go through which proxy.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ProxyRules {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exceptions: Exceptions,
    #[cfg(feature = "pac")]
    script: Option<ProxyScript>,
}

impl ProxyRules {
    /// No proxy at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same proxy for everything.
    pub fn all(proxy: Proxy) -> Self {
        Self::none().with_http(proxy.clone()).with_https(proxy)
    }

    /// Whatever a script says, exceptions aside.
    #[cfg(feature = "pac")]
    pub fn of_script(script: ProxyScript) -> Self {
        Self { script: Some(script), ..Self::none() }
    }

    /// A proxy for requests to `http` URLs.
    pub fn with_http(mut self, proxy: Proxy) -> Self {
        self.http = Some(proxy);
        self
    }

    /// A proxy for requests to `https` URLs.
    pub fn with_https(mut self, proxy: Proxy) -> Self {
        self.https = Some(proxy);
        self
    }

    /// Hosts that are reached without a proxy.
    pub fn with_exceptions(mut self, exceptions: Exceptions) -> Self {
        self.exceptions = exceptions;
        self
    }

    /// What the environment says, as curl reads it: `http_proxy` (in small
    /// letters only, for a server may make the other one of a header),
    /// `https_proxy` or `HTTPS_PROXY`, `all_proxy` or `ALL_PROXY`, and
    /// `no_proxy` or `NO_PROXY`. Read now, not later.
    ///
    /// # Errors
    ///
    /// [`BuildError::Variable`] if a variable is not the URL of a proxy.
    pub fn from_environment() -> Result<Self, BuildError> {
        environment::read(|name| std::env::var(name).ok())
    }

    /// The same, with how the proxies are spoken to that are not a script's.
    pub(crate) fn introduced(mut self, introduction: &Introduction) -> Self {
        self.http = self.http.map(|proxy| introduction.introduce(proxy));
        self.https = self.https.map(|proxy| introduction.introduce(proxy));
        self
    }

    /// The proxy for requests to `http` or `https` URLs, exceptions aside.
    pub(super) fn any(&self, tls: bool) -> Option<&Proxy> {
        if tls { self.https.as_ref() } else { self.http.as_ref() }
    }

    /// The script, if there is one.
    #[cfg(feature = "pac")]
    pub(super) fn script(&self) -> Option<&ProxyScript> {
        self.script.as_ref()
    }

    /// The ways to `host` that a script knows, if there is one and it is asked.
    #[cfg(feature = "pac")]
    pub(super) fn script_for(&self, host: &str) -> Option<&ProxyScript> {
        self.script.as_ref().filter(|_| !self.exceptions.contains(host))
    }

    /// The proxy for requests to `host`, if there is one and it needs no
    /// script to be chosen.
    #[must_use]
    pub fn choose(&self, tls: bool, host: &str) -> Option<&Proxy> {
        self.any(tls).filter(|_| !self.exceptions.contains(host))
    }
}
