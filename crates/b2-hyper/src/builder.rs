//! Choices about a transport.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::capture::{Capture, Transcript};
use crate::connect::{Addresses, Connector, Dialer, Family, SocketOptions};
use crate::error::BuildError;
use crate::http::request::Manner;
use crate::http::{Decompression, HeaderOverrides, HttpVersion, Redirects};
use crate::observe::{Log, LogLevel, LogLine, Observer, Observers};
use crate::pace::RateLimit;
use crate::pool::{Limits, Pool};
use crate::proxy::{Chain, Proxy, ProxyRules};
use crate::tls::{TlsObserver, TlsSettings};
use crate::transport::{HyperTransport, Shared};
use crate::url_policy::UrlPolicy;

/// Makes a [`HyperTransport`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    connect_timeout: Duration,
    inactivity_timeout: Duration,
    silence_before_head: bool,
    limits: Limits,
    family: Family,
    addresses: Addresses,
    options: SocketOptions,
    head_start: Duration,
    tls: TlsSettings,
    proxy: ProxyRules,
    firewall: Option<Proxy>,
    send_limit: Option<RateLimit>,
    receive_limit: Option<RateLimit>,
    total_timeout: Option<Duration>,
    urls: Option<UrlPolicy>,
    version: HttpVersion,
    headers: HeaderOverrides,
    redirects: Redirects,
    decompression: Option<Decompression>,
    capture: Option<Capture>,
    observers: Observers,
    log_level: LogLevel,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(20),
            inactivity_timeout: Duration::from_secs(60),
            silence_before_head: true,
            limits: Limits {
                idle_timeout: Duration::from_secs(60),
                max_idle_per_host: 16,
                max_connections: usize::MAX,
                max_age: Duration::MAX,
            },
            family: Family::default(),
            addresses: Addresses::default(),
            options: SocketOptions::default(),
            head_start: Duration::from_millis(250),
            tls: TlsSettings::default(),
            proxy: ProxyRules::none(),
            firewall: None,
            send_limit: None,
            receive_limit: None,
            total_timeout: None,
            urls: None,
            version: HttpVersion::default(),
            headers: HeaderOverrides::new(),
            redirects: Redirects::never(),
            decompression: None,
            capture: None,
            observers: Observers::default(),
            log_level: LogLevel::default(),
        }
    }
}

impl Builder {
    /// The longest time for name, TCP and TLS together; 20 seconds unless
    /// told. A shorter one gives up on slow networks, a longer one waits
    /// longer for servers that are gone.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The longest time without a byte in either direction while a body
    /// moves; 60 seconds unless told. It counts while the body of the request
    /// is not ready to be read, too, but not while nobody asks for the body
    /// of the answer. Between the two bodies only the deadline counts, unless
    /// [`with_silence_before_head`](Self::with_silence_before_head) says
    /// otherwise.
    pub fn with_inactivity_timeout(mut self, timeout: Duration) -> Self {
        self.inactivity_timeout = timeout;
        self
    }

    /// Whether there may be any silence between the request and the head of
    /// its answer; yes unless told. Otherwise the inactivity timeout counts
    /// there, too, which finds a dead server sooner, but gives up calls that
    /// take B2 long, such as those that copy large files.
    pub fn with_silence_before_head(mut self, allowed: bool) -> Self {
        self.silence_before_head = allowed;
        self
    }

    /// How long a connection is kept for the next request; 60 seconds unless
    /// told. A longer time saves handshakes but meets servers that are about
    /// to hang up; zero keeps none.
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = timeout;
        self
    }

    /// How many connections to one host are kept for the next request; 16
    /// unless told. It does not limit the connections in use; zero keeps none.
    pub fn with_max_idle_per_host(mut self, connections: usize) -> Self {
        self.limits.max_idle_per_host = connections;
        self
    }

    /// How many connections there may be at a time, idle ones and others, to
    /// all hosts together; any number unless told, and at least one. A request
    /// that finds no place waits for one, no longer than until its deadline,
    /// and idle connections to other hosts make room for it. A download that
    /// is not read holds its place.
    pub fn with_max_connections(mut self, connections: usize) -> Self {
        self.limits.max_connections = connections.max(1);
        self
    }

    /// How old a connection may be to be used for another request; any age
    /// unless told. It is not closed while a request runs. A shorter age
    /// follows changes of addresses sooner and costs more handshakes.
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.limits.max_age = age;
        self
    }

    /// Also trusts the certificates in `pem`, for example that of an emulator.
    pub fn with_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.tls = self.tls.with_root_certificates_pem(pem);
        self
    }

    /// Whether to trust the root certificates of the operating system, on
    /// Unix those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name; yes unless
    /// told, and never without the feature `platform-roots`.
    pub fn with_platform_roots(mut self, trust: bool) -> Self {
        self.tls = self.tls.with_platform_roots(trust);
        self
    }

    /// Tells `observer` each step of each TLS handshake, and each record if
    /// the settings of TLS want that.
    pub fn with_tls_observer(mut self, observer: impl TlsObserver) -> Self {
        self.tls = self.tls.with_observer(observer);
        self
    }

    /// Everything about TLS at once, in place of what was said before.
    pub fn with_tls(mut self, tls: TlsSettings) -> Self {
        self.tls = tls;
        self
    }

    /// Which addresses of a name are tried, and which first.
    pub fn with_family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// The addresses of a name, in the order in which they are to be tried, in
    /// place of what the system's resolver says of it: for a server that has no
    /// name yet, or is to be reached by another way. TLS and the `Host` header
    /// keep to the name. It concerns whatever is dialled from here, not what a
    /// proxy is told.
    pub fn with_addresses(
        mut self,
        host: impl AsRef<str>,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Self {
        self.addresses.insert(host.as_ref(), addresses.into_iter().collect());
        self
    }

    /// How long the first family of addresses is tried alone; 250 ms unless
    /// told. See [`Dialer::with_head_start`].
    pub fn with_head_start(mut self, head_start: Duration) -> Self {
        self.head_start = head_start;
        self
    }

    /// Which requests go through which proxy; none unless told, whatever the
    /// environment says (see [`ProxyRules::from_environment`]).
    pub fn with_proxy(mut self, rules: ProxyRules) -> Self {
        self.proxy = rules;
        self
    }

    /// A proxy that every connection has to pass first, even that to another
    /// proxy. An HTTP proxy has to open a tunnel then, whatever the URL.
    pub fn with_firewall(mut self, firewall: Proxy) -> Self {
        self.firewall = Some(firewall.with_tunnel(true));
        self
    }

    /// A limit on what all connections send together.
    pub fn with_send_limit(mut self, limit: RateLimit) -> Self {
        self.send_limit = Some(limit);
        self
    }

    /// A limit on what all connections receive together. What the system has
    /// taken already is not held back.
    pub fn with_receive_limit(mut self, limit: RateLimit) -> Self {
        self.receive_limit = Some(limit);
        self
    }

    /// The longest time for a request and its answer together, beside the
    /// deadline of each; none unless told.
    pub fn with_total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// Which URLs requests may be sent to; any unless told. A request that
    /// bears the mark [`ChosenByUser`](b2_core::mark::ChosenByUser) may go
    /// anywhere, but not where a redirect of its answer leads.
    pub fn with_url_policy(mut self, policy: UrlPolicy) -> Self {
        self.urls = Some(policy);
        self
    }

    /// As [`with_url_policy`](Self::with_url_policy), unless that has been or
    /// will be told.
    pub fn with_default_url_policy(mut self, policy: UrlPolicy) -> Self {
        self.urls = self.urls.or(Some(policy));
        self
    }

    /// Which redirects are followed; none unless told.
    pub fn with_redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }

    /// Whether answers may come compressed; no unless told.
    pub fn with_decompression(mut self, decompression: Decompression) -> Self {
        self.decompression = Some(decompression);
        self
    }

    /// Keeps requests and answers as they are on the wire, credentials
    /// included.
    pub fn with_capture(mut self, capture: Capture) -> Self {
        self.capture = Some(capture);
        self
    }

    /// Who gets what the [`with_capture`](Self::with_capture) that was told
    /// before keeps, as [`Capture::with_transcripts`] has it; nobody if nothing
    /// is kept.
    pub fn with_transcripts(
        mut self,
        take: impl Fn(Arc<Transcript>) + Send + Sync + 'static,
    ) -> Self {
        self.capture = self.capture.map(|capture| capture.with_transcripts(take));
        self
    }

    /// Who hears what happens; given several times, all of them.
    pub fn with_observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Where lines of a log go, at the level of
    /// [`with_log_level`](Self::with_log_level) that is told before.
    pub fn with_log(self, write: impl Fn(LogLine) + Send + Sync + 'static) -> Self {
        let level = self.log_level;
        if level == LogLevel::None {
            return self;
        }
        self.with_observer(Log::new(level, write))
    }

    /// How much is logged by a [`with_log`](Self::with_log) that is told
    /// later; [`LogLevel::Info`] unless told.
    pub fn with_log_level(mut self, level: LogLevel) -> Self {
        self.log_level = level;
        self
    }

    /// The version of HTTP; 1.1 unless told, which is what B2 speaks with
    /// every known client.
    pub fn with_http_version(mut self, version: HttpVersion) -> Self {
        self.version = version;
        self
    }

    /// Headers that every request gets.
    pub fn with_headers(mut self, headers: HeaderOverrides) -> Self {
        self.headers = headers;
        self
    }

    /// What is set on every socket.
    pub fn with_socket_options(mut self, options: SocketOptions) -> Self {
        self.options = options;
        self
    }

    /// As this connects, but without a proxy, and with nothing that is for
    /// requests.
    #[cfg(feature = "pac")]
    fn plain(&self) -> Self {
        Self {
            connect_timeout: self.connect_timeout,
            family: self.family,
            addresses: self.addresses.clone(),
            // A port serves one connection at a time.
            options: self.options.clone().with_local_port(0),
            head_start: self.head_start,
            firewall: self.firewall.clone(),
            ..Self::default()
        }
    }

    /// Makes the transport. Root certificates that were given are read now;
    /// those of the system at the first `https` connection, and never again.
    ///
    /// # Errors
    ///
    /// If a certificate that was given cannot be read. It is not an error to
    /// have none: then `https` URLs fail.
    pub fn build(self) -> Result<HyperTransport, BuildError> {
        let firewalled = self.firewall.is_some();
        #[cfg(feature = "pac")]
        let chain = {
            let chain = Chain::new(self.firewall.as_ref(), self.proxy.clone());
            chain.with_fetcher(self.plain())?
        };
        #[cfg(not(feature = "pac"))]
        let chain = Chain::new(self.firewall.as_ref(), self.proxy);
        let dialer = Dialer::new()
            .with_family(self.family)
            .with_known_addresses(self.addresses)
            .with_options(self.options)
            .with_head_start(self.head_start)
            .with_patience(self.connect_timeout);
        let mut proxy_tls = self.tls.clone().without_identity().with_alpn([b"http/1.1".to_vec()]);
        if firewalled {
            proxy_tls = proxy_tls.with_nobody_to_ask();
        }
        let tls = self.tls.with_alpn(self.version.alpn());
        let tls = tls.with_usual_signing_timeout(self.connect_timeout);
        let connector = Connector {
            dialer,
            chain,
            proxy_tls: proxy_tls.build()?,
            tls: tls.build()?,
            version: self.version,
            timeout: self.connect_timeout,
            send_limit: self.send_limit,
            receive_limit: self.receive_limit,
        };
        Ok(HyperTransport::assemble(Shared {
            pool: Arc::new(Pool::new(self.limits)),
            connector,
            inactivity: self.inactivity_timeout,
            silence_before_head: self.silence_before_head,
            total: self.total_timeout,
            urls: self.urls.unwrap_or_default(),
            manner: Manner {
                headers: self.headers,
                decompression: self.decompression,
                observers: self.observers,
            },
            redirects: self.redirects,
            capture: self.capture,
            interrupt: Arc::default(),
        }))
    }
}
