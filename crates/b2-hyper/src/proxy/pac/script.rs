//! Where a script comes from, and what it is asked.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::{Request, StatusCode, Uri};
use b2_core::port::{BoxFuture, RequestBody, Transport};
use bytes::Bytes;
use tokio::sync::Mutex;

use super::thread::Threads;
use super::{answer, engine};
use crate::builder::Builder;
use crate::connect::ConnectError;
use crate::error::BuildError;
use crate::http::Redirects;
use crate::observe::shown_url;
use crate::proxy::{AuthScheme, Credentials, Introduction, Proxy, ProxyError};
use crate::target::Target;
use crate::tls::TlsSettings;
use crate::transport::HyperTransport;

/// The longest script, in bytes.
const LIMIT: usize = 1024 * 1024;
/// How long it may take to come.
const PATIENCE: Duration = Duration::from_secs(20);
/// After this time it is fetched again.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// A script that chooses proxies (a PAC file: proxy auto-config).
///
/// Before each connection its function `FindProxyForURL` is asked for the ways
/// to a server, and they are tried in turn. It sees scheme, host and port, but
/// no path; it has all the usual functions (`dnsDomainIs`, `shExpMatch`,
/// `isInNet`, `weekdayRange`, `dateRange`, `timeRange`, `myIpAddress`,
/// `dnsResolve` and so on), 32 MiB of memory and 5 seconds, and at the most 16
/// ways in 8 KiB are taken of its answer. A script that cannot be fetched or
/// fails is an error: what may not pass directly does not. One that cannot
/// even be stopped costs a thread, and is not asked again.
///
/// It is fetched without a proxy, but through the
/// [firewall](crate::Builder::with_firewall), before the first connection, kept for an
/// hour, and longer if it cannot be fetched then; it may have 1 MiB.
///
/// ```
/// use b2_hyper::HyperTransport;
/// use b2_hyper::proxy::{ProxyRules, ProxyScript};
///
/// let script = ProxyScript::at("http://wpad.corp.example/wpad.dat")?;
/// let rules = ProxyRules::of_script(script.with_credentials("ada", "secret"));
/// let transport = HyperTransport::builder().with_proxy(rules).build()?;
/// # Ok::<(), b2_hyper::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ProxyScript {
    source: Source,
    introduction: Introduction,
    kept: Arc<Mutex<Option<Kept>>>,
    tls: TlsSettings,
    threads: Threads,
}

#[derive(Clone)]
enum Source {
    Text(Arc<str>),
    File(PathBuf),
    Url(Uri),
}

struct Kept {
    text: Arc<str>,
    since: Instant,
}

impl ProxyScript {
    fn new(source: Source) -> Self {
        Self {
            source,
            introduction: Introduction::default(),
            kept: Arc::default(),
            tls: TlsSettings::default(),
            threads: Threads::default(),
        }
    }

    /// The script itself.
    pub fn from_text(text: &str) -> Self {
        Self::new(Source::Text(text.into()))
    }

    /// A script at an `http`, `https` or `file` URL, or a path.
    ///
    /// # Errors
    ///
    /// [`BuildError::ScriptUrl`] if it is none of these.
    pub fn at(url: &str) -> Result<Self, BuildError> {
        if let Some(rest) = url.strip_prefix("file:") {
            let path = rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//"));
            let path = path.unwrap_or(rest);
            let absolute = path.starts_with('/').then(|| Source::File(path.into()));
            return absolute.map(Self::new).ok_or(BuildError::ScriptUrl);
        }
        if Path::new(url).is_absolute() {
            return Ok(Self::new(Source::File(url.into())));
        }
        let uri: Uri = url.parse().map_err(|_| BuildError::ScriptUrl)?;
        Target::of(&uri).map_err(|_| BuildError::ScriptUrl)?;
        Ok(Self::new(Source::Url(uri)))
    }

    /// Who asks the proxies that it names, whichever they are: whoever can
    /// change the script can have the password. Fetch it over `https`, or
    /// choose a [scheme](Self::with_scheme) that does not tell it.
    pub fn with_credentials(mut self, user: &str, password: &str) -> Self {
        self.introduction.credentials = Some(Credentials::new(user, password));
        self
    }

    /// How HTTP proxies are told; Basic unless told.
    pub fn with_scheme(mut self, scheme: AuthScheme) -> Self {
        self.introduction.scheme = scheme;
        self
    }

    /// How the proxies are spoken to that it names.
    pub(crate) fn with_introduction(mut self, introduction: Introduction) -> Self {
        self.introduction = introduction;
        self
    }

    /// Whom to trust when the script is fetched over `https`.
    pub fn with_tls(mut self, tls: TlsSettings) -> Self {
        self.tls = tls;
        self
    }

    /// What fetches the script: as `builder` does it, but to whom this says.
    pub(crate) fn fetcher(&self, builder: Builder) -> Result<HyperTransport, BuildError> {
        let redirects = Redirects::same_scheme().with_limit(5);
        let builder = builder.with_tls(self.tls.clone()).with_redirects(redirects);
        builder.with_idle_timeout(Duration::ZERO).build()
    }

    /// The ways to `target`, the first one first.
    pub(crate) async fn ways(
        &self,
        target: &Target,
        fetcher: &HyperTransport,
    ) -> Result<Vec<Option<Proxy>>, ConnectError> {
        let failed = |text: String| ConnectError::Proxy(ProxyError::Script(text));
        let script = self.text(fetcher).await.map_err(failed)?;
        let scheme = if target.tls { "https" } else { "http" };
        let (url, host) = (format!("{scheme}://{target}/"), target.host.to_string());
        let asked = self.threads.run(move || engine::find(&script, &url, &host));
        let answer = asked.await.map_err(failed)?;
        let ways = answer::ways(&answer);
        if ways.is_empty() {
            return Err(failed("it names no way that is known here".to_owned()));
        }
        Ok(ways
            .into_iter()
            .map(|way| way.map(|proxy| self.introduction.introduce(proxy)))
            .collect())
    }

    /// The script, fetched if need be.
    async fn text(&self, fetcher: &HyperTransport) -> Result<Arc<str>, String> {
        if let Source::Text(text) = &self.source {
            return Ok(Arc::clone(text));
        }
        let mut kept = self.kept.lock().await;
        if let Some(kept) = &*kept
            && kept.since.elapsed() < FRESH
        {
            return Ok(Arc::clone(&kept.text));
        }
        let text = match (self.fetch(fetcher).await, &*kept) {
            (Ok(text), _) => text.into(),
            (Err(_), Some(old)) => Arc::clone(&old.text),
            (Err(error), None) => return Err(format!("it cannot be fetched: {error}")),
        };
        *kept = Some(Kept { text: Arc::clone(&text), since: Instant::now() });
        Ok(text)
    }

    /// Boxed, for a transport that fetches the script of a transport has a
    /// type without an end.
    fn fetch(&self, fetcher: &HyperTransport) -> BoxFuture<'static, Result<String, String>> {
        match &self.source {
            Source::Url(uri) => Box::pin(download(fetcher.clone(), uri.clone())),
            Source::File(path) => Box::pin(read_file(path.clone())),
            Source::Text(text) => Box::pin(std::future::ready(Ok(text.to_string()))),
        }
    }
}

async fn read_file(path: PathBuf) -> Result<String, String> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = Vec::new();
        let file = crate::tls::open_file(&path)?;
        file.take(LIMIT as u64 + 1).read_to_end(&mut text)?;
        Ok(text)
    });
    let read: std::io::Result<Vec<u8>> = reading.await.map_err(|error| error.to_string())?;
    decode(read.map_err(|error| error.to_string())?)
}

async fn download(transport: HyperTransport, uri: Uri) -> Result<String, String> {
    let request = Request::get(uri).body(RequestBody::from_bytes(Bytes::new()));
    let request = request.map_err(|error| error.to_string())?;
    let answer = transport.send(request, Instant::now() + PATIENCE).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status() != StatusCode::OK {
        return Err(format!("the server answered {}", answer.status()));
    }
    let mut body = answer.into_body();
    let mut text = Vec::new();
    while let Some(chunk) = body.chunk().await {
        text.extend_from_slice(&chunk.map_err(|error| error.to_string())?);
        if text.len() > LIMIT {
            break;
        }
    }
    decode(text)
}

fn decode(text: Vec<u8>) -> Result<String, String> {
    if text.len() > LIMIT {
        return Err(format!("it is longer than {LIMIT} bytes"));
    }
    // Scripts of old are in the one or other code of one byte a character,
    // and only in their comments.
    Ok(String::from_utf8_lossy(&text).into_owned())
}

impl fmt::Debug for ProxyScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Text(_) => "text".to_owned(),
            Source::File(path) => path.display().to_string(),
            Source::Url(uri) => shown_url(uri),
        };
        f.debug_struct("ProxyScript").field("source", &source).finish_non_exhaustive()
    }
}
