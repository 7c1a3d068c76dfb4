//! How a proxy is spoken to that somebody else has named.

use ::http::HeaderValue;

use super::auth::AuthScheme;
use super::server::{Credentials, Proxy, ProxyKind};

/// How a proxy is spoken to that a variable of the environment or a script has
/// named: those know where it is, and mostly no more.
#[derive(Clone, Default)]
pub(crate) struct Introduction {
    pub(crate) scheme: AuthScheme,
    /// For a proxy that was named without any.
    pub(crate) credentials: Option<Credentials>,
    /// For a proxy that has no credentials, or is not to be told them.
    pub(crate) token: Option<HeaderValue>,
    /// Whether an HTTP proxy is spoken to over TLS, whatever it was named as.
    pub(crate) tls: Option<bool>,
    pub(crate) tunnel: bool,
}

impl Introduction {
    pub(crate) fn introduce(&self, proxy: Proxy) -> Proxy {
        let mut proxy = proxy.with_scheme(self.scheme).with_tunnel(self.tunnel);
        if let Some(tls) = self.tls.filter(|_| proxy.kind == ProxyKind::Http) {
            proxy.tls = tls;
        }
        proxy.credentials = proxy.credentials.or_else(|| self.credentials.clone());
        if proxy.credentials.is_none() || self.scheme == AuthScheme::None {
            proxy.token.clone_from(&self.token);
        }
        proxy
    }
}
