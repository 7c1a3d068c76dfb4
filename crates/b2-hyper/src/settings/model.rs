//! All settings of the connection, typed, and by name.

use serde::{Deserialize, Serialize};

use super::error::SettingError;
use super::refused::{READ_ONLY, REFUSED};
use super::text::{Hidden, Text, Timeout};

/// One setting: how it is called, read and changed.
struct Setting {
    names: &'static [&'static str],
    show: fn(&Settings) -> String,
    change: fn(&mut Settings, &str) -> Result<(), SettingError>,
}

macro_rules! settings {
    ($($(#[$meta:meta])* $field:ident: $kind:ty = $default:expr, $first:literal $(| $other:literal)*;)*) => {
        /// All settings of the connection.
        ///
        /// Each can be set and read by its name, in the forms that
        /// configuration strings have, or through its field. Serde writes
        /// everything but passwords and tokens, and reads those too.
        ///
        /// ```
        /// use b2_hyper::settings::Settings;
        ///
        /// let mut settings = Settings::default();
        /// settings.apply("SSLEnabledProtocols=12288")?;
        /// settings.set("ProxyServer", "proxy.example")?;
        /// assert_eq!(settings.get("sslenabledprotocols")?, "12288");
        /// assert_eq!(settings.proxy_server, "proxy.example");
        /// let transport = settings.builder()?.build()?;
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[non_exhaustive]
        pub struct Settings {
            $($(#[$meta])* pub $field: $kind,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        const SETTINGS: &[Setting] = &[$(Setting {
            names: &[$first $(, $other)*],
            show: |settings| Text::show(&settings.$field),
            change: |settings, text| {
                let expected = <$kind as Text>::EXPECTED;
                let value = <$kind as Text>::read(text);
                settings.$field = value.ok_or(SettingError::Value { name: $first, expected })?;
                Ok(())
            },
        },)*];
    };
}

settings! {
    /// Whether proxies of the environment are used.
    proxy_auto_detect: bool = false, "ProxyAutoDetect" | "proxy_auto_detect";
    /// Whether `proxy_auto_config_url` counts if proxies are detected.
    use_proxy_auto_config_url: bool = true, "UseProxyAutoConfigURL";
    /// Where the script is that chooses proxies, an `http`, `https` or `file`
    /// URL; empty for what the environment says in `auto_proxy`.
    proxy_auto_config_url: String = String::new(), "ProxyAutoConfigURL";
    /// The name or address of an HTTP proxy; empty for none.
    proxy_server: String = String::new(), "ProxyServer" | "proxy_server";
    /// Its port.
    proxy_port: u16 = 80, "ProxyPort" | "proxy_port";
    /// Who asks it.
    proxy_user: String = String::new(), "ProxyUser" | "proxy_user";
    /// The password of that user.
    #[serde(skip_serializing)]
    proxy_password: Hidden = Hidden::default(), "ProxyPassword" | "proxy_password";
    /// 0 Basic, 1 Digest, 2 the token of `ProxyAuthorization`, 3 none, 4 NTLM.
    proxy_auth_scheme: u32 = 0, "ProxyAuthScheme" | "proxy_auth_scheme";
    /// 0 automatic, 1 TLS to the proxy, 2 no TLS to the proxy, 3 always a tunnel.
    proxy_ssl: u32 = 0, "ProxySSL" | "proxy_ssl";
    /// The value of `Proxy-Authorization` as it is.
    #[serde(skip_serializing)]
    proxy_authorization: Hidden = Hidden::default(), "ProxyAuthorization";
    /// Hosts that are reached without a proxy, separated by semicolons.
    proxy_exceptions_list: String = String::new(), "ProxyExceptionsList";
    /// 0 none, 1 a tunnel, 2 SOCKS 4, 3 SOCKS 5, 10 SOCKS 4A.
    firewall_type: u32 = 0, "FirewallType" | "firewall_type";
    /// The name or address of the firewall.
    firewall_host: String = String::new(), "FirewallHost" | "firewall_host";
    /// Its port; 0 is the usual one of its type.
    firewall_port: u16 = 0, "FirewallPort" | "firewall_port";
    /// Who asks it.
    firewall_user: String = String::new(), "FirewallUser" | "firewall_user";
    /// The password of that user.
    #[serde(skip_serializing)]
    firewall_password: Hidden = Hidden::default(), "FirewallPassword" | "firewall_password";
    /// More headers for the firewall, if it is a tunnel.
    #[serde(skip_serializing)]
    firewall_data: Hidden = Hidden::default(), "FirewallData";
    /// The local address to connect from, or a name of it.
    local_host: String = String::new(), "LocalHost" | "local_host";
    /// The local port to connect from; 0 lets the system choose.
    local_port: u16 = 0, "LocalPort";
    /// 0 IPv4, 1 IPv6, 2 IPv6 and then IPv4; any other number is what the
    /// system prefers, which is the default here.
    use_ipv6: u32 = 3, "UseIPv6";
    /// Whether the system asks idle peers whether they are still there.
    tcp_keep_alive: bool = false, "TCPKeepAlive";
    /// Silence before the first question, in milliseconds; 0 as the system has it.
    keep_alive_time: u64 = 0, "KeepAliveTime";
    /// Time between two questions, in milliseconds; 0 as the system has it.
    keep_alive_interval: u64 = 0, "KeepAliveInterval";
    /// Whether the system delivers what is unsent when a connection is closed.
    linger: bool = true, "Linger";
    /// For how long, in seconds; 0 as the system has it.
    linger_time: u64 = 0, "LingerTime";
    /// Whether each piece is sent at once; yes by default here.
    tcp_no_delay: bool = true, "TcpNoDelay";
    /// Bytes of the system's incoming queue; 0 as the system has it.
    in_buffer_size: u64 = 0, "InBufferSize";
    /// Bytes of the system's outgoing queue; 0 as the system has it.
    out_buffer_size: u64 = 0, "OutBufferSize";
    /// Bytes sent each second at the most; 0 is no limit.
    max_transfer_rate: u64 = 0, "MaxTransferRate";
    /// The longest silence in seconds, or the longest time of a request if
    /// `AbsoluteTimeout` is set; 0 is none. It holds for connecting, too, and
    /// for the wait for an answer. Unless it is set it reads as 60, but 20
    /// seconds are enough to connect, and between a request and its answer only
    /// the deadline counts, for B2 may take its time.
    timeout: Timeout = Timeout::default(), "Timeout" | "timeout";
    /// The longest time for a connection in seconds; 0 is that of `timeout`.
    connection_timeout: u64 = 0, "ConnectionTimeout";
    /// Whether `timeout` is for the whole request.
    absolute_timeout: bool = false, "AbsoluteTimeout";
    /// `1.0`, `1.1` or `2.0`.
    http_version: String = "1.1".to_owned(), "HTTPVersion";
    /// Whether a server without HTTP/2 may be spoken to in 1.1.
    allow_http_fallback: bool = true, "AllowHTTPFallback";
    /// Whether connections are used again; yes by default here.
    keep_alive: bool = true, "KeepAlive";
    /// The program that says it is asking; empty for what the caller says.
    user_agent: String = String::new(), "UserAgent";
    /// The value of `Authorization` in place of the caller's.
    #[serde(skip_serializing)]
    authorization: Hidden = Hidden::default(), "Authorization";
    /// Further headers, a line each.
    #[serde(skip_serializing)]
    other_headers: Hidden = Hidden::default(), "OtherHeaders" | "other_headers";
    /// Headers of HTTP/2 that no table keeps, separated by commas.
    http2_headers_without_indexing: String = String::new(), "HTTP2HeadersWithoutIndexing";
    /// A date of HTTP; GET and HEAD ask for what was changed since then.
    if_modified_since: String = String::new(), "IfModifiedSince";
    /// Whether documents may come compressed; no by default here.
    allow_http_compression: bool = false, "AllowHTTPCompression";
    /// In which forms.
    accept_encoding: String = "gzip, deflate".to_owned(), "AcceptEncoding";
    /// Which redirects are followed: 0 none, 1 all, 2 those within a scheme.
    follow_redirects: u32 = 0, "FollowRedirects" | "follow_redirects";
    /// How many of them one after the other.
    max_redirect_attempts: u64 = 20, "MaxRedirectAttempts";
    /// Whether a status of 302 asks for a GET.
    get_on_302_redirect: bool = false, "GetOn302Redirect";
    /// 0 nothing, 1 info, 2 verbose, 3 debug.
    log_level: u32 = 1, "LogLevel" | "log_level";
    /// Whether requests and answers are kept as they are on the wire.
    transferred_request: bool = false, "TransferredRequest";
    /// How much of each answer is kept, in bytes; 0 is 1 MiB.
    transferred_data_limit: u64 = 0, "TransferredDataLimit";
    /// Versions of TLS as a sum: 3072 is 1.2, 12288 is 1.3; with the feature
    /// `openssl` 192 is 1.0 and 768 is 1.1, which are broken.
    ssl_enabled_protocols: u32 = 15360, "SSLEnabledProtocols";
    /// Names of cipher suites separated by semicolons; `*` is all.
    ssl_enabled_cipher_suites: String = "*".to_owned(), "SSLEnabledCipherSuites";
    /// The shortest key of a cipher, in bits.
    ssl_cipher_strength: u16 = 0, "SSLCipherStrength";
    /// Groups of the key exchange of TLS 1.3; empty for those of rustls.
    tls13_supported_groups: String = String::new(), "TLS13SupportedGroups";
    /// Groups of the key exchange of TLS 1.2; empty for those of rustls.
    tls12_supported_groups: String = String::new(), "TLS12SupportedGroups";
    /// Signature algorithms of TLS 1.3; empty for those of rustls.
    tls13_signature_algorithms: String = String::new(), "TLS13SignatureAlgorithms";
    /// Signature algorithms of TLS 1.2; empty for those of rustls.
    tls12_signature_algorithms: String = String::new(), "TLS12SignatureAlgorithms";
    /// Whether sessions are resumed.
    reuse_ssl_session: bool = true, "ReuseSSLSession";
    /// A file that the secrets of sessions are appended to.
    ssl_key_log_file: String = String::new(), "SSLKeyLogFile";
    /// Conditions of certificates that are not looked at; each is a danger.
    ssl_security_flags: u32 = 0, "SSLSecurityFlags";
    /// Root certificates in PEM that are trusted too.
    ssl_server_ca_certs: String = String::new(), "SSLServerCACerts";
    /// Files of root certificates separated by semicolons, in place of those
    /// of the system; those that are not there are left out, but one has to be.
    ssl_ca_cert_file_paths: String = String::new(), "SSLCACertFilePaths";
    /// A file of root certificates that are trusted too.
    openssl_ca_file: String = String::new(), "OpenSSLCAFile";
    /// A folder of root certificates that are trusted too; OpenSSL finds them
    /// by the hashes of their subjects, rustls takes them all.
    openssl_ca_dir: String = String::new(), "OpenSSLCADir";
    /// Certificates of authorities in PEM that are shown with the own one.
    ssl_ca_certs: String = String::new(), "SSLCACerts";
    /// The store of the own certificate: a file, or its content.
    #[serde(skip_serializing)]
    ssl_cert_store: Hidden = Hidden::default(), "SSLCertStore" | "ssl_cert_store";
    /// The kind of that store.
    ssl_cert_store_type: u32 = 99, "SSLCertStoreType" | "ssl_cert_store_type";
    /// Its password.
    #[serde(skip_serializing)]
    ssl_cert_store_password: Hidden = Hidden::default(), "SSLCertStorePassword" | "ssl_cert_store_password";
    /// The subject of the certificate in it; `*` is the first with a key.
    ssl_cert_subject: String = "*".to_owned(), "SSLCertSubject" | "ssl_cert_subject";
    /// A certificate in PEM that is accepted whatever is wrong with it.
    ssl_accept_server_cert_encoded: String = String::new(), "SSLAcceptServerCert" | "ssl_accept_server_cert_encoded";
    /// The store of a certificate or public key that is accepted whatever is
    /// wrong with it: a file, or its content.
    #[serde(skip_serializing)]
    ssl_accept_server_cert_store: Hidden = Hidden::default(), "SSLAcceptServerCertStore" | "ssl_accept_server_cert_store";
    /// The kind of that store.
    ssl_accept_server_cert_store_type: u32 = 99, "SSLAcceptServerCertStoreType" | "ssl_accept_server_cert_store_type";
    /// Its password.
    #[serde(skip_serializing)]
    ssl_accept_server_cert_store_password: Hidden = Hidden::default(), "SSLAcceptServerCertStorePassword" | "ssl_accept_server_cert_store_password";
    /// The subject of the certificate in it; `*` is the first.
    ssl_accept_server_cert_subject: String = "*".to_owned(), "SSLAcceptServerCertSubject" | "ssl_accept_server_cert_subject";
    /// Whether lists of revoked certificates are fetched: 0 no, 1 where the
    /// server's certificate names some, 2 it has to.
    ssl_check_crl: u32 = 0, "SSLCheckCRL";
    /// Whether responders are asked about revocation: 0 no, 1 where the
    /// server's certificate names some, 2 it has to.
    ssl_check_ocsp: u32 = 0, "SSLCheckOCSP";
    /// Whether an observer hears of each TLS record.
    log_ssl_packets: bool = false, "LogSSLPackets";
    /// Groups of which the first that can be had and is offered gets a key
    /// before the handshake; empty for the first that is offered.
    tls13_key_share_groups: String = String::new(), "TLS13KeyShareGroups";
    /// The own certificate in PEM, if the store has only its key.
    ssl_cert_encoded: String = String::new(), "SSLCertEncoded" | "ssl_cert_encoded";
    /// A cipher list of OpenSSL for versions before TLS 1.3; empty for its
    /// default.
    openssl_cipher_list: String = String::new(), "OpenSSLCipherList";
    /// 0 rustls, or OpenSSL where only that can do it; 1 OpenSSL, with the
    /// feature `openssl`; 2 rustls.
    ssl_provider: u32 = 0, "SSLProvider" | "ssl_provider";
}

impl Settings {
    /// Changes a setting by its name, whatever its case.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unknown`] for a name that is none,
    /// [`SettingError::Value`] for a text that does not fit, and
    /// [`SettingError::Unsupported`] for what cannot be had here. Nothing is
    /// changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        if let Some(setting) = find(name) {
            let mut changed = self.clone();
            (setting.change)(&mut changed, value)?;
            changed.check()?;
            *self = changed;
            return Ok(());
        }
        if let Some((known, because)) = listed(REFUSED, name) {
            return Err(SettingError::unsupported(known, because));
        }
        if let Some((known, because)) = listed(READ_ONLY, name) {
            return Err(SettingError::unsupported(known, because));
        }
        Err(SettingError::unknown("setting", name))
    }

    /// A setting by its name, whatever its case. Passwords and tokens are
    /// shown as `..`.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn get(&self, name: &str) -> Result<String, SettingError> {
        if let Some(setting) = find(name) {
            return Ok((setting.show)(self));
        }
        match listed(REFUSED, name).or_else(|| listed(READ_ONLY, name)) {
            Some((known, because)) => Err(SettingError::unsupported(known, because)),
            None => Err(SettingError::unknown("setting", name)),
        }
    }

    /// Changes a setting by `Name=Value`, and gives what it is then; `Name`
    /// alone only reads it.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn apply(&mut self, text: &str) -> Result<String, SettingError> {
        if let Some((name, value)) = text.split_once('=') {
            self.set(name.trim(), value)?;
            return self.get(name.trim());
        }
        self.get(text.trim())
    }

    /// The names of all settings.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SETTINGS.iter().map(|setting| setting.names[0])
    }
}

fn find(name: &str) -> Option<&'static Setting> {
    let called =
        |setting: &&Setting| setting.names.iter().any(|own| own.eq_ignore_ascii_case(name));
    SETTINGS.iter().find(called)
}

fn listed(
    list: &'static [(&'static str, &'static str)],
    name: &str,
) -> Option<(&'static str, &'static str)> {
    list.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).copied()
}
