//! One proxy.

use std::fmt;

use ::http::{HeaderName, HeaderValue, Uri};
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use crate::connect::Family;
use crate::error::BuildError;

use super::auth::{AuthScheme, Authenticator};
use super::error::ProxyError;
use super::http::{Tunnel, tunnel};
use super::{host, socks4, socks5};

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyKind {
    /// HTTP/1.1.
    Http,
    /// SOCKS 4: IPv4 addresses only, looked up here.
    Socks4,
    /// SOCKS 4A: as 4, but the proxy looks up names.
    Socks4a,
    /// SOCKS 5; the proxy looks up names.
    Socks5,
}

/// A proxy: where it is, what it speaks, who is asking.
#[derive(Clone)]
#[must_use]
pub struct Proxy {
    pub(super) kind: ProxyKind,
    pub(super) host: Box<str>,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) always_tunnel: bool,
    pub(super) scheme: AuthScheme,
    pub(super) credentials: Option<Credentials>,
    pub(super) token: Option<HeaderValue>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// A user and a password.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(super) user: Box<str>,
    pub(super) password: Zeroizing<String>,
}

impl Credentials {
    pub(crate) fn new(user: &str, password: &str) -> Self {
        Self { user: user.into(), password: Zeroizing::new(password.to_owned()) }
    }
}

/// The value of `Proxy-Authorization` as it is.
pub(crate) fn token(text: &str) -> Result<HeaderValue, BuildError> {
    let mut value = HeaderValue::try_from(text).map_err(|_| BuildError::Header)?;
    value.set_sensitive(true);
    Ok(value)
}

impl Proxy {
    fn new(kind: ProxyKind, host: impl Into<Box<str>>, port: u16) -> Self {
        Self {
            kind,
            host: host.into(),
            port,
            tls: false,
            always_tunnel: false,
            scheme: AuthScheme::default(),
            credentials: None,
            token: None,
            headers: Vec::new(),
        }
    }

    /// An HTTP proxy; mostly on port 3128, 8080 or 80.
    pub fn http(host: impl Into<Box<str>>, port: u16) -> Self {
        Self::new(ProxyKind::Http, host, port)
    }

    /// A SOCKS 4 proxy; mostly on port 1080. A user name may be given with
    /// [`with_credentials`](Self::with_credentials); the password is not used.
    pub fn socks4(host: impl Into<Box<str>>, port: u16) -> Self {
        Self::new(ProxyKind::Socks4, host, port)
    }

    /// A SOCKS 4A proxy, as [`socks4`](Self::socks4).
    pub fn socks4a(host: impl Into<Box<str>>, port: u16) -> Self {
        Self::new(ProxyKind::Socks4a, host, port)
    }

    /// A SOCKS 5 proxy; mostly on port 1080.
    pub fn socks5(host: impl Into<Box<str>>, port: u16) -> Self {
        Self::new(ProxyKind::Socks5, host, port)
    }

    /// A proxy of a URL such as `http://ada:secret@proxy.example:3128`. The
    /// schemes are `http`, `https` (TLS to the proxy), `socks4`, `socks4a` and
    /// `socks5` (also `socks5h`); without one it is `http`. User and password
    /// may be percent-encoded.
    ///
    /// # Errors
    ///
    /// [`BuildError::ProxyUrl`] if it is not such a URL. The error does not
    /// repeat it, for it may hold a password.
    pub fn from_url(url: &str) -> Result<Self, BuildError> {
        let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = full.parse().map_err(|_| BuildError::ProxyUrl)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(BuildError::ProxyUrl)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = |usual| uri.port_u16().unwrap_or(usual);
        let proxy = match uri.scheme_str() {
            Some("http") => Self::http(host, port(80)),
            Some("https") => Self::http(host, port(443)).with_tls(true),
            Some("socks4") => Self::socks4(host, port(1080)),
            Some("socks4a") => Self::socks4a(host, port(1080)),
            Some("socks5" | "socks5h" | "socks") => Self::socks5(host, port(1080)),
            _ => return Err(BuildError::ProxyUrl),
        };
        let Some((login, _)) = uri.authority().and_then(|it| it.as_str().rsplit_once('@')) else {
            return Ok(proxy);
        };
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let decoded = decode(user).zip(decode(password)).ok_or(BuildError::ProxyUrl)?;
        Ok(proxy.with_credentials(&decoded.0, &decoded.1))
    }

    /// Who is asking. For NTLM the user may be `DOMAIN\user`.
    pub fn with_credentials(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some(Credentials::new(user, password));
        self
    }

    /// How an HTTP proxy is told who is asking; Basic unless told.
    pub fn with_scheme(mut self, scheme: AuthScheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// The value of `Proxy-Authorization` as it is, for a scheme that this
    /// crate does not know. It goes before credentials.
    ///
    /// # Errors
    ///
    /// [`BuildError::Header`] if it cannot be the value of a header.
    pub fn with_token(mut self, text: &str) -> Result<Self, BuildError> {
        self.token = Some(token(text)?);
        Ok(self)
    }

    /// Whether the connection to the proxy itself is encrypted; no unless
    /// told.
    pub fn with_tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Whether an HTTP proxy has to open a tunnel for `http` URLs too; no
    /// unless told. Many proxies allow tunnels to port 443 only.
    pub fn with_tunnel(mut self, always: bool) -> Self {
        self.always_tunnel = always;
        self
    }

    /// Another header for the proxy alone, sent when a tunnel is asked for.
    ///
    /// # Errors
    ///
    /// [`BuildError::Header`] if name or value are not those of a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, BuildError> {
        let name = HeaderName::try_from(name).map_err(|_| BuildError::Header)?;
        let mut value = HeaderValue::try_from(value).map_err(|_| BuildError::Header)?;
        value.set_sensitive(true);
        self.headers.push((name, value));
        Ok(self)
    }

    /// What it speaks.
    #[must_use]
    pub fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// Its name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Has the proxy at the other end of `stream` connect to `host`, after
    /// which the stream belongs to that host. If the proxy is to be spoken to
    /// over TLS, `stream` is that session.
    ///
    /// # Errors
    ///
    /// If the proxy refuses. [`ProxyError::Unsuitable`] if `host` cannot be
    /// the name of one. [`ProxyError::Protocol`] too if it hangs up after
    /// asking for credentials, which a transport answers on a new connection.
    ///
    /// # Cancel safety
    ///
    /// The stream is of no use after the future was dropped.
    pub async fn tunnel<S>(&self, stream: &mut S, host: &str, port: u16) -> Result<(), ProxyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut authenticator = Authenticator::new(self, None);
        match self.open(stream, host, port, &mut authenticator).await? {
            Tunnel::Open => Ok(()),
            Tunnel::Again => Err(ProxyError::Protocol("it hung up after asking who we are")),
        }
    }

    pub(super) async fn open<S>(
        &self,
        stream: &mut S,
        host: &str,
        port: u16,
        authenticator: &mut Authenticator,
    ) -> Result<Tunnel, ProxyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        host::check(host)?;
        match self.kind {
            ProxyKind::Http => return tunnel(stream, self, host, port, authenticator).await,
            ProxyKind::Socks4 => {
                let found = crate::connect::resolve(host, port, Family::V4).await;
                let found = found.map_err(ProxyError::Resolve)?;
                socks4::ask(stream, &found[0].ip().to_string(), port, self.user()).await?;
            }
            ProxyKind::Socks4a => socks4::ask(stream, host, port, self.user()).await?,
            ProxyKind::Socks5 => {
                let credentials = self.credentials.as_ref();
                let credentials = credentials.map(|it| (&*it.user, it.password.as_str()));
                socks5::ask(stream, host, port, credentials).await?;
            }
        }
        Ok(Tunnel::Open)
    }

    fn user(&self) -> &str {
        self.credentials.as_ref().map_or("", |credentials| &credentials.user)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("kind", &self.kind)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == b'%' {
            let digits = str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_kind_place_and_credentials() {
        let proxy = Proxy::from_url("socks5h://ada:p%40ss@[::1]:9").unwrap();
        assert_eq!((proxy.kind, proxy.host(), proxy.port()), (ProxyKind::Socks5, "::1", 9));
        let credentials = proxy.credentials.unwrap();
        assert_eq!((&*credentials.user, credentials.password.as_str()), ("ada", "p@ss"));
        let proxy = Proxy::from_url("https://proxy.example").unwrap();
        assert!(proxy.tls && proxy.port() == 443 && proxy.credentials.is_none());
        assert_eq!(Proxy::from_url("proxy.example:3128").unwrap().port(), 3128);
        for wrong in ["", "ftp://a", "http://", "http://a%zz:b@c", "http://a b"] {
            assert!(matches!(Proxy::from_url(wrong), Err(BuildError::ProxyUrl)), "{wrong}");
        }
    }

    #[test]
    fn no_text_shows_credentials() {
        let proxy = Proxy::http("p", 1).with_credentials("canary-user", "canary-password");
        let proxy = proxy.with_token("canary-token").unwrap().with_header("x", "canary").unwrap();
        assert!(!format!("{proxy:?}").contains("canary"));
    }
}
