//! How a client on hyper connects.

use std::sync::Arc;

use b2_hyper::capture::Transcript;
use b2_hyper::observe::LogLine;
use b2_hyper::settings::{SettingError, Settings};
use b2_hyper::tls::{TlsEvent, TlsObserver};
use b2_hyper::{Builder, HyperTransport, UrlPolicy};

use super::{BuildError, ClientBuilder, Config};

type Write = Arc<dyn Fn(LogLine) + Send + Sync>;
type Take = Arc<dyn Fn(Arc<Transcript>) + Send + Sync>;

/// What was said about connections.
#[derive(Default)]
pub(super) struct Connections {
    whole: Option<Builder>,
    settings: Settings,
    root_certificates: Vec<u8>,
    log: Option<Write>,
    tls_observer: Option<Arc<dyn TlsObserver>>,
    transcripts: Option<Take>,
    allowed_hosts: Vec<String>,
}

impl Connections {
    /// What `Timeout` says to who watches over whole calls: a silence that the
    /// transport allows is not cut short there.
    pub(super) fn patient(&self, config: Config) -> Config {
        match self.settings.patience() {
            Some(silence) => {
                let timeouts = config.timeouts().clone().with_patience(silence);
                config.with_timeouts(timeouts)
            }
            None => config,
        }
    }

    /// Whether something was said that only a transport of ours follows.
    pub(super) fn has_settings(&self) -> bool {
        self.settings != Settings::default() || !self.allowed_hosts.is_empty()
    }

    /// Whether something was said that gets lost with another transport. What `Timeout` says to
    /// whole calls, it says with any.
    pub(super) fn needs_ours(&self) -> bool {
        let mut held = Settings::default();
        held.timeout.clone_from(&self.settings.timeout);
        self.settings != held
            || self.whole.is_some()
            || !self.allowed_hosts.is_empty()
            || !self.root_certificates.is_empty()
    }

    /// A transport whose server is at `realm`.
    pub(super) fn build(&self, realm: &str) -> Result<HyperTransport, BuildError> {
        let set = self.has_settings();
        let mut builder = match &self.whole {
            Some(_) if set => return Err(BuildError::TwoConfigurations),
            Some(whole) => whole.clone(),
            None => self.settings.builder().map_err(|error| BuildError::Settings(error.into()))?,
        };
        if !self.root_certificates.is_empty() {
            builder = builder.with_root_certificates_pem(&self.root_certificates);
        }
        if let Some(write) = &self.log {
            let write = Arc::clone(write);
            builder = builder.with_log(move |line| write(line));
        }
        if let Some(observer) = &self.tls_observer {
            let observer = Arc::clone(observer);
            builder = builder.with_tls_observer(move |event: &TlsEvent| observer.observe(event));
        }
        if let Some(take) = &self.transcripts {
            let take = Arc::clone(take);
            builder = builder.with_transcripts(move |transcript| take(transcript));
        }
        let around = UrlPolicy::around(realm);
        let allow = |policy: UrlPolicy, host: &String| policy.with_host(host);
        builder = builder.with_default_url_policy(self.allowed_hosts.iter().fold(around, allow));
        builder.build().map_err(|error| BuildError::Tls(Box::new(error)))
    }
}

impl ClientBuilder {
    /// Trusts these certificates (PEM) beside those of the system, for
    /// example an emulator's own.
    pub fn with_root_certificates_pem(mut self, pem: &[u8]) -> Self {
        self.connections.root_certificates.extend_from_slice(pem);
        self
    }

    /// Everything about connections: proxies, TLS, sockets, limits. See
    /// [`hyper`](crate::hyper).
    ///
    /// Unless it has a [`UrlPolicy`], it gets one: what B2 names in its
    /// answers, with credentials to be sent there, has to be in the domain of
    /// the realm, or a host of B2 over `https` (see [`UrlPolicy::around`]). A
    /// download URL of your own may be anywhere.
    pub fn with_hyper(mut self, connections: Builder) -> Self {
        self.connections.whole = Some(connections);
        self
    }

    /// Allows B2 to name this host and what is below it in its answers, beside
    /// what is around the realm (see [`UrlPolicy::around`]): credentials are
    /// sent there. It is a name or an address, without scheme and port; from a
    /// realm of `https` only `https` is followed. May be given several times,
    /// but not beside [`with_hyper`](Self::with_hyper), which takes a whole
    /// [`UrlPolicy`].
    ///
    /// For `https://api.b2.io` the rule allows that host alone, as strangers may
    /// have names in what could be a shared domain such as `co.uk`:
    ///
    /// ```
    /// use b2::{Client, Credentials};
    ///
    /// let client = Client::builder(Credentials::new("keyId", "key"))
    ///     .with_realm("https://api.b2.io")
    ///     .with_allowed_host("b2.io")
    ///     .build()?;
    /// # Ok::<(), b2::BuildError>(())
    /// ```
    pub fn with_allowed_host(mut self, host: &str) -> Self {
        // An empty name would be below every host that ends with a dot.
        if !host.is_empty() {
            self.connections.allowed_hosts.push(host.to_owned());
        }
        self
    }

    /// Changes a setting of the connection by `Name=Value`, and gives what it
    /// is then; `Name` alone only reads it. Passwords and tokens are shown as
    /// `..`. The names are those of [`Settings`].
    ///
    /// ```
    /// use b2::{Client, Credentials};
    ///
    /// let mut builder = Client::builder(Credentials::new("keyId", "key"));
    /// builder.config("ProxyServer=proxy.example")?;
    /// builder.config("Timeout=30")?;
    /// assert_eq!(builder.config("proxyserver")?, "proxy.example");
    /// let client = builder.build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SettingError`] for a name that is none, a text that does not fit, and
    /// what cannot be had here; nothing is changed then.
    pub fn config(&mut self, text: &str) -> Result<String, SettingError> {
        self.connections.settings.apply(text)
    }

    /// Where lines of a log of the connections go: URLs, heads, bodies,
    /// proxies, without any secret. How much it is, `LogLevel` of
    /// [`config`](Self::config) says, or the builder that was given whole.
    pub fn with_connection_log(mut self, write: impl Fn(LogLine) + Send + Sync + 'static) -> Self {
        self.connections.log = Some(Arc::new(write));
        self
    }

    /// Who hears of each step of TLS handshakes and, with `LogSSLPackets` of
    /// [`config`](Self::config), of each record; in place of the one of a
    /// builder that was given whole. It is called where things happen: return
    /// quickly.
    ///
    /// ```
    /// use b2::hyper::tls::TlsEvent;
    /// use b2::{Client, Credentials};
    ///
    /// let mut builder = Client::builder(Credentials::new("keyId", "key"))
    ///     .with_tls_observer(|event: &TlsEvent| eprintln!("TLS: {event}"));
    /// builder.config("LogSSLPackets=True")?;
    /// let client = builder.build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_tls_observer(mut self, observer: impl TlsObserver) -> Self {
        self.connections.tls_observer = Some(Arc::new(observer));
        self
    }

    /// Who gets requests and answers as they are on the wire, credentials
    /// included, if `TransferredRequest` of [`config`](Self::config) or a
    /// builder that was given whole has them kept.
    ///
    /// It is called when the head of an answer is there; the transcript grows
    /// while the body is read. Of a request 1 MiB is kept at the most, of an
    /// answer what `TransferredDataLimit` says, or 1 MiB. Each transcript that
    /// is held on to takes its memory.
    ///
    /// ```
    /// use b2::{Client, Credentials};
    ///
    /// let mut builder = Client::builder(Credentials::new("keyId", "key"))
    ///     .with_transcripts(|transcript| eprintln!("{}", transcript.received_headers()));
    /// builder.config("TransferredRequest=True")?;
    /// builder.config("TransferredDataLimit=4096")?;
    /// let client = builder.build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_transcripts(
        mut self,
        take: impl Fn(Arc<Transcript>) + Send + Sync + 'static,
    ) -> Self {
        self.connections.transcripts = Some(Arc::new(take));
        self
    }
}
